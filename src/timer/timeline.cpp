#include "timer/timeline.hpp"

#include <chrono>

namespace tocsin::timer {
namespace {

constexpr Milliseconds kStep{1000};

}  // namespace

Timeline::Timeline(Instant wall, MonoTime mono, Milliseconds lead)
    : anchor_(wall + lead), anchor_mono_(mono), lead_(lead) {}

Instant Timeline::at(MonoTime mono) const {
  return anchor_ + std::chrono::floor<Milliseconds>(mono - anchor_mono_);
}

bool Timeline::observe(Instant wall, MonoTime mono) {
  const Milliseconds lead = at(mono) - wall;
  if (std::chrono::abs(lead - lead_) < kStep) {
    return false;
  }
  lead_ = lead;
  return true;
}

}  // namespace tocsin::timer
