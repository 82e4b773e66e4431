#pragma once
// The loop's timers: a binary heap with true removal, because most timers are deadlines that are
// cancelled. One thread.

#include <cstdint>
#include <optional>
#include <vector>

#include "ports/loop.hpp"

namespace tocsin::adapters {

class TimerHeap {
 public:
  // Ids are never 0 and do not repeat until a slot was used four billion times.
  ports::TimerId add(MonoTime when, ports::Task task);
  // Returns the task, so that the caller chooses when it is destroyed; empty for an unknown id.
  ports::Task remove(ports::TimerId id);
  // The task of the earliest timer at or before `now`, timers of one moment in order of making;
  // empty when none is due.
  ports::Task pop_due(MonoTime now);

  [[nodiscard]] std::optional<MonoTime> earliest() const;
  [[nodiscard]] std::size_t size() const { return heap_.size(); }

 private:
  struct Entry {
    MonoTime when;
    std::uint64_t order;
    std::uint32_t slot;
    [[nodiscard]] bool before(const Entry& other) const {
      return when != other.when ? when < other.when : order < other.order;
    }
  };
  struct Slot {
    ports::Task task;
    std::uint32_t generation = 1;
    std::uint32_t position = kFree;  // in heap_
  };
  static constexpr std::uint32_t kFree = ~std::uint32_t{0};

  void place(std::size_t position, const Entry& entry);
  void sift_up(std::size_t position, const Entry& entry);
  void sift_down(std::size_t position, const Entry& entry);
  ports::Task take(std::size_t position);

  std::vector<Entry> heap_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::uint64_t next_order_ = 0;
};

}  // namespace tocsin::adapters
