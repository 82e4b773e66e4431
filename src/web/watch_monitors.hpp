#pragma once

#include <utility>

#include "service/watch.hpp"
#include "web/monitors.hpp"

namespace tocsin::web {

// service::Watch as the API sees it. Borrows the watch.
class WatchMonitors final : public Monitors {
 public:
  explicit WatchMonitors(service::Watch& watch) : watch_(watch) {}

  [[nodiscard]] std::size_t size() const override { return watch_.size(); }
  [[nodiscard]] service::MonitorView view(std::size_t index) const override {
    return watch_.view(index);
  }
  [[nodiscard]] std::size_t lower_bound(std::string_view name) const override {
    return watch_.lower_bound(name);
  }
  [[nodiscard]] std::size_t find(std::string_view name) const override { return watch_.find(name); }
  [[nodiscard]] const service::WatchStats& stats() const override { return watch_.stats(); }
  [[nodiscard]] service::StoreHealth store_health() const override { return watch_.store_health(); }
  [[nodiscard]] std::vector<alert::Event> journaled_events() const override {
    return watch_.journaled_events();
  }
  void set_paused(std::string_view name, bool paused, Done done) override {
    watch_.set_paused(name, paused, std::move(done));
  }
  void ping(const service::PingOf& of, timer::Ping ping, Done done) override {
    watch_.ping(of, std::move(ping), std::move(done));
  }
  void check_now(std::string_view name,
                 std::move_only_function<void(Result<std::string>)> done) override {
    watch_.check_now(name, std::move(done));
  }

 private:
  service::Watch& watch_;
};

}  // namespace tocsin::web
