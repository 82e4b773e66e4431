#pragma once
// Targets with a hidden health of their own, for simulations: they go down and come back, answer
// slowly or not at all, and now and then the fault is ours. Everything follows from the seed.

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "base/random.hpp"
#include "ports/loop.hpp"
#include "ports/prober.hpp"

namespace tocsin::test {

struct TargetFaults {
  // Chances per 10,000 checks.
  std::uint64_t flip = 20;     // the target changes between healthy and broken
  std::uint64_t glitch = 50;   // one check fails although the target is healthy
  std::uint64_t unknown = 30;  // our own fault
  std::uint64_t hang = 20;     // no answer until the timeout
};

class ScriptedProber final : public ports::Prober {
 public:
  ScriptedProber(ports::Loop& loop, const ports::Clock& clock, std::uint64_t seed)
      : loop_(loop), clock_(clock), random_(seed) {}

  void start(std::shared_ptr<const check::CheckSpec> spec,
             std::move_only_function<void(check::Outcome)> done) override;

  void set_faults(TargetFaults faults) { faults_ = faults; }
  // From now on every check of every target passes.
  void heal() { healed_ = true; }
  // Fixes what the target named by its URL answers, until told otherwise.
  void force(const std::string& url, check::Status status) { forced_[url] = status; }
  // Every check of the target runs into its timeout.
  void force_hang(const std::string& url) { hanging_.insert(url); }
  // The process was killed: its checks never answer.
  void forget_in_flight() { in_flight_ = 0; }
  void release(const std::string& url) { forced_.erase(url); }

  // Called with the URL when a check starts and after its answer was handed over.
  std::function<void(const std::string&)> on_start;
  std::function<void(const std::string&)> on_done;
  [[nodiscard]] std::uint64_t started() const { return started_; }
  [[nodiscard]] std::uint64_t in_flight() const { return in_flight_; }

 private:
  check::Outcome decide(const std::string& url, Milliseconds timeout, Milliseconds& latency);

  ports::Loop& loop_;
  const ports::Clock& clock_;
  Random random_;
  TargetFaults faults_;
  bool healed_ = false;
  std::map<std::string, bool> broken_;
  std::map<std::string, check::Status> forced_;
  std::set<std::string> hanging_;
  std::uint64_t started_ = 0;
  std::uint64_t in_flight_ = 0;
};

}  // namespace tocsin::test
