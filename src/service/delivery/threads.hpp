#pragma once
// Which message a channel sent about which incident, so that what follows can answer or update it.
// One message may stand for thousands of incidents: what it shows now is kept once, not with each.
// Loop thread only. What has to become durable is added to the batch that every change takes.

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "notification/format.hpp"
#include "ports/store.hpp"

namespace tocsin::service {

class Threads {
 public:
  void resume(std::vector<ports::ThreadRow> rows);

  // Nullptr: nothing was sent about it, or that is forgotten.
  [[nodiscard]] const std::string* reference(const std::string& channel,
                                             const std::string& incident) const;
  [[nodiscard]] std::optional<notification::Earlier> earlier(const std::string& channel,
                                                             const std::string& incident) const;

  void open(const std::string& channel, const std::string& incident, const std::string& reference,
            Instant at, ports::WriteBatch& batch);
  void close(const std::string& channel, const std::string& incident, ports::WriteBatch& batch);
  // What the message shows from now on. Without an incident that it is about, nothing happens.
  void show(const std::string& channel, const std::string& reference, std::string content,
            Instant at, ports::WriteBatch& batch);
  // Somebody removed the message: what follows is a message of its own.
  void forget(const std::string& channel, const std::string& reference, ports::WriteBatch& batch);
  // What was begun before `oldest`; of services of ECS, whose incidents may last as long as nobody
  // deploys, before `oldest_of_services`.
  void forget_before(Instant oldest, Instant oldest_of_services, ports::WriteBatch& batch);

 private:
  using Key = std::pair<std::string, std::string>;  // channel, and incident or reference
  struct Incident {
    std::string reference;
    Instant created{};
  };
  struct Shown {
    std::string content;
    std::size_t incidents = 0;
  };
  using Incidents = std::map<Key, Incident>;

  Incidents::iterator end(Incidents::iterator at, ports::WriteBatch& batch);

  Incidents incidents_;
  std::map<Key, Shown> shown_;
};

}  // namespace tocsin::service
