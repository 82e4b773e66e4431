#pragma once
// What the API asks of the running watch; tests script it. Real: web/watch_monitors.hpp.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/event.hpp"
#include "base/result.hpp"
#include "service/views.hpp"

namespace tocsin::web {

// Loop thread only. Meanings are those of service::Watch.
class Monitors {
 public:
  using Done = std::move_only_function<void(Result<void>)>;

  Monitors() = default;
  Monitors(const Monitors&) = delete;
  Monitors& operator=(const Monitors&) = delete;
  virtual ~Monitors() = default;

  // Numbered 0 to size() - 1 in name order; a view and a number hold until the loop turns.
  [[nodiscard]] virtual std::size_t size() const = 0;
  [[nodiscard]] virtual service::MonitorView view(std::size_t index) const = 0;
  // The first monitor whose name is >= `name`; size() when there is none.
  [[nodiscard]] virtual std::size_t lower_bound(std::string_view name) const = 0;
  // size() when there is no such monitor.
  [[nodiscard]] virtual std::size_t find(std::string_view name) const = 0;
  [[nodiscard]] virtual const service::WatchStats& stats() const = 0;
  [[nodiscard]] virtual service::StoreHealth store_health() const = 0;
  // Announced but not yet in the store, oldest first.
  [[nodiscard]] virtual std::vector<alert::Event> journaled_events() const = 0;

  virtual void set_paused(std::string_view name, bool paused, Done done) = 0;
  virtual void ping(const service::PingOf& of, timer::Ping ping, Done done) = 0;
  virtual void check_now(std::string_view name,
                         std::move_only_function<void(Result<std::string>)> done) = 0;
};

}  // namespace tocsin::web
