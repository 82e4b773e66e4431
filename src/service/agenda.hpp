#pragma once
// Who is due next: one entry per monitor in an indexed four-ary heap. Passive; no clock. A million
// idle monitors cost 20 bytes each here and nothing else.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.hpp"

namespace tocsin::service {

class Agenda {
 public:
  struct Entry {
    MonoTime due;
    std::uint32_t slot = 0;
  };

  // Sets or moves the due time of `slot`. O(log n).
  void set(std::uint32_t slot, MonoTime due);
  // Nothing happens when it has none.
  void remove(std::uint32_t slot);
  // The earliest entry; ties in order of slot. nullopt when empty.
  [[nodiscard]] std::optional<Entry> earliest() const;
  [[nodiscard]] std::size_t size() const { return heap_.size(); }

 private:
  static constexpr std::uint32_t kAbsent = UINT32_MAX;

  [[nodiscard]] bool before(const Entry& a, const Entry& b) const {
    return a.due != b.due ? a.due < b.due : a.slot < b.slot;
  }
  void place(std::size_t at, Entry entry);
  void sift_up(std::size_t at, Entry entry);
  void sift_down(std::size_t at, Entry entry);

  std::vector<Entry> heap_;
  std::vector<std::uint32_t> position_;  // by slot
};

}  // namespace tocsin::service
