#pragma once
// What receivers got in a simulation, and what should have come: every message is logged, and at
// the end held against the events that the store knows.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alert/event.hpp"
#include "base/time.hpp"
#include "config/model.hpp"
#include "ports/store.hpp"
#include "support/memory_store.hpp"

namespace tocsin::test {

class AlertLedger {
 public:
  using Broken = std::function<void(const std::string& what)>;
  explicit AlertLedger(Broken broken) : broken_(std::move(broken)) {}

  // A row may leave now. Repeated after a kill.
  void issued(const ports::OutboxRow& row);
  // A receiver took an event; `at` is when.
  void arrived(const std::string& channel, const alert::Event& event, Instant at);
  // The receiver took it, but its answer says otherwise: it must come again.
  void unanswered(const std::string& channel, const alert::Event& event);
  // The process was killed: what arrived without being recorded may come once more.
  void killed(const StoreContents& left);

  // Acknowledgements of an incident, as they became durable: reminders and escalation stop.
  void acknowledged(const std::string& incident, Instant at);

  // When all is quiet: every event in the store against what arrived.
  void settle(const StoreContents& stored, const std::vector<config::Monitor>& monitors) const;

  [[nodiscard]] std::uint64_t arrivals() const { return arrivals_; }
  [[nodiscard]] std::uint64_t of_type(std::string_view type) const;
  // Longest time from a row's creation to its first arrival, since the last call.
  [[nodiscard]] Milliseconds take_slowest(const std::string& channel) {
    return std::exchange(slowest_[channel], Milliseconds{0});
  }
  [[nodiscard]] std::uint64_t late() const { return late_; }
  [[nodiscard]] std::uint64_t repeated() const { return repeated_; }

 private:
  struct Issue {
    std::uint64_t number = 0;
    Instant created{};
    alert::Event event;
  };
  struct Incident {
    alert::Event opening;
    std::optional<alert::Event> end;
    bool held = false;  // as the opening says
  };
  using Incidents = std::map<std::string, Incident>;

  void require(bool held, const std::string& what) const {
    if (!held) broken_(what);
  }
  [[nodiscard]] bool reached(const std::string& channel, const alert::Event& event) const {
    return count_.contains(channel + "/" + event.id);
  }
  [[nodiscard]] static Incidents incidents_of(const StoreContents& stored);
  void settle_incident(const Incident& incident, const config::Monitor* monitor) const;
  void settle_times(const Incidents& incidents, const std::vector<config::Monitor>& monitors) const;

  Broken broken_;
  std::map<std::string, Issue> issues_;  // by key
  std::uint64_t next_number_ = 1;
  std::map<std::string, unsigned> count_;                                // arrivals by key
  std::map<std::string, unsigned> allowed_;                              // beyond the first
  std::map<std::pair<std::string, std::string>, std::uint64_t> newest_;  // channel, monitor: number
  std::map<std::string, std::vector<Instant>> acknowledged_;             // by incident
  std::map<std::string, Milliseconds> slowest_;                          // by channel
  std::uint64_t arrivals_ = 0, late_ = 0, repeated_ = 0;
};

}  // namespace tocsin::test
