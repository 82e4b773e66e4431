#include "adapters/loop_asio/timer_heap.hpp"

#include <utility>

namespace tocsin::adapters {

ports::TimerId TimerHeap::add(MonoTime when, ports::Task task) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  slots_[slot].task = std::move(task);
  const Entry entry{when, next_order_++, slot};
  heap_.push_back(entry);
  sift_up(heap_.size() - 1, entry);
  return (std::uint64_t{slots_[slot].generation} << 32U) | slot;
}

ports::Task TimerHeap::remove(ports::TimerId id) {
  const auto slot = static_cast<std::uint32_t>(id & 0xffff'ffffU);
  if (slot >= slots_.size() || slots_[slot].generation != id >> 32U ||
      slots_[slot].position == kFree) {
    return {};
  }
  return take(slots_[slot].position);
}

ports::Task TimerHeap::pop_due(MonoTime now) {
  if (heap_.empty() || heap_.front().when > now) {
    return {};
  }
  return take(0);
}

std::optional<MonoTime> TimerHeap::earliest() const {
  if (heap_.empty()) {
    return std::nullopt;
  }
  return heap_.front().when;
}

void TimerHeap::place(std::size_t position, const Entry& entry) {
  heap_[position] = entry;
  slots_[entry.slot].position = static_cast<std::uint32_t>(position);
}

void TimerHeap::sift_up(std::size_t position, const Entry& entry) {
  while (position > 0) {
    const std::size_t parent = (position - 1) / 2;
    if (!entry.before(heap_[parent])) {
      break;
    }
    place(position, heap_[parent]);
    position = parent;
  }
  place(position, entry);
}

void TimerHeap::sift_down(std::size_t position, const Entry& entry) {
  while (true) {
    std::size_t child = (2 * position) + 1;
    if (child >= heap_.size()) {
      break;
    }
    if (child + 1 < heap_.size() && heap_[child + 1].before(heap_[child])) {
      ++child;
    }
    if (!heap_[child].before(entry)) {
      break;
    }
    place(position, heap_[child]);
    position = child;
  }
  place(position, entry);
}

ports::Task TimerHeap::take(std::size_t position) {
  const std::uint32_t slot = heap_[position].slot;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (position < heap_.size()) {
    if (position > 0 && last.before(heap_[(position - 1) / 2])) {
      sift_up(position, last);
    } else {
      sift_down(position, last);
    }
  }
  Slot& freed = slots_[slot];
  freed.position = kFree;
  if (++freed.generation == 0) {
    freed.generation = 1;
  }
  ports::Task task = std::exchange(freed.task, {});
  free_.push_back(slot);
  return task;
}

}  // namespace tocsin::adapters
