// What comes after an expiry was told: reminders, and the end of what was told together.

#include <algorithm>

#include "service/timers/timer_desk.hpp"

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;
using timer::Rule;
using timer::Timer;

constexpr std::size_t kCensusPage = 5'000;
constexpr Milliseconds kCensusEvery = 60s;

}  // namespace

// --- Reminders. ---

void TimerDesk::follow(const Timer& timer, const Rule& rule, Instant after) {
  if (rule.reminder <= 0ms) {
    return;
  }
  // The next that is still to come: those that were due while nobody ran are not made up for.
  const Instant now = ports_.store.time().now;
  const auto past = std::max<std::int64_t>((now - after) / rule.reminder, 0);
  const Instant due = after + rule.reminder * (past + 1);
  followed_.try_emplace({due, timer.id}, Follow{timer.id, timer.start, timer.announced, due});
}

void TimerDesk::remind(Instant now) {
  while (!followed_.empty() && followed_.begin()->first.first <= now) {
    auto node = followed_.extract(followed_.begin());
    const std::string id = node.mapped().id;
    ports_.store.find(
        id, [this, followed = std::move(node.mapped())](const Result<std::optional<Timer>>& found) {
          if (!found) {
            remind_again(followed);
            return;
          }
          const Rule* rule = rule_of(followed.id);
          if (!*found || (*found)->start != followed.start || rule == nullptr) {
            return;
          }
          if (!quiet(*rule)) {
            remind_of(**found, followed);
            return;
          }
          follow(**found, *rule, followed.announced);
          schedule();
        });
  }
}

void TimerDesk::remind_again(const Follow& followed) {
  const Instant again = ports_.store.time().now + kLookAgain;
  followed_.try_emplace({again, followed.id}, followed);
  wake_at(again);
}

// Other processes that share the store may be about to remind of it as well.
void TimerDesk::remind_of(Timer timer, const Follow& followed) {
  std::vector<ports::TimerMark> marks;
  marks.push_back({timer, ports::TimerMark::Kind::reminded, followed.due, false});
  ports_.store.mark(std::move(marks), [this, timer = std::move(timer),
                                       followed](const Result<std::vector<bool>>& ours) mutable {
    if (!ours) {
      remind_again(followed);
      return;
    }
    const Rule* rule = rule_of(timer.id);
    if (rule == nullptr) {
      return;
    }
    follow(timer, *rule, followed.announced);
    if (ours->front()) {
      Notice notice = notice_of(Notice::Kind::still_expired, *rule);
      notice.announced = followed.announced;
      notice.timers.push_back(std::move(timer));
      tell_(std::move(notice));
    }
    schedule();
  });
}

// --- Those that were told together: their incident ends when none of them is left as it was. ---

void TimerDesk::count_groups_later() {
  if (!groups_.empty() && !std::exchange(census_planned_, true)) {
    census_timer_ = ports_.loop.call_at(ports_.clock.mono_now() + kCensusEvery, [this] {
      census_planned_ = false;
      take_census("", {}, false);
    });
  }
}

// Looks at all timers, page by page. The first after a start or a change of rules finds out whom to
// remind of as well.
void TimerDesk::take_census(std::string cursor, Groups seen, bool first) {
  ports_.store.list(
      {"", std::move(cursor), kCensusPage}, [this, epoch = rules_epoch_, seen = std::move(seen),
                                             first](Result<ports::TimerPage> page) mutable {
        if (epoch != rules_epoch_) {
          return;
        }
        if (!page) {
          count_groups_later();
          return;
        }
        for (const Timer& timer : page->timers) {
          count(timer, seen, first);
        }
        if (page->next.empty()) {
          end_census(std::move(seen));
          return;
        }
        ports_.loop.post(
            [this, epoch, seen = std::move(seen), first, next = std::move(page->next)]() mutable {
              if (epoch == rules_epoch_) {
                take_census(std::move(next), std::move(seen), first);
              }
            });
      });
}

void TimerDesk::count(const Timer& timer, Groups& seen, bool first) {
  if (timer.announced == Instant{}) {
    return;
  }
  const Rule* rule = rule_of(timer.id);
  if (rule == nullptr) {
    if (first && timer.told && !timer.grouped) {
      let_go(timer);
    }
    return;
  }
  // Of a group that was just told not every timer is marked so yet.
  if (timer.grouped) {
    seen.emplace(rule->name, timer.announced);
  } else if (first && timer.told) {
    follow(timer, *rule, timer.announced);
  }
}

// Somebody was told that it expired, and nobody would hear of its end.
void TimerDesk::let_go(const Timer& timer) {
  const Rule* former = timer::rule_for(*former_, timer.id);
  if (former == nullptr) {
    return;
  }
  Notice notice = notice_of(Notice::Kind::let_go, *former);
  notice.rules = former_;
  notice.missed = {timer.deadline(), timer.announced, timer.start};
  notice.announced = timer.announced;
  notice.timers.push_back(timer);
  tell_(std::move(notice));
}

void TimerDesk::let_go_groups() {
  std::erase_if(groups_, [this](const auto& group) {
    if (std::ranges::find(*rules_, group.first, &Rule::name) != rules_->end()) {
      return false;
    }
    const auto former = std::ranges::find(*former_, group.first, &Rule::name);
    if (former != former_->end()) {
      Notice notice = notice_of(Notice::Kind::let_go, *former);
      notice.rules = former_;
      notice.many = true;
      notice.announced = group.second;
      tell_(std::move(notice));
    }
    return true;
  });
}

void TimerDesk::end_census(Groups seen) {
  for (const auto& [name, announced] : groups_) {
    const auto rule = std::ranges::find(*rules_, name, &Rule::name);
    // One that was told during the census is not over because it was not seen.
    if (seen.contains({name, announced}) || rule == rules_->end() ||
        ports_.store.time().now - announced < kCensusEvery) {
      seen.emplace(name, announced);
      continue;
    }
    Notice notice = notice_of(Notice::Kind::rearmed, *rule);
    notice.many = true;
    notice.announced = announced;
    tell_(std::move(notice));
  }
  former_ = rules_;
  groups_ = std::move(seen);
  std::erase_if(groups_, [this](const auto& group) {
    return std::ranges::find(*rules_, group.first, &Rule::name) == rules_->end();
  });
  count_groups_later();
  schedule();
}

}  // namespace tocsin::service
