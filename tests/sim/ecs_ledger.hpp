#pragma once
// What was told of ECS services in a simulation, held against what may be told: events as they
// become durable, and what each channel got.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "alert/event.hpp"
#include "ports/store.hpp"
#include "support/memory_store.hpp"

namespace tocsin::test {

class EcsLedger {
 public:
  using Broken = std::function<void(const std::string& what)>;
  explicit EcsLedger(Broken broken) : broken_(std::move(broken)) {}

  // One transaction as it became durable.
  void durable(const ports::WriteBatch& batch);
  // A channel gets it: now, or once more after a kill.
  void delivered(const ports::OutboxRow& row);
  // The process was killed: what was told and is not durable never was, as far as the next knows.
  void killed();

  // When all is well for long: pages are closed, deployments have ended, history says the same.
  void settle(const StoreContents& stored) const;

  [[nodiscard]] std::uint64_t of_type(const std::string& type) const;
  [[nodiscard]] std::uint64_t events() const { return events_; }
  [[nodiscard]] std::uint64_t ended(const std::string& how) const;
  // The last lines told of a monitor.
  [[nodiscard]] std::vector<std::string> story(const std::string& monitor) const;

 private:
  struct Deployments {
    std::set<std::string> open;
    std::map<std::string, std::string> ended;  // how
    std::set<std::string> keys;                // of events
    std::set<std::string> rows;                // of notifications
    std::set<std::string> begun;               // keys of recovering and scaled
    bool deleted = false;
    std::deque<std::string> story;
  };
  struct Page {
    std::string monitor;
    std::string event_id;
  };

  void hear(const alert::Event& event);
  void hear_end(const alert::Event& event, Deployments& of);
  void begin(const alert::Event& event, Deployments& of);
  void end(const alert::Event& event, Deployments& of, const std::string& deployment,
           const std::string& how);
  void removed(const std::string& monitor);
  void require(bool held, const std::string& monitor, const std::string& what) const;

  Broken broken_;
  std::map<std::string, Deployments> monitors_;
  std::map<std::string, std::map<std::string, Page>> pages_;  // by channel and incident
  std::set<std::string> durable_;                             // ids of events
  std::set<std::string> waiting_;  // ids of events that were told and are not durable
  std::map<std::string, std::uint64_t> types_, ends_;
  std::uint64_t events_ = 0;
};

}  // namespace tocsin::test
