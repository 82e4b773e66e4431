// Which timers are to be told, found in the index; and what became of telling them.

#include <algorithm>
#include <chrono>
#include <utility>

#include "adapters/timers_dynamodb/calls.hpp"
#include "adapters/timers_dynamodb/statement.hpp"
#include "adapters/timers_dynamodb/timers_dynamodb.hpp"

namespace tocsin::timers_dynamodb {
namespace {

using ports::TimerMark;
using timer::Timer;

// At the start expiries wait at most so long for the first scan of the table.
constexpr Milliseconds kStartWait{2'000};
constexpr std::size_t kMostPage = 1'000;
constexpr std::size_t kMarksAtATime = 64;
// What was handed out is remembered so long after it left the index, which lags a little.
constexpr std::chrono::minutes kRemembered{10};
// An arm enters the index within this.
constexpr std::int64_t kIndexLagSeconds = 30;
// Third part of Handed, where it is not the time of a dead process's claim.
constexpr std::int64_t kExpiry = 0;
constexpr std::int64_t kRecovery = 1;
constexpr std::int64_t kMended = 2;

Arm arm_of(const Timer& timer) { return {timer.id, unix_ms(timer.start) / 1000, timer.seconds}; }

}  // namespace

// Answered when every shard's rows were read, as far as they are needed.
struct TimersDynamoDb::Taking {
  std::size_t limit = 0;
  Answer<std::vector<Timer>> answer;
  bool begun = false;
  std::int64_t until = 0;  // Unix seconds
  std::uint64_t pending = 0;
  std::map<std::uint64_t, std::size_t> found;  // by shard
  std::vector<std::pair<Row, Handed>> rows;
  std::optional<Error> failed;
};

struct TimersDynamoDb::Marking {
  std::vector<TimerMark> marks;
  std::vector<bool> applied;
  Answer<std::vector<bool>> answer;
  MonoTime deadline{};
  std::size_t next = 0;
  std::size_t in_flight = 0;
  std::optional<Error> failed;
};

// --- When to look. ---

// Our own arms are known to the second; those of other processes are found by looking often. An arm
// may enter the index after it was looked for: then the next look finds it.
std::optional<Instant> TimersDynamoDb::next_due() {
  if (!watched_) {
    return std::nullopt;
  }
  std::erase_if(recent_, [second = unix_ms(clock_.now()) / 1000](const auto& entry) {
    return entry.first + kIndexLagSeconds < second;
  });
  std::optional<Instant> next;
  if (last_take_) {
    next = *last_take_ + (index_ == false ? options_.check_every : options_.look_every);
  }
  const auto consider = [&next, this](Instant due) {
    if (index_ != false && (!last_take_ || due > *last_take_)) {
      next = std::min(next.value_or(due), due);
    }
  };
  if (upcoming_) {
    consider(*upcoming_);
  }
  for (const auto& [second, due] : recent_) {
    consider(due);
  }
  return next;
}

// --- Taking. ---

void TimersDynamoDb::take_due(std::size_t limit, Answer<std::vector<Timer>> answer) {
  auto taking = std::make_shared<Taking>();
  taking->limit = limit;
  taking->answer = std::move(answer);
  if (!starting_) {
    take(taking);
    return;
  }
  waiting_.push_back(taking);
  loop_.call_at(clock_.mono_now() + kStartWait, [this, taking, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) {
      take(taking);
    }
  });
}

void TimersDynamoDb::take(const std::shared_ptr<Taking>& taking) {
  if (std::exchange(taking->begun, true)) {
    return;
  }
  // While nothing is known of the table, the index itself tells whether it is there.
  last_take_ = clock_.now();
  if (!watched_ || index_ == false || taking->limit == 0) {
    taking->answer(std::vector<Timer>());
    return;
  }
  taking->until = (unix_ms(*last_take_) + options_.look_every.count()) / 1000 + 1;
  upcoming_.reset();
  taking->pending = kShards;
  for (std::uint64_t shard = 0; shard < kShards; ++shard) {
    take_page(taking, shard, "");
  }
}

void TimersDynamoDb::take_page(const std::shared_ptr<Taking>& taking, std::uint64_t shard,
                               std::string_view after) {
  call(aws::operation::kQuery,
       due_statement(options_.table, shard, taking->until, after,
                     std::clamp<std::size_t>(taking->limit, 1, kMostPage)),
       deadline(),
       [this, taking, shard](const aws::ApiResult& result) { taken(taking, shard, result); });
}

void TimersDynamoDb::take_rows(Taking& taking, std::uint64_t shard, std::vector<Row>& rows) {
  for (Row& row : rows) {
    const auto handed = eligible(row);
    const Instant due = from_unix_ms(row.due.value_or(0) * 1000);
    if (due > clock_.now()) {
      upcoming_ = std::min(upcoming_.value_or(due), due);
    } else if (!handed) {
      mend_index(row);
    } else if (const auto known = handed_.find(*handed); known != handed_.end()) {
      known->second = clock_.mono_now();
    } else {
      ++taking.found[shard];
      taking.rows.emplace_back(std::move(row), *handed);
    }
  }
}

void TimersDynamoDb::taken(const std::shared_ptr<Taking>& taking, std::uint64_t shard,
                           const aws::ApiResult& result) {
  std::string more;
  if (!result && index_missing(result.error())) {
    index_ = false;
    recheck_later();
  } else if (!result) {
    taking->failed = error_of(result.error());
  } else if (watched_) {  // or nobody waits any more, since it was asked
    auto page = read_page(result->body);
    if (page) {
      take_rows(*taking, shard, page->rows);
      more = std::move(page->last_key);
    } else {
      taking->failed = std::move(page.error());
    }
  }
  if (!more.empty() && taking->found[shard] < taking->limit) {
    take_page(taking, shard, more);
    return;
  }
  if (--taking->pending == 0) {
    end_taking(*taking);
  }
}

// What of the row is to be told by us now, if anything.
std::optional<TimersDynamoDb::Handed> TimersDynamoDb::eligible(const Row& row) const {
  if (row.disarmed_ms || !watched_(row.id)) {
    return std::nullopt;
  }
  const Instant now = clock_.now();
  if (now >= row.deadline() && !row.delivered() && kept(row)) {
    if (!row.announced()) {
      return Handed{row.id, row.start, kExpiry};
    }
    const std::int64_t claimed = row.claimed_ms.value_or(*row.announced_ms);
    if (row.announced_by != process_ && now >= from_unix_ms(claimed) + kClaimHolds) {
      return Handed{row.id, row.start, claimed};
    }
    return std::nullopt;
  }
  if (row.missed) {
    const Instant armed_at = from_unix_ms(row.start * 1000);
    const bool left_behind = first_pass_ && armed_at <= *opened_;
    if (left_behind || now >= armed_at + kClaimHolds) {
      return Handed{row.id, row.start, kRecovery};
    }
  }
  return std::nullopt;
}

// The index has it too early, or for nothing: another program armed it in place, or nobody waits
// for it any more.
void TimersDynamoDb::mend_index(const Row& row) {
  const Instant now = clock_.now();
  const bool runs = now < row.deadline();
  const bool over = !runs && (row.delivered() || !kept(row) ||
                              (!watched_(row.id) && now - row.deadline() > std::chrono::days{1}));
  if (row.missed || row.disarmed_ms || !row.due || (!runs && !over)) {
    return;
  }
  const auto [entry, fresh] =
      handed_.try_emplace(Handed{row.id, row.start, kMended}, clock_.mono_now());
  if (!fresh) {
    return;
  }
  const auto due = runs ? std::optional(unix_ms(row.deadline()) / 1000) : std::nullopt;
  call(aws::operation::kUpdateItem,
       index_statement(options_.table, {row.id, row.start, row.seconds}, due, row.due), deadline(),
       [](const aws::ApiResult& /*result*/) {});
}

void TimersDynamoDb::end_taking(Taking& taking) {
  if (taking.rows.empty() && taking.failed) {
    taking.answer(std::unexpected(std::move(*taking.failed)));
    return;
  }
  const MonoTime now = clock_.mono_now();
  std::erase_if(handed_, [now](const auto& entry) { return entry.second + kRemembered < now; });
  std::ranges::sort(taking.rows, {}, [](const auto& entry) {
    return std::pair(entry.first.deadline(), entry.first.id);
  });
  const bool all = taking.rows.size() <= taking.limit && !taking.failed;
  std::vector<Timer> out;
  for (auto& [row, handed] : taking.rows) {
    if (out.size() == taking.limit) {
      break;
    }
    handed_.insert_or_assign(handed, now);
    out.push_back(timer_of(row));
  }
  first_pass_ = first_pass_ && !all;
  taking.answer(std::move(out));
}

// --- Marking. ---

void TimersDynamoDb::mark(std::vector<TimerMark> marks, Answer<std::vector<bool>> answer) {
  auto marking = std::make_shared<Marking>();
  marking->applied.resize(marks.size());
  marking->marks = std::move(marks);
  marking->answer = std::move(answer);
  marking->deadline = deadline();
  mark_next(marking);
}

void TimersDynamoDb::mark_next(const std::shared_ptr<Marking>& marking) {
  while (marking->next < marking->marks.size() && marking->in_flight < kMarksAtATime) {
    ++marking->in_flight;
    mark_one(marking, marking->next++, 0);
  }
  if (marking->in_flight != 0) {
    return;
  }
  if (marking->failed) {
    marking->answer(std::unexpected(std::move(*marking->failed)));
  } else {
    marking->answer(std::move(marking->applied));
  }
}

// The first variant is what the caller's copy of the timer suggests; the row may be further.
void TimersDynamoDb::mark_one(const std::shared_ptr<Marking>& marking, std::size_t index,
                              int variant) {
  const TimerMark& mark = marking->marks[index];
  const Arm arm = arm_of(mark.timer);
  std::string json;
  if (mark.kind == TimerMark::Kind::claimed) {
    json = claim_statement(options_.table, arm, unix_ms(mark.at), unix_ms(clock_.now()), process_,
                           mark.grouped);
  } else if (mark.kind == TimerMark::Kind::told) {
    json = told_statement(options_.table, arm, unix_ms(clock_.now()),
                          mark.timer.missed.has_value() == (variant == 0));
  } else if (mark.kind == TimerMark::Kind::reminded) {
    json = reminded_statement(options_.table, arm, unix_ms(mark.at), process_);
  } else {
    json = recovered_statement(options_.table, arm, static_cast<Progress>(variant));
  }
  call(aws::operation::kUpdateItem, std::move(json), marking->deadline,
       [this, marking, index, variant](const aws::ApiResult& result) {
         marked(marking, index, variant, result);
       });
}

// What was missed went over to a later arm, unless that is gone or somebody marked it.
void TimersDynamoDb::mark_heir(const std::shared_ptr<Marking>& marking, std::size_t index) {
  read(marking->marks[index].timer.id, marking->deadline,
       [this, marking, index](Result<std::optional<Row>> found) {
         Timer& timer = marking->marks[index].timer;
         if (!found) {
           marking->failed = std::move(found.error());
         } else if (*found && (*found)->missed && (*found)->missed == timer.missed) {
           const Timer heir = timer_of(**found);
           if (!heir.same_arm(timer)) {
             timer = heir;
             mark_one(marking, index, 0);
             return;
           }
         }
         --marking->in_flight;
         mark_next(marking);
       });
}

void TimersDynamoDb::marked(const std::shared_ptr<Marking>& marking, std::size_t index, int variant,
                            const aws::ApiResult& result) {
  const TimerMark& mark = marking->marks[index];
  const int variants = mark.kind == TimerMark::Kind::recovered ? 3
                       : mark.kind == TimerMark::Kind::told    ? 2
                                                               : 1;
  if (!result && condition_failed(result.error()) && variant + 1 < variants) {
    mark_one(marking, index, variant + 1);
    return;
  }
  if (!result && condition_failed(result.error()) && mark.kind == TimerMark::Kind::recovered) {
    mark_heir(marking, index);
    return;
  }
  if (result) {
    marking->applied[index] = true;
  } else if (!condition_failed(result.error())) {
    marking->failed = error_of(result.error());
  }
  --marking->in_flight;
  mark_next(marking);
}

}  // namespace tocsin::timers_dynamodb
