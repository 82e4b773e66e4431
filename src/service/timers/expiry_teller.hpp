#pragma once
// Turns what the timers' loop noticed into events for the rule's recipients. Main loop.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "alert/event.hpp"
#include "ports/loop.hpp"
#include "ports/store.hpp"
#include "service/timers/notice.hpp"
#include "service/watch.hpp"

namespace tocsin::service {

class ExpiryTeller {
 public:
  // Gives back what is in the outbox; the caller takes it to the timers' loop.
  using Told = std::function<void(Notice)>;
  // Everything is borrowed. `link`: of the API, for messages about many timers; "" none.
  ExpiryTeller(Watch& watch, ports::Store& store, const ports::Clock& clock, std::string link,
               Told told);

  void tell(Notice notice);
  // Of each rule, whether something silences it now.
  [[nodiscard]] std::vector<bool> quiet(const std::vector<timer::Rule>& rules) const;

 private:
  void look_up(Notice notice, alert::Event event);
  void looked_up(const std::string& id);
  void publish(Notice notice, alert::Event event);
  [[nodiscard]] alert::Event event_of(const Notice& notice) const;
  void describe_one(const Notice& notice, alert::Event& event) const;
  void describe_many(const Notice& notice, alert::Event& event) const;

  Watch& watch_;
  ports::Store& store_;
  const ports::Clock& clock_;
  std::string link_;
  Told told_;
  // By timer, while the store is asked whether its expiry was told: what came since, in its order.
  std::map<std::string, std::vector<Notice>> behind_;
};

}  // namespace tocsin::service
