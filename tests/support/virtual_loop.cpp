#include "support/virtual_loop.hpp"

#include <algorithm>

namespace tocsin::test {

VirtualLoop::VirtualLoop(Instant start)
    : wall_offset_(start.time_since_epoch() - mono_.time_since_epoch()) {}

Instant VirtualLoop::now() const {
  return Instant{std::chrono::floor<Milliseconds>(mono_.time_since_epoch() + wall_offset_)};
}

ports::TimerId VirtualLoop::call_at(MonoTime when, ports::Task task) {
  const ports::TimerId id = next_id_++;
  timers_.emplace(Key{when, id}, std::move(task));
  due_.emplace(id, when);
  return id;
}

void VirtualLoop::cancel(ports::TimerId id) {
  if (const auto found = due_.find(id); found != due_.end()) {
    timers_.erase(Key{found->second, id});
    due_.erase(found);
  }
}

void VirtualLoop::run_ready() {
  while (!ready_.empty()) {
    ports::Task task = std::move(ready_.front());
    ready_.pop_front();
    task();
  }
}

void VirtualLoop::clear() {
  // Destroying a task may destroy objects that cancel timers: take everything out first.
  const auto ready = std::exchange(ready_, {});
  const auto timers = std::exchange(timers_, {});
  due_.clear();
}

bool VirtualLoop::run_one(MonoTime limit) {
  run_ready();
  if (timers_.empty() || timers_.begin()->first.when > limit) {
    return false;
  }
  const auto first = timers_.begin();
  mono_ = std::max(mono_, first->first.when);
  ports::Task task = std::move(first->second);
  due_.erase(first->first.id);
  timers_.erase(first);
  task();
  run_ready();
  return true;
}

void VirtualLoop::run_until(MonoTime until) {
  while (run_one(until)) {
  }
  mono_ = std::max(mono_, until);
}

}  // namespace tocsin::test
