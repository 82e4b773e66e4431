#include "service/agenda.hpp"

#include <algorithm>

namespace tocsin::service {
namespace {
constexpr std::size_t kArity = 4;
}

void Agenda::place(std::size_t at, Entry entry) {
  position_[entry.slot] = static_cast<std::uint32_t>(at);
  heap_[at] = entry;
}

void Agenda::sift_up(std::size_t at, Entry entry) {
  while (at > 0) {
    const std::size_t parent = (at - 1) / kArity;
    if (!before(entry, heap_[parent])) {
      break;
    }
    place(at, heap_[parent]);
    at = parent;
  }
  place(at, entry);
}

void Agenda::sift_down(std::size_t at, Entry entry) {
  for (;;) {
    const std::size_t first = at * kArity + 1;
    if (first >= heap_.size()) {
      break;
    }
    std::size_t least = first;
    const std::size_t end = std::min(first + kArity, heap_.size());
    for (std::size_t child = first + 1; child < end; ++child) {
      if (before(heap_[child], heap_[least])) {
        least = child;
      }
    }
    if (!before(heap_[least], entry)) {
      break;
    }
    place(at, heap_[least]);
    at = least;
  }
  place(at, entry);
}

void Agenda::set(std::uint32_t slot, MonoTime due) {
  if (slot >= position_.size()) {
    position_.resize(slot + 1, kAbsent);
  }
  const Entry entry{due, slot};
  const std::uint32_t at = position_[slot];
  if (at == kAbsent) {
    heap_.push_back(entry);
    sift_up(heap_.size() - 1, entry);
  } else if (before(entry, heap_[at])) {
    sift_up(at, entry);
  } else {
    sift_down(at, entry);
  }
}

void Agenda::remove(std::uint32_t slot) {
  if (slot >= position_.size() || position_[slot] == kAbsent) {
    return;
  }
  const std::size_t at = position_[slot];
  position_[slot] = kAbsent;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (at == heap_.size()) {
    return;
  }
  if (at > 0 && before(last, heap_[(at - 1) / kArity])) {
    sift_up(at, last);
  } else {
    sift_down(at, last);
  }
}

std::optional<Agenda::Entry> Agenda::earliest() const {
  return heap_.empty() ? std::nullopt : std::optional(heap_.front());
}

}  // namespace tocsin::service
