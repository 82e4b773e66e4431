// `tocsin timers`: the timer listener on a DynamoDB table and nothing else, as the service that it
// replaces was started: REGION TABLE_NAME PORT.

#include <fmt/format.h>

#include <boost/asio/signal_set.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>

#include "adapters/log_spdlog/log_spdlog.hpp"
#include "app/commands.hpp"
#include "app/config_source.hpp"
#include "app/descriptor_limit.hpp"
#include "app/network.hpp"
#include "app/timer_side.hpp"

namespace tocsin::app {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds kStopWithin = 10s;

config::TimerSettings settings_of(const TimersOptions& options) {
  config::TimerSettings settings;
  settings.listen.emplace();
  settings.listen->host = "0.0.0.0";
  settings.listen->port = options.port;
  settings.dynamodb.emplace();
  settings.dynamodb->table = options.table;
  settings.dynamodb->region = options.region;
  return settings;
}

// The first signal lets requests under way end, the second does not.
class Stopper {
 public:
  Stopper(Network& network, TimerSide& timers, Logger& log)
      : network_(network),
        timers_(timers),
        log_(log),
        signals_(network.loop().context(), SIGINT, SIGTERM) {
    await();
  }

 private:
  void await() {
    signals_.async_wait([this](const boost::system::error_code& error, int /*signal*/) {
      if (error) {
        return;
      }
      if (std::exchange(stopping_, true)) {
        network_.loop().stop();
        return;
      }
      log_.info("stopping");
      network_.loop().call_at(network_.clock().mono_now() + kStopWithin,
                              [this] { network_.loop().stop(); });
      timers_.stop([this] { network_.loop().stop(); });
      await();
    });
  }

  Network& network_;
  TimerSide& timers_;
  Logger& log_;
  boost::asio::signal_set signals_;
  bool stopping_ = false;
};

}  // namespace

int serve_timers(const TimersOptions& options, std::optional<LogLevel> level) {
  config::Settings settings;
  settings.timers = settings_of(options);
  adapters::LogSpdlog log(log_options(settings, level));
  raise_descriptor_limit(settings, log);
  Network network(settings.limits);
  auto opened = TimerSide::open(*settings.timers, {.network = network,
                                                   .watch = nullptr,
                                                   .store = nullptr,
                                                   .log = log,
                                                   .main_store_path = "",
                                                   .link = ""});
  if (!opened) {
    log.error(opened.error().message);
    return kFailed;
  }
  const Stopper stopper(network, **opened, log);
  (*opened)->start();
  fmt::print("timers at {}\n", (*opened)->url());
  std::fflush(stdout);
  network.loop().run();
  opened->reset();
  network.stop_clients();
  return kDone;
}

}  // namespace tocsin::app
