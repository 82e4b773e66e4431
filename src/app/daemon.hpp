#pragma once
// The composition root of `tocsin run`: builds everything, connects it, turns the loop, takes it
// down.

#include <boost/asio/signal_set.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "adapters/log_spdlog/log_spdlog.hpp"
#include "adapters/systemd/systemd_notify.hpp"
#include "app/config_source.hpp"
#include "app/console.hpp"
#include "app/delivery.hpp"
#include "app/ecs_side.hpp"
#include "app/network.hpp"
#include "app/options.hpp"
#include "app/timer_side.hpp"
#include "ports/store.hpp"
#include "service/watch.hpp"
#include "web/api.hpp"
#include "web/http/listener.hpp"
#include "web/watch_alerting.hpp"
#include "web/watch_monitors.hpp"

namespace tocsin::app {

// Lives on the thread that calls run(), which is the loop thread.
class Daemon {
 public:
  Daemon(RunOptions options, std::optional<LogLevel> level);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Until a signal stops it. Exit code.
  int run();

 private:
  // daemon_start.cpp
  [[nodiscard]] std::optional<int> prepare();
  [[nodiscard]] Result<void> open_everything();
  [[nodiscard]] Result<void> open_timers();
  [[nodiscard]] std::optional<web::EcsFigures> ecs_figures() const;
  void apply_ecs(const config::EcsSettings& settings);
  void open_api(const config::Settings& settings);
  void on_change(const service::StateChange& change);
  void show_table_when_ready(MonoTime give_up);

  // daemon.cpp
  static void hold_reload_signal(bool hold);
  void await_signals();
  void on_signal(int signal);
  void begin_stop(std::string_view why);
  void stop_delivering();
  void finish_stop();
  void every_second();
  void tell(const Result<void>& told);

  // daemon_reload.cpp
  void begin_reload(std::string_view why);
  void finish_reload(Result<LoadedConfig> loaded);
  void report(const LoadedConfig& loaded);
  void watch_files();
  void tell_of_config();
  void tell_of_config_at_start();
  void refuse_reload(const std::string& why);

  RunOptions options_;
  std::optional<LogLevel> level_;
  MonoTime process_start_;
  LoadedConfig loaded_;
  web::ConfigProblems problems_;
  std::unique_ptr<adapters::LogSpdlog> log_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<ports::Store> store_;
  std::unique_ptr<service::Watch> watch_;
  std::unique_ptr<Delivery> delivery_;
  std::unique_ptr<web::WatchMonitors> monitors_;
  std::unique_ptr<web::WatchAlerting> alerting_;
  std::unique_ptr<TimerSide> timers_;  // null without `timers`
  std::unique_ptr<EcsSide> ecs_;       // null until a cluster is watched
  std::unique_ptr<web::Api> api_;
  web::TransportStats transport_;
  std::unique_ptr<web::Listener> listener_;
  std::unique_ptr<boost::asio::signal_set> signals_;
  adapters::SystemdNotify systemd_;
  MonoTime next_watchdog_{};
  Console console_;
  std::jthread reloading_;  // reads and validates files off the loop
  bool reload_runs_ = false;
  bool reload_again_ = false;
  std::uint64_t files_seen_ = 0;  // fingerprint of the configuration files
  std::uint64_t files_last_look_ = 0;
  int stop_signals_ = 0;
};

}  // namespace tocsin::app
