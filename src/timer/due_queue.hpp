#pragma once
// Millions of deadlines in few bytes each: a timing wheel of buckets that grow coarser with
// distance, opened when their time begins. An entry may be outdated: whoever takes it checks what
// it says.

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/time.hpp"

namespace tocsin::timer {

// Names the bucket that an item is in; of a deadline that moved later the item stays where it is.
using Stamp = std::uint32_t;
inline constexpr Stamp kNotQueued = 0;

class DueQueue {
 public:
  struct Entry {
    std::uint32_t item = 0;
    Stamp stamp = kNotQueued;
  };

  // `base`: no deadline before it is told apart from it.
  explicit DueQueue(Instant base) : base_(base) {}

  // In which bucket a deadline belongs, as seen at `now`; never kNotQueued.
  [[nodiscard]] Stamp stamp_for(Instant deadline, Instant now) const;
  // When the bucket begins: not after any deadline that belongs in it.
  [[nodiscard]] Instant begin_of(Stamp stamp) const;
  void add(std::uint32_t item, Stamp stamp);
  // Moves the entries of all buckets that have begun to the end of `out`.
  void take_begun(Instant now, std::vector<Entry>& out);
  [[nodiscard]] std::optional<Instant> next() const;
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t bytes() const;
  void clear();

 private:
  Instant base_;
  std::size_t size_ = 0;
  std::map<Stamp, std::vector<std::uint32_t>> buckets_;  // in order of their begin
};

}  // namespace tocsin::timer
