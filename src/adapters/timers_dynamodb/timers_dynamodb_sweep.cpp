// The start of watching, and the scan of the whole table that enters into the index what other
// programs armed, or what nobody waited for until now.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <utility>

#include "adapters/timers_dynamodb/calls.hpp"
#include "adapters/timers_dynamodb/statement.hpp"
#include "adapters/timers_dynamodb/timers_dynamodb.hpp"

namespace tocsin::timers_dynamodb {
namespace {

constexpr std::size_t kPage = 1'000;
constexpr std::size_t kWritesAtATime = 16;
constexpr Milliseconds kSweepAgain{60'000};  // after a failure

}  // namespace

struct TimersDynamoDb::Sweep {
  struct Write {
    const aws::Operation& operation;
    std::string json;
  };
  Instant began{};
  Instant window{};          // expiries of other programs' timers since then are told
  std::deque<Write> writes;  // of one page
  std::size_t in_flight = 0;
  std::string after;  // the next page; "" none
  bool failed = false;
  bool repeat = false;  // what is watched changed meanwhile
  std::uint64_t rows = 0;
  std::uint64_t strange = 0;
};

void TimersDynamoDb::watch(std::function<bool(std::string_view)> watched) {
  watched_ = std::move(watched);
  loop_.cancel(check_timer_);
  if (!watched_) {
    return;
  }
  opened_ = opened_.value_or(clock_.now());
  starting_ = true;
  begin_watching();
}

void TimersDynamoDb::begin_watching() {
  check_table([this](const Result<TableFacts>& facts) { table_checked(facts); });
}

void TimersDynamoDb::table_checked(const Result<TableFacts>& facts) {
  if (!watched_) {
    return;
  }
  const std::string problem = facts ? facts->problem : facts.error().message;
  if (!problem.empty() && problem != told_problem_) {
    logger_.warn(problem, {{"table", std::string_view(options_.table)}});
  }
  told_problem_ = problem;
  if (facts) {
    index_ = facts->usable && facts->index;
  }
  if (!facts || !*index_) {
    started();
    recheck_later();
    return;
  }
  sweep();
}

void TimersDynamoDb::recheck_later() {
  loop_.cancel(check_timer_);
  check_timer_ =
      loop_.call_at(clock_.mono_now() + options_.check_every, [this] { begin_watching(); });
}

// Who asked meanwhile what is due is answered.
void TimersDynamoDb::started() {
  starting_ = false;
  for (const auto& taking : std::exchange(waiting_, {})) {
    take(taking);
  }
}

void TimersDynamoDb::sweep() {
  if (sweep_ != nullptr) {
    sweep_->repeat = true;
    return;
  }
  sweep_ = std::make_shared<Sweep>();
  sweep_->began = clock_.now();
  sweep_->window = last_sweep_.value_or(sweep_->began - options_.sweep_every);
  sweep_page(sweep_, "");
}

void TimersDynamoDb::sweep_page(const std::shared_ptr<Sweep>& sweep, std::string_view after) {
  call(aws::operation::kScan, scan_statement(options_.table, "", after, kPage), deadline(),
       [this, sweep](const aws::ApiResult& result) { swept(sweep, result); });
}

void TimersDynamoDb::swept(const std::shared_ptr<Sweep>& sweep, const aws::ApiResult& result) {
  const auto page = result ? read_page(result->body)
                           : Result<ScanPage>(std::unexpected(error_of(result.error())));
  if (!page || !watched_) {
    sweep->failed = true;
    if (!page) {
      logger_.warn("expiries of timers that other programs armed are found later: " +
                   page.error().message);
    }
    end_sweep(*sweep);
    return;
  }
  sweep->rows += page->rows.size();
  sweep->strange += page->strange;
  sweep->after = page->last_id;
  for (const Row& row : page->rows) {
    sweep_row(*sweep, row);
  }
  sweep_writes(sweep);
}

void TimersDynamoDb::sweep_row(Sweep& sweep, const Row& row) {
  const Instant now = clock_.now();
  if (row.disarmed_ms) {
    if (row.version && from_unix_ms(*row.disarmed_ms) + kLatestRequest < now) {
      sweep.writes.push_back(
          {aws::operation::kDeleteItem, bury_statement(options_.table, row.id, *row.version)});
    }
    return;
  }
  if (row.due || !watched_(row.id) || (row.delivered() && !row.missed)) {
    return;
  }
  // What expired unwatched is not told later; what another program armed was just not known.
  const bool expired = now >= row.deadline();
  if (expired && !row.missed && !(row.foreign() && row.deadline() > sweep.window)) {
    return;
  }
  const std::int64_t due = row.missed ? row.start : row.start + row.seconds;
  sweep.writes.push_back(
      {aws::operation::kUpdateItem,
       index_statement(options_.table, {row.id, row.start, row.seconds}, due, std::nullopt)});
}

// All writes of a page, then the next page.
void TimersDynamoDb::sweep_writes(const std::shared_ptr<Sweep>& sweep) {
  while (!sweep->writes.empty() && sweep->in_flight < kWritesAtATime) {
    ++sweep->in_flight;
    Sweep::Write write = std::move(sweep->writes.front());
    sweep->writes.pop_front();
    call(write.operation, std::move(write.json), deadline(),
         [this, sweep](const aws::ApiResult& result) {
           if (!result && !condition_failed(result.error())) {
             (void)error_of(result.error());
             sweep->failed = true;
           }
           --sweep->in_flight;
           sweep_writes(sweep);
         });
  }
  if (sweep->in_flight != 0) {
    return;
  }
  if (sweep->after.empty()) {
    end_sweep(*sweep);
  } else {
    sweep_page(sweep, std::exchange(sweep->after, ""));
  }
}

void TimersDynamoDb::end_sweep(const Sweep& sweep) {
  const bool repeat = sweep.repeat;
  if (!sweep.failed) {
    last_sweep_ = sweep.began;
    stats_.timers = sweep.rows;
  }
  if (sweep.strange != 0) {
    logger_.warn("items of the table are no timers: StartTime or Seconds is missing or no number",
                 {{"table", std::string_view(options_.table)},
                  {"items", static_cast<std::int64_t>(sweep.strange)}});
  }
  const Milliseconds pause =
      sweep.failed ? std::min(kSweepAgain, options_.sweep_every) : options_.sweep_every;
  sweep_.reset();
  if (repeat && watched_) {
    this->sweep();
    return;
  }
  started();
  loop_.cancel(sweep_timer_);
  if (watched_) {
    sweep_timer_ = loop_.call_at(clock_.mono_now() + pause, [this] { this->sweep(); });
  }
}

}  // namespace tocsin::timers_dynamodb
