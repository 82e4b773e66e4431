#include "app/delivery.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "adapters/command_posix/own_environment.hpp"

namespace tocsin::app {
namespace {

// A loss is a trouble for this long after the last of them.
constexpr Milliseconds kLossLasts{std::chrono::minutes{10}};
// Of the newest events about Tocsin itself: a trouble that is older is told again.
constexpr std::size_t kTroublesLookedAt = 1000;

service::Dispatcher::Hooks hooks_of(service::Watch& watch, service::Troubles& troubles) {
  service::Dispatcher::Hooks hooks;
  hooks.record = [&watch](ports::WriteBatch batch) { watch.record_delivered(std::move(batch)); };
  hooks.lost = [&troubles](std::string_view outlet, std::size_t rows, const std::string& why,
                           const ports::OutboxRow& first) {
    troubles.raise_for(fmt::format("outbox:{}", outlet), "outbox", alert::Severity::warning,
                       fmt::format("{} {} for {} given up, the first about {}: {}", rows,
                                   rows == 1 ? "notification was" : "notifications were", outlet,
                                   first.monitor, why),
                       kLossLasts);
  };
  return hooks;
}

}  // namespace

Delivery::Delivery(Network& network, service::Watch& watch, Logger& log, std::uint64_t seed)
    : commands_(network.loop(), network.clock(), network.loop().context(),
                adapters::own_environment()),
      mailer_(network.loop(), network.clock()),
      carrier_({network.clock(), network.loop(), network.resolver(), network.http(), commands_,
                mailer_}),
      troubles_(network.clock(),
                [&watch](alert::Event event, const std::vector<std::string>& channels) {
                  watch.publish(std::move(event), channels);
                }),
      dispatcher_({network.clock(), network.loop(), carrier_, log}, hooks_of(watch, troubles_), {},
                  seed),
      self_({network.clock(), log, watch, dispatcher_, carrier_, troubles_}),
      watch_(watch) {
  watch_.on_notifications(
      [this](std::vector<ports::OutboxRow> rows) { dispatcher_.deliver(std::move(rows)); });
}

Delivery::~Delivery() { watch_.on_notifications(nullptr); }

void Delivery::resume_troubles(ports::Store& store, std::move_only_function<void()> known) {
  ports::EventQuery query;
  query.monitor = service::kSelfName;
  query.limit = kTroublesLookedAt;
  store.read_events(std::move(query), [this, known = std::move(known)](
                                          Result<std::vector<ports::EventRow>> rows) mutable {
    std::vector<alert::Event> events;
    for (const ports::EventRow& row : rows.value_or(std::vector<ports::EventRow>{})) {
      if (auto event = alert::parse_event(row.json)) {
        events.push_back(std::move(*event));
      }
    }
    troubles_.resume(events, kLossLasts);
    known();
  });
}

Result<void> Delivery::resume(ports::Store& store, std::move_only_function<void()> known) {
  resume_troubles(store, std::move(known));
  auto threads = store.load_threads();
  if (!threads) {
    return std::unexpected(std::move(threads).error());
  }
  dispatcher_.resume(std::move(*threads));
  std::vector<ports::OutboxRow> waiting;
  auto loaded = store.load_outbox([&](ports::OutboxRow row) { waiting.push_back(std::move(row)); });
  if (loaded) {
    dispatcher_.deliver(std::move(waiting));
  }
  return loaded;
}

void Delivery::apply(const config::Config& config) {
  self_.set_settings(config.settings.self);
  dispatcher_.set_outlets(config.channels, config.sinks);
}

}  // namespace tocsin::app
