#pragma once
// What was seen of services of a live cluster, becoming sequences (scenario.hpp): one per service,
// on a relative clock, without numbers of accounts. Pure.

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "deployment/options.hpp"
#include "deployment/scenario.hpp"

namespace tocsin::deployment {

class Recording {
 public:
  // What is looked at; the options of a service's first look are those of its sequence.
  struct Target {
    const std::string& name;
    const Options& options;
  };

  // `begin` becomes second 0.
  explicit Recording(Instant begin) : begin_(begin) {}

  // One look at a service, `elapsed` after the begin. What it has of Unanswered::error goes into
  // the file: it names no account and no caller. `fleet_known`: every service that is there was
  // looked at before, so that one of which nothing was seen yet is new.
  void seen(const Target& target, Milliseconds elapsed, Observation observation, bool fleet_known);

  // The service was deleted, as far as the last looks say.
  [[nodiscard]] bool is_gone(std::string_view service) const;
  // AWS said that it does not know the service, and no look showed it.
  [[nodiscard]] bool never_was(std::string_view service) const;
  // Of which a look showed something, and their looks.
  [[nodiscard]] std::size_t services() const;
  [[nodiscard]] std::size_t polls() const;
  // The others, in order.
  [[nodiscard]] std::vector<std::string> unseen() const;
  // Looks that AWS answered.
  [[nodiscard]] std::size_t answered() const { return answered_; }
  // Of the file, about, never less.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  // Of services(), in the order of their names.
  [[nodiscard]] std::vector<Scenario> sequences() const;

 private:
  struct Service {
    Options options;
    std::vector<ScenarioPoll> polls;
    Instant newest_event{};
    std::int64_t missing = 0;  // in a row
    bool was_there = false;    // a look showed it
  };

  void simplify(Snapshot& snapshot, Service& service) const;
  [[nodiscard]] Instant relative(Instant at) const;

  Instant begin_;
  std::map<std::string, Service, std::less<>> services_;
  std::size_t answered_ = 0;
  std::size_t bytes_ = 0;
};

// The text with each number of exactly twelve digits, as accounts have, replaced by zeros.
[[nodiscard]] std::string without_accounts(std::string text);

}  // namespace tocsin::deployment
