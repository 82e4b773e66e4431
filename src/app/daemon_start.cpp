// From the command line to a turning loop.

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <random>
#include <utility>

#include "adapters/config_files/config_files.hpp"
#include "adapters/store_sqlite/store_sqlite.hpp"
#include "app/daemon.hpp"
#include "app/descriptor_limit.hpp"
#include "app/version.hpp"

namespace tocsin::app {
namespace {

using namespace std::chrono_literals;

// The table is shown when every monitor has an outcome, or after this.
constexpr Microseconds kTableWithin = 4s;
// Longest that the store's writer waits for company, so that one sync serves many checks.
constexpr Milliseconds kGather = 50ms;

std::uint64_t fresh_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32U) | device();
}

}  // namespace

std::optional<int> Daemon::prepare() {
  auto loaded = load_config(options_.config);
  if (!loaded) {
    fmt::print(stderr, "tocsin: {}\n", loaded.error().message);
    return kUsage;
  }
  loaded_ = std::move(*loaded);
  if (!loaded_.config) {
    print_diagnostics(loaded_, stderr);
    fmt::print(stderr, "tocsin: the configuration is broken; nothing was started\n");
    return kUsage;
  }
  const config::Settings& settings = loaded_.config->settings;
  log_ = std::make_unique<adapters::LogSpdlog>(log_options(settings, level_));
  log_->set_secrets(loaded_.secrets);
  report(loaded_);
  if (const auto safe = web::check_listen_safety(settings); !safe) {
    log_->error(safe.error().message);
    return kUsage;
  }
  raise_descriptor_limit(settings, *log_);
  if (const auto opened = open_everything(); !opened) {
    log_->error(opened.error().message);
    return kFailed;
  }
  return std::nullopt;
}

Result<void> Daemon::open_everything() {
  const config::Settings& settings = loaded_.config->settings;
  network_ = std::make_unique<Network>(settings.limits);
  web::ListenerOptions listen;
  listen.listen = settings.listen;
  listen.connections = settings.limits.connections;
  // The port first: a second daemon on the same configuration must not touch the store.
  auto listener = web::Listener::open(
      network_->loop().context(), listen,
      {.refuse_head = [this](const web::Request& head) { return api_->refuse_head(head); },
       .handle =
           [this](web::Request request, web::Responder respond) {
             api_->handle(std::move(request), std::move(respond));
           },
       .keep_of_body = [this](const web::Request& head) { return api_->keep_of_body(head); }},
      *log_, transport_);
  if (!listener) {
    return std::unexpected(std::move(listener).error());
  }
  listener_ = std::move(*listener);
  auto store = store_sqlite::StoreSqlite::open(network_->loop(), network_->clock(),
                                               {.path = settings.store.path,
                                                .retention = settings.retention,
                                                .reserve_bytes = settings.store.reserve_bytes,
                                                .gather = kGather},
                                               *log_);
  if (!store) {
    return std::unexpected(std::move(store).error());
  }
  store_ = std::move(*store);
  watch_ =
      std::make_unique<service::Watch>(service::Watch::Ports{network_->clock(), network_->loop(),
                                                             network_->prober(), *store_, *log_},
                                       fresh_seed());
  watch_->hide(loaded_.secrets);
  watch_->on_change([this](const service::StateChange& change) { on_change(change); });
  delivery_ = std::make_unique<Delivery>(*network_, *watch_, *log_, fresh_seed());
  delivery_->apply(*loaded_.config);
  if (auto resumed = delivery_->resume(*store_, [this] { tell_of_config_at_start(); }); !resumed) {
    return resumed;
  }
  if (auto started = watch_->start(*loaded_.config); !started) {
    return started;
  }
  if (auto opened = open_timers(); !opened) {
    return opened;
  }
  open_api(settings);
  apply_ecs(settings.ecs);
  if (timers_) {
    timers_->start();
    if (!timers_->url().empty()) {
      console_.print(fmt::format("timers at {}\n", timers_->url()));
    }
  }
  files_seen_ = adapters::config_fingerprint(options_.config);
  loaded_.config->monitors = {};  // the watch has its own; at 100,000 they are worth freeing
  const std::size_t clusters = settings.ecs.clusters.size();
  console_.print(fmt::format("tocsin {} watches {} monitors{}; API at {}\n", kVersion,
                             watch_->size(),
                             clusters == 0   ? std::string()
                             : clusters == 1 ? " and an ECS cluster"
                                             : fmt::format(" and {} ECS clusters", clusters),
                             listener_->url()));
  tell(systemd_.ready());
  show_table_when_ready(process_start_ + kTableWithin);
  return {};
}

void Daemon::open_api(const config::Settings& settings) {
  monitors_ = std::make_unique<web::WatchMonitors>(*watch_);
  alerting_ = std::make_unique<web::WatchAlerting>(*watch_, delivery_->dispatcher());
  api_ = std::make_unique<web::Api>(web::Context{.monitors = *monitors_,
                                                 .store = *store_,
                                                 .clock = network_->clock(),
                                                 .loop = network_->loop(),
                                                 .log = *log_,
                                                 .version = kVersion,
                                                 .started_at = network_->clock().now(),
                                                 .started_mono = process_start_,
                                                 .config_problems = [this] { return problems_; },
                                                 .transport = &transport_,
                                                 .alerting = alerting_.get(),
                                                 .timers = timers_.get(),
                                                 .ecs = [this] { return ecs_figures(); }},
                                    settings);
}

std::optional<web::EcsFigures> Daemon::ecs_figures() const {
  if (!ecs_) {
    return std::nullopt;
  }
  const service::Fleet::Stats stats = ecs_->stats();
  return web::EcsFigures{stats.services, stats.clusters_failing, stats.looks,
                         stats.unread,   ecs_->calls(),          stats.notices};
}

Result<void> Daemon::open_timers() {
  const config::Settings& settings = loaded_.config->settings;
  if (!settings.timers) {
    return {};
  }
  auto opened = TimerSide::open(*settings.timers, {.network = *network_,
                                                   .watch = watch_.get(),
                                                   .store = store_.get(),
                                                   .log = *log_,
                                                   .main_store_path = settings.store.path,
                                                   .link = listener_->url()});
  if (!opened) {
    return std::unexpected(std::move(opened).error());
  }
  timers_ = std::move(*opened);
  return {};
}

// Also without a cluster, when services of an earlier configuration are to be let go.
void Daemon::apply_ecs(const config::EcsSettings& settings) {
  if (!ecs_ && settings.clusters.empty() && watch_->left_behind().empty()) {
    return;
  }
  if (!ecs_) {
    ecs_ =
        std::make_unique<EcsSide>(*network_, *watch_, delivery_->troubles(), *log_, fresh_seed());
  }
  ecs_->apply(settings);
}

void Daemon::on_change(const service::StateChange& change) {
  console_.change(change);
  if (change.event == nullptr) {
    return;
  }
  // As text the terminal has said it already.
  const alert::Event& event = *change.event;
  log_->log(loaded_.config->settings.log.json ? LogLevel::info : LogLevel::debug, event.message,
            {{"event", event.id},
             {"type", event.type},
             {"monitor", event.monitor},
             {"state", event.state},
             {"reason", event.reason},
             {"incident", event.incident},
             {"severity", alert::to_string(event.severity)}});
}

void Daemon::show_table_when_ready(MonoTime give_up) {
  const service::WatchStats& stats = watch_->stats();
  const bool all_known =
      stats.monitors_by_state[static_cast<std::size_t>(alert::State::fresh)] == 0 &&
      (!ecs_ || ecs_->settled());
  const MonoTime now = network_->clock().mono_now();
  if (all_known || now >= give_up) {
    console_.table(*watch_, network_->clock().now());
    return;
  }
  network_->loop().call_at(now + 100ms, [this, give_up] { show_table_when_ready(give_up); });
}

}  // namespace tocsin::app
