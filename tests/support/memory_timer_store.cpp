#include "support/memory_timer_store.hpp"

#include <algorithm>
#include <utility>

namespace tocsin::test {

using ports::Armed;
using ports::TimerMark;
using ports::TimerPage;
using timer::Timer;

MemoryTimerStore::MemoryTimerStore(ports::Loop& loop, const ports::Clock& clock, MemoryTimers& kept,
                                   Options options)
    : loop_(loop), clock_(clock), kept_(kept), options_(options) {}

template <typename T>
void MemoryTimerStore::reply(Answer<T> answer, T value) {
  loop_.post([answer = std::move(answer), value = std::move(value)]() mutable {
    answer(std::move(value));
  });
}

template <typename T>
bool MemoryTimerStore::refused(Answer<T>& answer, bool also) {
  if (!refuses_ && !also) {
    return false;
  }
  stats_.failures += 1;
  loop_.post([answer = std::move(answer)]() mutable {
    answer(fail(ErrorCode::unavailable, "the timers' store refuses: told to"));
  });
  return true;
}

const Timer* MemoryTimerStore::found(std::string_view id) const {
  const auto at = kept_.timers.find(id);
  if (at == kept_.timers.end() || clock_.now() - at->second.deadline() >= options_.keep_expired) {
    return nullptr;
  }
  return &at->second;
}

ports::TimerStore::Time MemoryTimerStore::time() { return {clock_.now(), Milliseconds{0}}; }

void MemoryTimerStore::watch(std::function<bool(std::string_view)> watched) {
  if (watched_ || watching_) {
    pass_over_unwatched();
  }
  watching_ = true;
  watched_ = std::move(watched);
}

void MemoryTimerStore::pass_over_unwatched() {
  for (const auto& [id, timer] : kept_.timers) {
    if (timer.expired(clock_.now()) && !(watched_ && watched_(id))) {
      kept_.passed_over.emplace(id, timer.start);
    }
  }
}

void MemoryTimerStore::arm(std::string_view id, std::int64_t seconds, Answer<Armed> answer) {
  if (refused(answer)) {
    return;
  }
  const Timer* previous = found(id);
  if (previous == nullptr && kept_.timers.size() >= options_.max_timers) {
    loop_.post([answer = std::move(answer)]() mutable {
      answer(fail(ErrorCode::exhausted, "timers.max_timers is reached"));
    });
    return;
  }
  Armed armed;
  armed.timer.id = id;
  armed.timer.start = clock_.now();
  armed.timer.seconds = seconds;
  if (previous != nullptr) {
    armed.previous = *previous;
    armed.timer.missed = previous->missed;
    if (previous->announced != Instant{} && !previous->grouped) {
      armed.timer.missed = {previous->deadline(), previous->announced, previous->start};
    }
  }
  kept_.timers.insert_or_assign(std::string(id), armed.timer);
  stats_.arms += 1;
  reply(std::move(answer), std::move(armed));
}

void MemoryTimerStore::find(std::string_view id, Answer<std::optional<Timer>> answer) {
  if (!refused(answer)) {
    const Timer* timer = found(id);
    reply(std::move(answer), timer != nullptr ? std::optional(*timer) : std::nullopt);
  }
}

void MemoryTimerStore::disarm(std::string_view id, Answer<std::optional<Timer>> answer) {
  if (refused(answer)) {
    return;
  }
  const Timer* timer = found(id);
  std::optional<Timer> was = timer != nullptr ? std::optional(*timer) : std::nullopt;
  kept_.timers.erase(std::string(id));
  reply(std::move(answer), std::move(was));
}

void MemoryTimerStore::list(ports::TimerQuery query, Answer<TimerPage> answer) {
  if (refused(answer)) {
    return;
  }
  TimerPage page;
  for (auto at = kept_.timers.upper_bound(query.cursor); at != kept_.timers.end(); ++at) {
    if (page.timers.size() == query.limit) {
      page.next = page.timers.back().id;
      break;
    }
    if (at->first.starts_with(query.prefix) && found(at->first) != nullptr) {
      page.timers.push_back(at->second);
    }
  }
  reply(std::move(answer), std::move(page));
}

bool MemoryTimerStore::waits(const Timer& timer) const {
  const std::pair arm{timer.id, timer.start};
  if (handed_out_.contains(arm) || !watched_(timer.id)) {
    return false;
  }
  return timer.missed ||
         (timer.expired(clock_.now()) && !timer.told && !kept_.passed_over.contains(arm));
}

void MemoryTimerStore::take_due(std::size_t limit, Answer<std::vector<Timer>> answer) {
  if (refused(answer)) {
    return;
  }
  std::vector<Timer> due;
  pass_over_unwatched();
  for (const auto& [id, timer] : kept_.timers) {
    if (waits(timer)) {
      due.push_back(timer);
    }
  }
  // By id in turn; std::stable_sort of this library is deprecated for clang.
  std::ranges::sort(due, {},
                    [](const Timer& timer) { return std::pair(timer.deadline(), timer.id); });
  due.resize(std::min(due.size(), limit));
  for (const Timer& timer : due) {
    handed_out_.emplace(timer.id, timer.start);
  }
  reply(std::move(answer), std::move(due));
}

std::optional<Instant> MemoryTimerStore::next_due() {
  std::optional<Instant> next;
  for (const auto& [id, timer] : kept_.timers) {
    const std::pair arm{id, timer.start};
    if (!timer.told && !handed_out_.contains(arm) && !kept_.passed_over.contains(arm) && watched_ &&
        watched_(id)) {
      next = std::min(next.value_or(timer.deadline()), timer.deadline());
    }
  }
  return next;
}

void MemoryTimerStore::mark(std::vector<TimerMark> marks, Answer<std::vector<bool>> answer) {
  if (refused(answer, refuses_marks_)) {
    return;
  }
  std::vector<bool> applied;
  for (const TimerMark& mark : marks) {
    const auto at = kept_.timers.find(mark.timer.id);
    const bool there = at != kept_.timers.end();
    bool applies =
        there && (mark.kind == TimerMark::Kind::recovered
                      ? at->second.missed.has_value() && at->second.missed == mark.timer.missed
                      : at->second.same_arm(mark.timer));
    if (applies && mark.kind == TimerMark::Kind::reminded) {
      applies = kept_.reminded.emplace(mark.timer.id, mark.timer.start, mark.at).second;
    }
    applied.push_back(applies);
    if (!applies) {
      continue;
    }
    if (mark.kind == TimerMark::Kind::claimed) {
      at->second.announced = mark.at;
      at->second.grouped = mark.grouped;
    } else if (mark.kind == TimerMark::Kind::told) {
      at->second.told = true;
    } else if (mark.kind == TimerMark::Kind::recovered) {
      at->second.missed.reset();
    }
  }
  reply(std::move(answer), std::move(applied));
}

ports::TimerStore::Stats MemoryTimerStore::stats() const {
  Stats out = stats_;
  out.timers = kept_.timers.size();
  return out;
}

}  // namespace tocsin::test
