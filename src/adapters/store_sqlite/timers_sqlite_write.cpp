// How a write becomes part of a group, the group one transaction, and the transaction answers.

#include <algorithm>
#include <iterator>
#include <unordered_set>

#include "adapters/store_sqlite/timer_log.hpp"
#include "adapters/store_sqlite/timers_sqlite.hpp"

namespace tocsin::store_sqlite {
namespace {

using namespace std::chrono_literals;
using ports::Armed;
using ports::TimerMark;
using timer::Table;
using timer::Timer;

// The log may be this many times as long as what it stands for.
constexpr std::uint64_t kOutdated = 3;
// How much of the oldest is read again for each byte that is written, and at least.
constexpr std::size_t kReadBack = 3;
constexpr std::size_t kLeastReadBack = std::size_t{16} << 10U;
constexpr Milliseconds kStoreLookedEvery = 10s;

Error too_many() { return {ErrorCode::unavailable, "too many writes wait for the timers' store"}; }

}  // namespace

void TimersSqlite::arm(std::string_view id, std::int64_t seconds, Answer<Armed> answer) {
  gather(ArmOp{std::string(id), seconds, now(), std::move(answer)});
}

void TimersSqlite::disarm(std::string_view id, Answer<std::optional<Timer>> answer) {
  gather(DisarmOp{std::string(id), std::move(answer)});
}

void TimersSqlite::mark(std::vector<TimerMark> marks, Answer<std::vector<bool>> answer) {
  // Nobody else could remind: nothing needs to be written.
  if (std::ranges::all_of(
          marks, [](const auto& mark) { return mark.kind == TimerMark::Kind::reminded; })) {
    std::vector<bool> applied;
    for (const TimerMark& mark : marks) {
      const auto number = table_.find(mark.timer.id);
      applied.push_back(number != Table::kNone && table_.same_arm(number, mark.timer));
    }
    answer(std::move(applied));
    return;
  }
  gather(MarkOp{std::move(marks), std::move(answer)});
}

void TimersSqlite::gather(Op op) {
  if (waiting_ >= options_.max_waiting) {
    stats_.failures += 1;
    tell(op, std::unexpected(too_many()));
    return;
  }
  const auto* marks = std::get_if<MarkOp>(&op);
  waiting_ += marks != nullptr ? marks->marks.size() : 1;
  gathering_.push_back(std::move(op));
  const bool held = hold_ != 0 && gathering_.size() < awaited_;
  if (!busy_ && !held && !std::exchange(flush_posted_, true)) {
    // Whatever else this turn of the loop brings goes with it.
    loop_.post([this, alive = alive_] {
      if (*alive) {
        flush_posted_ = false;
        flush();
      }
    });
  }
}

void TimersSqlite::flush() {
  loop_.cancel(std::exchange(hold_, 0));
  if (!busy_ && !gathering_.empty()) {
    write_group();
  }
}

// Those who are answered now are about to come back: a moment later one sync serves them and those
// who gathered meanwhile, instead of two that serve half of them each.
void TimersSqlite::hold() {
  hold_ = loop_.call_at(clock_.mono_now() + options_.gather, [this] {
    hold_ = 0;
    flush();
  });
}

void TimersSqlite::write_group() {
  writing_ = std::move(gathering_);
  gathering_.clear();
  waiting_ = 0;
  changes_.clear();
  TimerWriter::Job job = make_job();
  busy_ = true;
  writer_->write(std::move(job), [this, alive = alive_](TimerWriter::Done done) {
    if (*alive) {
      written(std::move(done));
    }
  });
}

TimerWriter::Job TimersSqlite::make_job() {
  TimerWriter::Job job;
  created_ = 0;
  job_entries_ = job_dropped_ = 0;
  // First, so that what this group says of the same timers counts.
  rewrite_oldest(job.entries, job);
  for (Op& op : writing_) {
    std::visit([&](auto& one) { apply(one, job.entries); }, op);
  }
  const TimerWriter::Clock clock = stored_clock();
  if (clock.lead != stored_lead_ || clock.looked_until - stored_looked_ >= kStoreLookedEvery) {
    job.clock = clock;
    stored_lead_ = clock.lead;
    stored_looked_ = clock.looked_until;
  }
  if (logged_ > kOutdated * table_.size() + options_.slack) {
    job.read_oldest = kReadBack * job.entries.size() + kLeastReadBack;
    job.read_after = read_until_;
  }
  return job;
}

// What would be known of the timer after the part of the group that was applied.
std::optional<Timer> TimersSqlite::state_of(const std::string& id) const {
  if (const auto changed = changes_.find(id); changed != changes_.end()) {
    return changed->second;
  }
  const auto number = table_.find(id);
  if (number == Table::kNone) {
    return std::nullopt;
  }
  return table_.get(number);
}

void TimersSqlite::change(const std::string& id, std::optional<Timer> to) {
  changes_.insert_or_assign(id, std::move(to));
  ++job_entries_;
}

void TimersSqlite::apply(ArmOp& op, std::string& log) {
  std::optional<Timer> previous = state_of(op.id);
  const bool there = previous.has_value();
  if (!there && static_cast<std::int64_t>(table_.size()) + created_ >=
                    static_cast<std::int64_t>(options_.max_timers)) {
    op.result = fail(ErrorCode::exhausted, "as many timers as timers.max_timers allows");
    return;
  }
  if (previous && !kept(*previous, op.start)) {
    previous.reset();
  }
  Armed armed;
  armed.timer.id = op.id;
  armed.timer.start = op.start;
  armed.timer.seconds = op.seconds;
  if (previous) {
    armed.timer.missed = previous->missed;
    if (previous->announced != Instant{} && !previous->grouped) {
      armed.timer.missed = {previous->deadline(), previous->announced, previous->start};
    }
  }
  created_ += there ? 0 : 1;
  append_put(log, armed.timer);
  change(op.id, armed.timer);
  armed.previous = std::move(previous);
  op.result = std::move(armed);
}

void TimersSqlite::apply(DisarmOp& op, std::string& log) {
  op.was = state_of(op.id);
  if (!op.was) {
    return;
  }
  --created_;
  append_gone(log, op.id);
  change(op.id, std::nullopt);
  if (!kept(*op.was, now())) {
    op.was.reset();
  }
}

void TimersSqlite::apply(MarkOp& op, std::string& log) {
  op.applied.clear();
  for (const TimerMark& mark : op.marks) {
    std::optional<Timer> timer = state_of(mark.timer.id);
    const bool recovered = mark.kind == TimerMark::Kind::recovered;
    const bool applies = timer && (recovered ? timer->missed && timer->missed == mark.timer.missed
                                             : timer->same_arm(mark.timer));
    op.applied.push_back(applies);
    if (!applies) {
      continue;
    }
    if (mark.kind == TimerMark::Kind::claimed) {
      timer->announced = mark.at;
      timer->grouped = mark.grouped;
    } else if (mark.kind == TimerMark::Kind::told) {
      timer->told = true;
    } else if (recovered) {
      timer->missed.reset();
    }
    append_put(log, *timer);
    change(mark.timer.id, std::move(timer));
  }
}

void TimersSqlite::written(TimerWriter::Done done) {
  busy_ = false;
  if (done.result) {
    stats_.bytes = done.bytes;
    take_over();
    oldest_ = std::move(done.oldest);
    if (std::exchange(refuses_, false)) {
      logger_.info("the timers' store takes writes again");
    }
  } else {
    refused(done.result.error());
  }
  std::vector<Op> answered = std::move(writing_);
  writing_.clear();
  changes_.clear();
  awaited_ = gathering_.size() + answered.size();
  if (awaited_ > 1 && options_.gather > Microseconds{0}) {
    hold();
  } else {
    flush();
  }
  for (Op& op : answered) {
    tell(op, done.result);
  }
}

// The group is durable: from now on it is what the timers are.
void TimersSqlite::take_over() {
  stats_.commits += 1;
  logged_ += job_entries_;
  logged_ -= std::min(logged_, job_dropped_);
  const Instant now_then = now();
  for (const auto& [id, timer] : changes_) {
    const auto number = table_.find(id);
    const bool known = number != Table::kNone;
    const bool same_arm = known && timer && table_.same_arm(number, *timer);
    // Handed out and claimed, or no longer what was handed out.
    if (known && (!same_arm || timer->announced != Instant{})) {
      outstanding_.erase({table_.deadline(number), number});
    }
    if (!timer) {
      if (known) {
        table_.erase(number);
      }
      continue;
    }
    const auto stored = table_.put(*timer);
    if (!same_arm && ((known && table_.queued(stored)) || (watched_ && watched_(id)))) {
      table_.queue(stored, now_then);
    }
  }
  for (const Op& op : writing_) {
    const auto* arm = std::get_if<ArmOp>(&op);
    stats_.arms += arm != nullptr && arm->result ? 1U : 0U;
  }
}

void TimersSqlite::refused(const Error& error) {
  stats_.failures += 1;
  stored_lead_ = Milliseconds::min();  // whatever this group was to store goes with the next
  oldest_.clear();
  read_until_ = 0;
  if (!std::exchange(refuses_, true)) {
    logger_.error("the timers' store refuses writes; arming answers 503 until it is back",
                  {{"error", error.message}});
  }
}

void TimersSqlite::tell(Op& op, const Result<void>& result) {
  if (auto* arm = std::get_if<ArmOp>(&op)) {
    arm->answer(result ? std::move(arm->result) : std::unexpected(result.error()));
  } else if (auto* disarm = std::get_if<DisarmOp>(&op)) {
    disarm->answer(result ? Result<std::optional<Timer>>(std::move(disarm->was))
                          : std::unexpected(result.error()));
  } else {
    auto& mark = std::get<MarkOp>(op);
    mark.answer(result ? Result<std::vector<bool>>(std::move(mark.applied))
                       : std::unexpected(result.error()));
  }
}

// Of the rows that were brought back, what is still so is written again, and they go. Nothing else
// is being written, so that the table is what all rows say.
void TimersSqlite::rewrite_oldest(std::string& log, TimerWriter::Job& job) {
  // One that was armed twice in a millisecond has two entries that are still so.
  std::unordered_set<Table::Number> rewritten;
  for (const TimerWriter::OldRow& row : std::exchange(oldest_, {})) {
    TimerLogReader reader(row.entries);
    while (true) {
      const auto entry = reader.next();
      if (!entry || !*entry) {
        break;
      }
      ++job_dropped_;
      if ((*entry)->gone) {
        continue;  // all that stood before it is gone as well
      }
      const auto number = table_.find((*entry)->id);
      if (number != Table::kNone && table_.get(number) == (*entry)->timer() &&
          rewritten.insert(number).second) {
        append_put(log, (*entry)->timer());
        ++job_entries_;
      }
    }
    job.drop_until = row.sequence;
    read_until_ = row.sequence;
  }
}

}  // namespace tocsin::store_sqlite
