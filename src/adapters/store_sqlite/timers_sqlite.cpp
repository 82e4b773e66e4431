#include "adapters/store_sqlite/timers_sqlite.hpp"

#include <algorithm>
#include <charconv>

#include "adapters/store_sqlite/lock_file.hpp"
#include "adapters/store_sqlite/store_file.hpp"
#include "adapters/store_sqlite/timer_log.hpp"

namespace tocsin::store_sqlite {
namespace {

using namespace std::chrono_literals;
using ports::TimerPage;
using timer::Table;
using timer::Timer;

// How many timers one call looks at: the loop has others to serve.
constexpr Table::Number kListed = 20'000;
// All timers are looked at in half an hour, whether they may be forgotten.
constexpr Table::Number kSweeps = 1'800;
constexpr Table::Number kLeastSweep = 1'000;
constexpr Milliseconds kStoreLookedEvery = 60s;
// Timers that expired longer ago are handed out in any order.
constexpr std::chrono::hours kToldApart{24 * 30};

}  // namespace

TimersSqlite::TimersSqlite(ports::Loop& loop, const ports::Clock& clock,
                           TimersSqliteOptions options, Logger& logger,
                           const TimerWriter::Clock& stored)
    : loop_(loop),
      clock_(clock),
      options_(std::move(options)),
      logger_(logger),
      timeline_(clock.now(), clock.mono_now(), stored.lead),
      table_(options_.key, now() - kToldApart),
      changes_(0, HashId{options_.key}),
      looked_until_(stored.looked_until),
      stored_looked_(stored.looked_until),
      stored_lead_(stored.lead) {}

Result<std::unique_ptr<TimersSqlite>> TimersSqlite::open(ports::Loop& loop,
                                                         const ports::Clock& clock,
                                                         TimersSqliteOptions options,
                                                         Logger& logger) {
  options.path = real_path(options.path);
  auto lock = LockFile::acquire(options.path + ".lock");
  if (!lock) {
    return std::unexpected(std::move(lock).error());
  }
  if (auto made = make_file(options.path); !made) {
    return std::unexpected(std::move(made).error());
  }
  auto writer = TimerWriter::open(loop, options.path, options.vfs);
  if (!writer) {
    return std::unexpected(std::move(writer).error());
  }
  const auto stored = (*writer)->load_clock();
  if (!stored) {
    return std::unexpected(stored.error());
  }
  std::unique_ptr<TimersSqlite> store(
      new TimersSqlite(loop, clock, std::move(options), logger, *stored));
  store->lock_ = std::make_unique<LockFile>(std::move(*lock));
  store->writer_ = std::move(*writer);
  if (auto loaded = store->load(); !loaded) {
    return std::unexpected(std::move(loaded).error());
  }
  store->every_second();
  return store;
}

TimersSqlite::~TimersSqlite() {
  loop_.cancel(tick_);
  loop_.cancel(hold_);
  *alive_ = false;
  if (!writer_) {
    return;
  }
  // The job that runs ends first; its group is not told, but it counts for the next.
  if (busy_) {
    static_cast<void>(writer_->write_last({}));
    take_over();
  }
  changes_.clear();
  writing_ = std::move(gathering_);
  TimerWriter::Job last = make_job();
  last.clock = stored_clock();
  last.read_oldest = 0;
  if (const auto done = writer_->write_last(last); !done.result) {
    logger_.warn("the timers' store could not be closed in order",
                 {{"error", done.result.error().message}});
  }
}

Result<void> TimersSqlite::load() {
  return writer_->load(
      [this, now_then = now()](std::string_view entries) { return load_row(entries, now_then); });
}

Result<void> TimersSqlite::load_row(std::string_view entries, Instant now) {
  TimerLogReader reader(entries);
  while (true) {
    auto entry = reader.next();
    if (!entry) {
      return std::unexpected(std::move(entry).error());
    }
    if (!*entry) {
      return {};
    }
    ++logged_;
    const auto& e = **entry;
    const bool forgotten =
        e.gone || now - (e.start + std::chrono::seconds{e.seconds}) >= options_.keep_expired;
    if (forgotten) {
      if (const auto number = table_.find(e.id); number != Table::kNone) {
        table_.erase(number);
      }
    } else if (e.plain()) {
      table_.put(e.id, e.start, e.seconds);
    } else {
      table_.put(e.timer());
    }
  }
}

ports::TimerStore::Time TimersSqlite::time() { return {now(), timeline_.lead()}; }

void TimersSqlite::find(std::string_view id, Answer<std::optional<Timer>> answer) {
  const auto number = table_.find(id);
  if (number == Table::kNone || now() - table_.deadline(number) >= options_.keep_expired) {
    answer(std::optional<Timer>{});
    return;
  }
  answer(std::optional<Timer>{table_.get(number)});
}

void TimersSqlite::list(ports::TimerQuery query, Answer<TimerPage> answer) {
  Table::Number at = 0;
  const char* end = query.cursor.data() + query.cursor.size();
  if (const auto [stop, error] = std::from_chars(query.cursor.data(), end, at);
      !query.cursor.empty() && (error != std::errc{} || stop != end)) {
    answer(fail(ErrorCode::invalid, "the cursor is not one of ours"));
    return;
  }
  TimerPage page;
  const Instant now_then = now();
  const Table::Number last = std::min(table_.end(), at + kListed);
  for (; at < last && page.timers.size() < query.limit; ++at) {
    if (table_.used(at) && table_.id(at).starts_with(query.prefix) &&
        now_then - table_.deadline(at) < options_.keep_expired) {
      page.timers.push_back(table_.get(at));
    }
  }
  if (at < table_.end()) {
    page.next = std::to_string(at);
  }
  answer(std::move(page));
}

ports::TimerStore::Stats TimersSqlite::stats() const {
  Stats out = stats_;
  out.timers = table_.size();
  return out;
}

void TimersSqlite::every_second() {
  tick_ = loop_.call_at(clock_.mono_now() + 1s, [this] { every_second(); });
  const Instant now_then = now();
  const bool stepped = timeline_.observe(clock_.now(), clock_.mono_now());
  sweep(now_then);
  // Nothing waits to be taken: whatever expired until now was handed out, or nobody wanted it.
  if (watched_ && unrecovered_.empty() && table_.next_due().value_or(Instant::max()) > now_then) {
    note_looked(now_then);
  }
  const bool looked = watched_ && looked_until_ - stored_looked_ >= kStoreLookedEvery;
  if ((stepped || looked) && !busy_) {
    write_group();
  }
}

void TimersSqlite::sweep(Instant now) {
  const Table::Number count = std::max(kLeastSweep, table_.end() / kSweeps);
  for (Table::Number i = 0; i < std::min(count, table_.end()); ++i) {
    swept_ = swept_ + 1 < table_.end() ? swept_ + 1 : 0;
    if (table_.used(swept_) && now - table_.deadline(swept_) >= options_.keep_expired) {
      forget(swept_);
    }
  }
}

}  // namespace tocsin::store_sqlite
