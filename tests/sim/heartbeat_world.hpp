#pragma once
// Heartbeats in a whole watch on virtual time: pinged by hand, killed, suspended, stepped.

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "check/assertions.hpp"
#include "check/json.hpp"
#include "config/model.hpp"
#include "service/watch.hpp"
#include "support/memory_store.hpp"
#include "support/scripted_prober.hpp"
#include "support/virtual_loop.hpp"

namespace tocsin::test {

class HeartbeatWorld {
 public:
  // As `h0`, `h1` ...; change `config` before boot() or before reload().
  explicit HeartbeatWorld(std::size_t heartbeats, Milliseconds every, Milliseconds grace)
      : prober_(loop, loop, 1) {
    store.emplace(loop, loop);
    for (std::size_t i = 0; i < heartbeats; ++i) {
      config.monitors.push_back(make(fmt::format("h{}", i), i, every, grace));
    }
  }

  [[nodiscard]] static std::string uuid(std::size_t i) {
    return fmt::format("5b1a6c6e-4d0f-4a3e-9d5c-{:012}", i);
  }

  [[nodiscard]] static config::Monitor make(const std::string& name, std::size_t i,
                                            Milliseconds every, Milliseconds grace) {
    config::Monitor out;
    out.name = name;
    auto spec = std::make_shared<check::CheckSpec>();
    check::HeartbeatCheck options;
    options.uuid = uuid(i);
    options.grace = grace;
    spec->target = options;
    spec->assertions = check::Assertions::none();
    out.check = spec;
    auto plan = std::make_shared<schedule::Plan>();
    plan->when = schedule::EveryPlan{every};
    out.plan = plan;
    auto notes = std::make_shared<config::MonitorNotes>();
    notes->notify = {alert::Recipient{"ops", {}, {}, {}}};
    notes->flapping = false;
    out.notes = notes;
    out.thresholds = {1, 1, 1};
    return out;
  }

  check::HeartbeatCheck& options(std::size_t i) {
    auto spec = std::make_shared<check::CheckSpec>(*config.monitors[i].check);
    config.monitors[i].check = spec;
    return std::get<check::HeartbeatCheck>(spec->target);
  }

  void boot() {
    watch = std::make_unique<service::Watch>(
        service::Watch::Ports{loop, loop, prober_, *store, log_}, ++boots_ * 7919);
    watch->on_notifications([this](const std::vector<ports::OutboxRow>& rows) {
      for (const ports::OutboxRow& row : rows) {
        told.push_back(std::move(*alert::parse_event(row.payload)));
      }
    });
    ASSERT_TRUE(watch->start(config));
  }
  // The process dies: what was not durable is gone.
  void kill() {
    watch.reset();
    StoreContents durable = store->contents();
    store.emplace(loop, loop, MemoryStoreOptions{}, std::move(durable));
    loop.clear();
  }

  // Returns at once; the answer comes when the loop turns.
  std::shared_ptr<std::optional<Result<void>>> send(std::size_t i, timer::Action action,
                                                    std::string rid = {}, std::string text = {}) {
    auto answer = std::make_shared<std::optional<Result<void>>>();
    timer::Ping ping;
    ping.action = action;
    ping.rid = std::move(rid);
    ping.text = std::move(text);
    watch->ping({uuid(i), {}, true}, std::move(ping),
                [answer](Result<void> result) { *answer = std::move(result); });
    return answer;
  }
  // Waits for the answer. True when it was taken.
  bool ping(std::size_t i, timer::Action action = timer::Action::success, std::string rid = {},
            std::string text = {}) {
    const auto answer = send(i, action, std::move(rid), std::move(text));
    loop.run_for(std::chrono::milliseconds{10});
    return *answer && answer->value().has_value();
  }

  [[nodiscard]] service::MonitorView view(std::size_t i) const {
    return watch->view(watch->find(fmt::format("h{}", i)));
  }
  [[nodiscard]] alert::State state(std::size_t i) const { return view(i).state.state; }
  // Stored events of `h{i}`, oldest first.
  [[nodiscard]] std::vector<alert::Event> events(std::size_t i) const {
    std::vector<alert::Event> out;
    for (const auto& [id, row] : store->contents().events) {
      if (row.monitor == fmt::format("h{}", i)) {
        out.push_back(std::move(*alert::parse_event(row.json)));
      }
    }
    return out;
  }

  VirtualLoop loop;
  std::optional<MemoryStore> store;  // a new one after every kill
  config::Config config;
  std::unique_ptr<service::Watch> watch;
  std::vector<alert::Event> told;

 private:
  ScriptedProber prober_;
  NullLogger log_;
  std::uint64_t boots_ = 0;
};

}  // namespace tocsin::test
