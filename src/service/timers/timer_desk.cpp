#include "service/timers/timer_desk.hpp"

#include <algorithm>
#include <iterator>

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;
using ports::Armed;
using timer::Rule;
using timer::Timer;

constexpr std::size_t kTaken = 5'000;  // of the store in one turn
constexpr Milliseconds kEmpty = 10ms;  // after a look that found nothing

}  // namespace

TimerDesk::TimerDesk(Ports ports, Tell tell, Bounds bounds)
    : ports_(ports),
      tell_(std::move(tell)),
      bounds_(bounds),
      rules_(std::make_shared<const std::vector<Rule>>()),
      former_(rules_) {}

TimerDesk::~TimerDesk() {
  ports_.loop.cancel(timer_);
  ports_.loop.cancel(census_timer_);
  ports_.loop.cancel(mark_timer_);
}

void TimerDesk::apply(std::vector<Rule> rules, std::vector<bool> quiet) {
  const bool first = rules_epoch_ == 0;
  ++rules_epoch_;
  former_ = std::exchange(rules_, std::make_shared<const std::vector<Rule>>(std::move(rules)));
  quiet_ = std::move(quiet);
  quiet_.resize(rules_->size());
  std::vector<Timer> silenced = take_silenced();
  silenced_.resize(rules_->size());
  if (rules_->empty()) {
    ports_.store.watch({});
  } else {
    ports_.store.watch(
        [rules = rules_](std::string_view id) { return timer::rule_for(*rules, id) != nullptr; });
  }
  followed_.clear();
  const Instant now = ports_.store.time().now;
  auto waiting = std::exchange(waiting_, {});
  for (Timer& timer : silenced) {
    waiting.emplace_hint(waiting.end(), now, std::move(timer));
  }
  for (auto& [at, timer] : waiting) {
    if (rule_of(timer.id) != nullptr) {
      await_grace(std::move(timer), now);
    } else {
      waiting_.emplace(at, std::move(timer));  // the next reload may bring its rule back
    }
  }
  let_go_groups();
  if (!rules_->empty() || !former_->empty()) {
    take_census("", {}, true);
  }
  if (first || !rules_->empty()) {
    wake();
  }
}

void TimerDesk::set_quiet(std::vector<bool> quiet) {
  if (quiet.size() != rules_->size()) {
    return;
  }
  quiet_ = std::move(quiet);
  const Instant now = ports_.store.time().now;
  for (std::size_t i = 0; i < quiet_.size(); ++i) {
    if (quiet_[i] || silenced_[i].empty()) {
      continue;
    }
    for (Timer& timer : std::exchange(silenced_[i], {})) {
      waiting_.emplace_hint(waiting_.end(), now, std::move(timer));
    }
    wake_at(now);
  }
}

std::vector<Timer> TimerDesk::take_silenced() {
  std::vector<Timer> out;
  for (std::vector<Timer>& of_rule : silenced_) {
    std::ranges::move(of_rule, std::back_inserter(out));
    of_rule.clear();
  }
  return out;
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
    wake_at(followed_.begin()->first.first);
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
  if (timer.expired(now) && !timer.told) {
    await_grace(std::move(timer), now);
  }
}

void TimerDesk::await_grace(Timer timer, Instant now) {
  const Rule* rule = rule_of(timer.id);
  if (rule == nullptr) {
    return;
  }
  const Instant at = timer.deadline() + rule->grace;
  if (at <= now) {
    take_ready(std::move(timer), *rule);
  } else {
    waiting_.emplace(at, std::move(timer));
  }
}

// Its time has come; a silence may hold it back for long, and it is not looked at meanwhile.
void TimerDesk::take_ready(Timer timer, const Rule& rule) {
  const auto number = static_cast<std::size_t>(&rule - rules_->data());
  (quiet_[number] ? silenced_[number] : ready_).push_back(std::move(timer));
}

void TimerDesk::move_waiting(Instant now) {
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    auto node = waiting_.extract(waiting_.begin());
    Timer& timer = node.mapped();
    if (const Rule* rule = rule_of(timer.id)) {
      take_ready(std::move(timer), *rule);
    }
  }
}

TimerDesk::Stats TimerDesk::stats() const {
  Stats out = stats_;
  out.waiting = waiting_.size() + ready_.size();
  for (const std::vector<Timer>& of_rule : silenced_) {
    out.waiting += of_rule.size();
  }
  return out;
}

}  // namespace tocsin::service
