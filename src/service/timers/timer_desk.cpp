#include "service/timers/timer_desk.hpp"

#include <algorithm>
#include <iterator>

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;
using ports::Armed;
using ports::TimerMark;
using timer::Rule;
using timer::Timer;

constexpr std::size_t kTaken = 5'000;    // of the store in one turn
constexpr Milliseconds kLookAgain = 1s;  // at what is silenced, and at a store that refuses
constexpr Milliseconds kEmpty = 10ms;    // after a look that found nothing
constexpr Milliseconds kLate = 1s;
constexpr std::size_t kCensusPage = 5'000;
constexpr Milliseconds kCensusEvery = 60s;

}  // namespace

TimerDesk::TimerDesk(Ports ports, Tell tell, Bounds bounds)
    : ports_(ports),
      tell_(std::move(tell)),
      bounds_(bounds),
      rules_(std::make_shared<const std::vector<Rule>>()) {}

TimerDesk::~TimerDesk() {
  ports_.loop.cancel(timer_);
  ports_.loop.cancel(census_timer_);
}

void TimerDesk::apply(std::vector<Rule> rules) {
  const bool first = rules_epoch_ == 0;
  ++rules_epoch_;
  rules_ = std::make_shared<const std::vector<Rule>>(std::move(rules));
  quiet_.assign(rules_->size(), false);
  if (rules_->empty()) {
    ports_.store.watch({});
  } else {
    ports_.store.watch(
        [rules = rules_](std::string_view id) { return timer::rule_for(*rules, id) != nullptr; });
  }
  followed_.clear();
  if (!rules_->empty()) {
    take_census("", {}, true);
  }
  if (first || !rules_->empty()) {
    wake();
  }
}

void TimerDesk::set_quiet(std::vector<bool> quiet) {
  if (quiet.size() == rules_->size()) {
    quiet_ = std::move(quiet);
  }
}

const Rule* TimerDesk::rule_of(std::string_view id) const { return timer::rule_for(*rules_, id); }

std::string TimerDesk::rule_name(std::string_view id) const {
  const Rule* rule = rule_of(id);
  return rule != nullptr ? rule->name : "";
}

bool TimerDesk::quiet(const Rule& rule) const {
  return quiet_[static_cast<std::size_t>(&rule - rules_->data())];
}

Notice TimerDesk::notice_of(Notice::Kind kind, const Rule& rule) const {
  Notice notice;
  notice.kind = kind;
  notice.rules = rules_;
  notice.rule = &rule;
  notice.lead = ports_.store.time().lead;
  return notice;
}

// --- What clients ask for. ---

void TimerDesk::arm(std::string_view id, std::int64_t seconds, Answer<timer::Answer> answer) {
  ports_.store.arm(id, seconds, [this, answer = std::move(answer)](Result<Armed> armed) mutable {
    if (!armed) {
      answer(std::unexpected(std::move(armed).error()));
      return;
    }
    // At its own beginning, however long the write took.
    answer(timer::answer_of(armed->timer, armed->timer.start, ports_.store.time().lead));
    // What an earlier arm was missed for was said when it was armed over, or at the start.
    if (armed->previous && armed->previous->announced != Instant{} && !armed->previous->grouped &&
        armed->timer.missed) {
      const timer::Missed missed = *armed->timer.missed;
      tell_recovery(std::move(armed->timer), missed, Notice::Kind::rearmed, false);
    }
    if (!rules_->empty()) {
      schedule();
    }
  });
}

void TimerDesk::check(std::string_view id, Answer<std::optional<timer::Answer>> answer) {
  ports_.store.find(id,
                    [this, answer = std::move(answer)](Result<std::optional<Timer>> found) mutable {
                      if (!found) {
                        answer(std::unexpected(std::move(found).error()));
                      } else if (!*found) {
                        answer(std::optional<timer::Answer>{});
                      } else {
                        const auto time = ports_.store.time();
                        answer(std::optional(timer::answer_of(**found, time.now, time.lead)));
                      }
                    });
}

void TimerDesk::disarm(std::string_view id, Answer<bool> answer) {
  ports_.store.disarm(
      id, [this, answer = std::move(answer)](Result<std::optional<Timer>> was) mutable {
        if (!was) {
          answer(std::unexpected(std::move(was).error()));
          return;
        }
        answer(was->has_value());
        if (*was && (*was)->announced != Instant{} && !(*was)->grouped) {
          const timer::Missed missed{(*was)->deadline(), (*was)->announced, (*was)->start};
          tell_recovery(std::move(**was), missed, Notice::Kind::disarmed, false);
        }
      });
}

void TimerDesk::list(ports::TimerQuery query, Answer<List> answer) {
  ports_.store.list(
      std::move(query), [this, answer = std::move(answer)](Result<ports::TimerPage> page) mutable {
        if (!page) {
          answer(std::unexpected(std::move(page).error()));
          return;
        }
        const auto time = ports_.store.time();
        List out;
        out.next = std::move(page->next);
        for (Timer& timer : page->timers) {
          const timer::Answer answer_now = timer::answer_of(timer, time.now, time.lead);
          std::string rule = rule_name(timer.id);
          out.timers.push_back({std::move(timer.id), answer_now, std::move(rule)});
        }
        answer(std::move(out));
      });
}

// --- When to look. ---

void TimerDesk::wake_at(Instant due) {
  const Instant now = ports_.store.time().now;
  const MonoTime when =
      ports_.clock.mono_now() + std::max<Microseconds>(due - now, Microseconds{0});
  if (when >= armed_for_) {
    return;
  }
  ports_.loop.cancel(timer_);
  armed_for_ = when;
  timer_ = ports_.loop.call_at(when, [this] {
    armed_for_ = MonoTime::max();
    wake();
  });
}

void TimerDesk::schedule() {
  if (const auto due = ports_.store.next_due(); due && !taking_) {
    // A store may think that there is something when there is nothing.
    wake_at(std::max(*due, empty_until_));
  }
  if (!waiting_.empty()) {
    wake_at(waiting_.begin()->first);
  }
  if (!followed_.empty()) {
    wake_at(followed_.begin()->first);
  }
}

void TimerDesk::wake() {
  if (taking_) {
    return;
  }
  if (rules_->empty()) {
    return;
  }
  taking_ = true;
  ports_.store.take_due(kTaken, [this](Result<std::vector<Timer>> due) { take(std::move(due)); });
}

void TimerDesk::take(Result<std::vector<Timer>> due) {
  taking_ = false;
  empty_until_ = Instant{};
  const Instant now = ports_.store.time().now;
  const bool more = due && due->size() == kTaken;
  if (due) {
    empty_until_ = due->empty() ? now + kEmpty : Instant{};
    for (Timer& timer : *due) {
      consider(std::move(timer), now);
    }
  } else {
    ports_.log.warn("timers that expired cannot be asked for; trying again",
                    {{"error", due.error().message}});
  }
  move_waiting(now);
  remind(now);
  if (!more || ready_.size() >= bounds_.together) {
    tell_ready(now);
  }
  if (more) {
    ports_.loop.post([this] { wake(); });
  } else if (!due) {
    wake_at(now + kLookAgain);
  } else {
    schedule();
  }
}

void TimerDesk::consider(Timer timer, Instant now) {
  if (timer.missed) {
    tell_recovery(timer, *timer.missed, Notice::Kind::rearmed, true);
  }
  if (!timer.expired(now) || timer.told) {
    return;
  }
  const Rule* rule = rule_of(timer.id);
  if (rule == nullptr) {
    return;
  }
  const Instant at = timer.deadline() + rule->grace;
  if (at <= now && !quiet(*rule)) {
    ready_.push_back(std::move(timer));
  } else {
    waiting_.emplace(std::max(at, at <= now ? now + kLookAgain : at), std::move(timer));
  }
}

void TimerDesk::move_waiting(Instant now) {
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    auto node = waiting_.extract(waiting_.begin());
    Timer& timer = node.mapped();
    const Rule* rule = rule_of(timer.id);
    if (rule != nullptr && quiet(*rule)) {
      node.key() = now + kLookAgain;
      waiting_.insert(std::move(node));
    } else if (rule != nullptr) {
      ready_.push_back(std::move(timer));
    }
  }
}

// --- Telling. ---

void TimerDesk::tell_ready(Instant now) {
  if (ready_.empty()) {
    return;
  }
  if (now - second_ >= 1s) {
    second_ = now;
    singly_ = 0;
  }
  std::vector<Timer> ready = std::exchange(ready_, {});
  if (singly_ + ready.size() <= bounds_.singly) {
    singly_ += ready.size();
    tell_singly(std::move(ready), now);
    return;
  }
  // By rule; those that an earlier process told together stay together.
  std::map<std::pair<const Rule*, Instant>, std::vector<Timer>> groups;
  for (Timer& timer : ready) {
    const Rule* rule = rule_of(timer.id);
    if (rule != nullptr) {
      groups[{rule, timer.grouped ? timer.announced : Instant{}}].push_back(std::move(timer));
    }
  }
  for (auto& [key, timers] : groups) {
    tell_together(std::move(timers), now);
  }
}

void TimerDesk::tell_singly(std::vector<Timer> timers, Instant now) {
  claim(std::move(timers), 0, now, Notice{});
}

void TimerDesk::tell_together(std::vector<Timer> timers, Instant now) {
  const Rule* rule = rule_of(timers.front().id);
  if (rule == nullptr) {
    return;
  }
  Notice notice = notice_of(Notice::Kind::expired, *rule);
  notice.many = true;
  notice.suspect = timers.front().grouped && timers.front().announced != Instant{};
  notice.announced = notice.suspect ? timers.front().announced : now;
  claim(std::move(timers), 0, now, std::move(notice));
}

// Part by part, so that arming goes on between. What was claimed is told: one by one at once, many
// when all are claimed.
void TimerDesk::claim(std::vector<Timer> timers, std::size_t from, Instant now, Notice notice) {
  const std::size_t until = std::min(timers.size(), from + bounds_.marks);
  std::vector<TimerMark> marks;
  for (std::size_t i = from; i < until; ++i) {
    const Timer& timer = timers[i];
    const Instant at = notice.many                    ? notice.announced
                       : timer.announced != Instant{} ? timer.announced
                                                      : now;
    marks.push_back({timer, TimerMark::Kind::claimed, at, notice.many});
  }
  ports_.store.mark(std::move(marks),
                    [this, timers = std::move(timers), from, until, now,
                     notice = std::move(notice)](Result<std::vector<bool>> claimed) mutable {
                      if (!claimed) {
                        // Nobody may be told what the store does not hold: all of it later.
                        for (std::size_t i = from; i < timers.size(); ++i) {
                          waiting_.emplace(now + kLookAgain, std::move(timers[i]));
                        }
                        timers.resize(from);
                      }
                      for (std::size_t i = from; claimed && i < until; ++i) {
                        if (!(*claimed)[i - from]) {
                          continue;  // armed again meanwhile, or another's
                        }
                        Timer& timer = timers[i];
                        if (notice.many) {
                          notice.timers.push_back(std::move(timer));
                        } else if (const Rule* rule = rule_of(timer.id)) {
                          Notice one = notice_of(Notice::Kind::expired, *rule);
                          one.suspect = timer.announced != Instant{};
                          one.announced = one.suspect ? timer.announced : now;
                          timer.announced = one.announced;
                          one.timers.push_back(std::move(timer));
                          tell_claimed(std::move(one));
                        }
                      }
                      if (until < timers.size()) {
                        claim(std::move(timers), until, now, std::move(notice));
                        return;
                      }
                      if (notice.many && !notice.timers.empty()) {
                        tell_claimed(std::move(notice));
                      }
                      schedule();
                    });
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
      notice.timers.empty()) {
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
  mark_told(std::move(notice), 0);
}

// A mark that fails is no loss: after a restart the event is found in the store.
void TimerDesk::mark_told(Notice notice, std::size_t from) {
  const std::size_t until = std::min(notice.timers.size(), from + bounds_.marks);
  const auto kind =
      notice.kind == Notice::Kind::expired ? TimerMark::Kind::told : TimerMark::Kind::recovered;
  std::vector<TimerMark> marks;
  for (std::size_t i = from; i < until; ++i) {
    marks.push_back({notice.timers[i], kind, {}, notice.many});
  }
  ports_.store.mark(std::move(marks), [this, until, notice = std::move(notice)](
                                          const Result<std::vector<bool>>& marked) mutable {
    if (marked && until < notice.timers.size()) {
      mark_told(std::move(notice), until);
    }
  });
}

// --- Reminders. ---

void TimerDesk::follow(const Timer& timer, const Rule& rule, Instant after) {
  if (rule.reminder <= 0ms) {
    return;
  }
  // The next that is still to come: those that were due while nobody ran are not made up for.
  const Instant now = ports_.store.time().now;
  const auto past = std::max<std::int64_t>((now - after) / rule.reminder, 0);
  followed_.emplace(after + rule.reminder * (past + 1),
                    Follow{timer.id, timer.start, timer.announced});
}

void TimerDesk::remind(Instant now) {
  while (!followed_.empty() && followed_.begin()->first <= now) {
    auto node = followed_.extract(followed_.begin());
    const std::string id = node.mapped().id;
    ports_.store.find(
        id, [this, followed = std::move(node.mapped())](const Result<std::optional<Timer>>& found) {
          if (!found) {
            const Instant again = ports_.store.time().now + kLookAgain;
            followed_.emplace(again, followed);
            wake_at(again);
            return;
          }
          const Rule* rule = rule_of(followed.id);
          if (!*found || (*found)->start != followed.start || rule == nullptr) {
            return;
          }
          if (!quiet(*rule)) {
            Notice notice = notice_of(Notice::Kind::still_expired, *rule);
            notice.announced = followed.announced;
            notice.timers.push_back(**found);
            tell_(std::move(notice));
          }
          follow(**found, *rule, followed.announced);
          schedule();
        });
  }
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
  const Rule* rule = timer.told ? rule_of(timer.id) : nullptr;
  if (rule == nullptr) {
    return;
  }
  if (timer.grouped) {
    seen.emplace(rule->name, timer.announced);
  } else if (first) {
    follow(timer, *rule, timer.announced);
  }
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
  groups_ = std::move(seen);
  std::erase_if(groups_, [this](const auto& group) {
    return std::ranges::find(*rules_, group.first, &Rule::name) == rules_->end();
  });
  count_groups_later();
  schedule();
}

TimerDesk::Stats TimerDesk::stats() const {
  Stats out = stats_;
  out.waiting = waiting_.size() + ready_.size();
  return out;
}

}  // namespace tocsin::service
