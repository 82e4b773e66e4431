// What is claimed, told and marked.

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "service/timers/timer_desk.hpp"

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;
using ports::TimerMark;
using timer::Rule;
using timer::Timer;

constexpr Milliseconds kLate = 1s;

// By an earlier process, which did not tell it or did not note so.
bool were_together(const Timer& timer) { return timer.grouped && timer.announced != Instant{}; }

}  // namespace

// Whether those that are ready are too many to be told one by one, and more of them may come: then
// one notice a moment later says more than a hundred now.
bool TimerDesk::gathering(Instant now) {
  if (now - second_ >= 1s) {
    second_ = now;
    singly_ = 0;
  }
  if (singly_ + ready_.size() <= bounds_.singly || ready_.size() >= bounds_.together) {
    gather_until_ = Instant{};
    return false;
  }
  if (gather_until_ == Instant{}) {
    gather_until_ = now + bounds_.gather;
  }
  if (now < gather_until_) {
    wake_at(gather_until_);
    return true;
  }
  gather_until_ = Instant{};
  return false;
}

// The rules whose timers are told one by one, those with the fewest first, as long as there is room
// in this second: a flood of one rule is not the others'.
std::set<const Rule*> TimerDesk::told_singly(const std::vector<Timer>& ready) {
  std::map<const Rule*, std::size_t> counts;
  for (const Timer& timer : ready) {
    const Rule* rule = rule_of(timer.id);
    if (rule != nullptr && !were_together(timer)) {
      ++counts[rule];
    }
  }
  std::vector<std::pair<std::size_t, const Rule*>> fewest;
  for (const auto& [rule, count] : counts) {
    fewest.emplace_back(count, rule);
  }
  std::ranges::sort(fewest);
  std::set<const Rule*> out;
  std::size_t told = singly_;
  for (const auto& [count, rule] : fewest) {
    told += count;
    if (told > bounds_.singly) {
      break;
    }
    out.insert(rule);
  }
  return out;
}

void TimerDesk::tell_ready(Instant now) {
  if (gathering(now)) {
    return;
  }
  std::vector<Timer> ready = std::exchange(ready_, {});
  const std::set<const Rule*> singly = told_singly(ready);
  // By rule; those that an earlier process told together stay together.
  std::map<std::pair<const Rule*, Instant>, std::vector<Timer>> groups;
  auto single = std::make_unique<Claim>();
  single->now = now;
  for (Timer& timer : ready) {
    const Rule* rule = rule_of(timer.id);
    if (rule == nullptr) {
      continue;
    }
    if (were_together(timer)) {
      groups[{rule, timer.announced}].push_back(std::move(timer));
    } else if (singly.contains(rule)) {
      single->timers.push_back(std::move(timer));
    } else {
      groups[{rule, Instant{}}].push_back(std::move(timer));
    }
  }
  singly_ += single->timers.size();
  claim(std::move(single));
  for (auto& [key, timers] : groups) {
    auto together = std::make_unique<Claim>();
    together->now = now;
    together->together = notice_of(Notice::Kind::expired, *key.first);
    together->together.many = true;
    together->together.suspect = key.second != Instant{};
    together->together.announced = key.second != Instant{} ? key.second : name_group(now);
    together->timers = std::move(timers);
    claim(std::move(together));
  }
}

// A group is known by its rule and when it was told: no two may have the same.
Instant TimerDesk::name_group(Instant now) {
  last_group_ = std::max(now, last_group_ + Milliseconds{1});
  return last_group_;
}

// Part by part, so that arming goes on between.
void TimerDesk::claim(std::unique_ptr<Claim> claim) {
  if (claim->timers.empty()) {
    return;
  }
  const bool many = claim->together.many;
  const std::size_t until = std::min(claim->timers.size(), claim->done + bounds_.marks);
  std::vector<TimerMark> marks;
  for (std::size_t i = claim->done; i < until; ++i) {
    const Timer& timer = claim->timers[i];
    const Instant at = many                           ? claim->together.announced
                       : timer.announced != Instant{} ? timer.announced
                                                      : claim->now;
    marks.push_back({timer, TimerMark::Kind::claimed, at, many});
  }
  ports_.store.mark(std::move(marks),
                    [this, claim = std::move(claim)](Result<std::vector<bool>> taken) mutable {
                      claimed(std::move(claim), taken);
                    });
}

// What was claimed is told: one by one at once, many when all are claimed.
void TimerDesk::claimed(std::unique_ptr<Claim> claim, const Result<std::vector<bool>>& taken) {
  if (!taken) {
    // Nobody may be told what the store does not hold: all of it later.
    for (std::size_t i = claim->done; i < claim->timers.size(); ++i) {
      waiting_.emplace(claim->now + kLookAgain, std::move(claim->timers[i]));
    }
    claim->timers.resize(claim->done);
  } else {
    // One that was not taken was armed again meanwhile, or is another process's.
    for (std::size_t i = 0; i < taken->size(); ++i) {
      if ((*taken)[i]) {
        tell_one(*claim, std::move(claim->timers[claim->done + i]));
      }
    }
    claim->done += taken->size();
  }
  if (claim->done < claim->timers.size()) {
    this->claim(std::move(claim));
    return;
  }
  if (!claim->together.timers.empty()) {
    tell_claimed(std::move(claim->together));
  }
  schedule();
}

void TimerDesk::tell_one(Claim& claim, Timer timer) {
  if (claim.together.many) {
    claim.together.timers.push_back(std::move(timer));
    return;
  }
  const Rule* rule = rule_of(timer.id);
  if (rule == nullptr) {
    return;
  }
  Notice notice = notice_of(Notice::Kind::expired, *rule);
  notice.suspect = timer.announced != Instant{};
  notice.announced = notice.suspect ? timer.announced : claim.now;
  timer.announced = notice.announced;
  notice.timers.push_back(std::move(timer));
  tell_claimed(std::move(notice));
}

void TimerDesk::tell_claimed(Notice notice) {
  const Instant now = ports_.store.time().now;
  stats_.expired += notice.timers.size();
  for (const Timer& timer : notice.timers) {
    stats_.late += now - timer.deadline() - notice.rule->grace > kLate ? 1U : 0U;
  }
  tell_(std::move(notice));
}

void TimerDesk::tell_recovery(Timer timer, const timer::Missed& missed, Notice::Kind kind,
                              bool suspect) {
  const Rule* rule = rule_of(timer.id);
  if (rule == nullptr) {
    return;
  }
  Notice notice = notice_of(kind, *rule);
  notice.missed = missed;
  notice.announced = missed.announced;
  notice.suspect = suspect;
  notice.timers.push_back(std::move(timer));
  stats_.recovered += 1;
  tell_(std::move(notice));
}

void TimerDesk::told(Notice notice) {
  if (notice.kind == Notice::Kind::still_expired || notice.kind == Notice::Kind::disarmed ||
      notice.kind == Notice::Kind::let_go || notice.timers.empty()) {
    return;
  }
  if (notice.many) {
    groups_.emplace(notice.rule->name, notice.announced);
    count_groups_later();
  } else if (notice.kind == Notice::Kind::expired) {
    // The rules may be others by now.
    if (const Rule* rule = rule_of(notice.timers.front().id)) {
      follow(notice.timers.front(), *rule, notice.announced);
      schedule();
    }
  }
  const auto kind =
      notice.kind == Notice::Kind::expired ? TimerMark::Kind::told : TimerMark::Kind::recovered;
  for (Timer& timer : notice.timers) {
    marks_.push_back({std::move(timer), kind, {}, notice.many});
  }
  write_marks();
}

// One part at a time, and again until the store takes it: after a restart, or in another process
// that shares the store, what is not marked would be told once more.
void TimerDesk::write_marks() {
  if (marking_ || marks_.empty()) {
    return;
  }
  marking_ = true;
  const auto part = static_cast<std::ptrdiff_t>(std::min(marks_.size(), bounds_.marks));
  ports_.store.mark(
      {marks_.begin(), marks_.begin() + part}, [this, part](const Result<std::vector<bool>>& done) {
        if (done) {
          marking_ = false;
          marks_refused_ = false;
          marks_.erase(marks_.begin(), marks_.begin() + part);
          write_marks();
          return;
        }
        if (!std::exchange(marks_refused_, true)) {
          ports_.log.warn("the timers' store does not note what was told; trying again",
                          {{"error", done.error().message}});
        }
        mark_timer_ = ports_.loop.call_at(ports_.clock.mono_now() + kLookAgain, [this] {
          marking_ = false;
          write_marks();
        });
      });
}

}  // namespace tocsin::service
