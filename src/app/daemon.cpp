#include "app/daemon.hpp"

#include <chrono>
#include <csignal>
#include <memory>
#include <utility>

#include "app/commands.hpp"

namespace tocsin::app {
namespace {

using namespace std::chrono_literals;

// What an orderly stop may take before the loop is stopped regardless.
constexpr Microseconds kStopWithin = 8s;
// What deliveries under way may take of it.
constexpr Microseconds kDeliverWithin = 4s;

}  // namespace

Daemon::Daemon(RunOptions options, std::optional<LogLevel> level)
    : options_(std::move(options)),
      level_(level),
      process_start_(adapters::ClockSystem{}.mono_now()),
      systemd_(adapters::SystemdEnvironment::take()),
      console_(terminal_style()) {}

Daemon::~Daemon() {
  if (reloading_.joinable()) {
    reloading_.join();
  }
  // Whoever posts to the loop goes before it; the store commits what it was handed.
  listener_.reset();
  api_.reset();
  timers_.reset();
  ecs_.reset();
  delivery_.reset();
  if (network_) {
    network_->stop_clients();
  }
  store_.reset();
  // After all is committed, since without it a signal kills. One that still comes has its wish.
  signals_.reset();
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGTERM, SIG_IGN);
}

int Daemon::run() {
  // One that comes while everything is loaded is a reload that waits, not the end.
  hold_reload_signal(true);
  if (const std::optional<int> code = prepare()) {
    return *code;
  }
  await_signals();
  hold_reload_signal(false);
  every_second();
  network_->loop().run();
  log_->info("stopped");
  return kDone;
}

void Daemon::hold_reload_signal(bool hold) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &set, nullptr);
}

void Daemon::await_signals() {
  if (!signals_) {
    signals_ = std::make_unique<boost::asio::signal_set>(network_->loop().context(), SIGINT,
                                                         SIGTERM, SIGHUP);
  }
  signals_->async_wait([this](const boost::system::error_code& error, int signal) {
    if (!error) {
      on_signal(signal);
      await_signals();
    }
  });
}

void Daemon::on_signal(int signal) {
  if (signal == SIGHUP) {
    begin_reload("SIGHUP");
    return;
  }
  if (++stop_signals_ > 1) {
    log_->warn("second signal: stopping at once");
    network_->loop().stop();
    return;
  }
  begin_stop(signal == SIGINT ? "SIGINT" : "SIGTERM");
}

void Daemon::begin_stop(std::string_view why) {
  log_->info("stopping", {{"signal", why}});
  tell(systemd_.stopping());
  network_->loop().call_at(network_->clock().mono_now() + kStopWithin, [this] {
    log_->warn("stopping took too long; checks and answers under way are cut");
    network_->loop().stop();
  });
  // Requests under way may still read the watch: the listeners go first.
  listener_->stop([this] {
    if (timers_) {
      timers_->stop([this] { stop_delivering(); });
    } else {
      stop_delivering();
    }
  });
}

void Daemon::stop_delivering() {
  if (ecs_) {
    ecs_->stop();
  }
  const auto once = std::make_shared<bool>(false);
  const auto next = [this, once] {
    if (!std::exchange(*once, true)) {
      watch_->stop([this] { finish_stop(); });
    }
  };
  network_->loop().call_at(network_->clock().mono_now() + kDeliverWithin, next);
  delivery_->stop(next);
}

void Daemon::tell(const Result<void>& told) {
  if (!told) {
    log_->warn("systemd was not told: " + told.error().message);
  }
}

void Daemon::finish_stop() { network_->loop().stop(); }

void Daemon::every_second() {
  network_->loop().call_at(network_->clock().mono_now() + 1s, [this] {
    if (const auto interval = systemd_.watchdog_interval();
        interval && network_->clock().mono_now() >= next_watchdog_) {
      next_watchdog_ = network_->clock().mono_now() + *interval;
      tell(systemd_.watchdog());
    }
    delivery_->tick();
    if (timers_) {
      timers_->tick();
    }
    if (ecs_) {
      ecs_->tick();
    }
    watch_files();
    every_second();
  });
}

int run_daemon(const RunOptions& options, std::optional<LogLevel> level) {
  Daemon daemon(options, level);
  return daemon.run();
}

}  // namespace tocsin::app
