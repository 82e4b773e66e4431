#pragma once
// For tests only: a watch of scripted monitors, a store of scripted rows, and the API on top.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "check/assertions.hpp"
#include "support/virtual_loop.hpp"
#include "web/api.hpp"
#include "web/test_alerting.hpp"

namespace tocsin::web::test {

struct ScriptedMonitor {
  config::Monitor config;
  service::MonitorView view;  // config and last_json are filled in when asked
  std::string last_json;
  alert::OpenBuckets buckets;
};

inline config::Monitor make_config(const std::string& name, alert::Labels labels, bool tcp) {
  config::Monitor out;
  out.name = name;
  auto spec = std::make_shared<check::CheckSpec>();
  if (tcp) {
    spec->target = check::TcpCheck{};
  } else {
    spec->target = check::HttpCheck{};
  }
  out.check = std::move(spec);
  auto notes = std::make_shared<config::MonitorNotes>();
  notes->labels = std::move(labels);
  out.notes = std::move(notes);
  return out;
}

class ScriptedMonitors final : public Monitors {
 public:
  ScriptedMonitor& add(const std::string& name, alert::State state = alert::State::up,
                       alert::Labels labels = {}, bool tcp = false) {
    auto monitor = std::make_unique<ScriptedMonitor>();
    monitor->config = make_config(name, std::move(labels), tcp);
    monitor->view.state.state = state;
    monitor->view.state.since = from_unix_ms(1'767'225'600'000);
    ScriptedMonitor& out = *monitor;
    by_name_[name] = std::move(monitor);
    renumber();
    return out;
  }
  void remove(const std::string& name) {
    by_name_.erase(name);
    renumber();
  }
  // For many: adds without renumbering each time.
  void add_many(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      auto monitor = std::make_unique<ScriptedMonitor>();
      std::string name = std::to_string(1'000'000 + i);
      name[0] = 'm';
      monitor->config = make_config(name, {}, false);
      by_name_[name] = std::move(monitor);
    }
    renumber();
  }

  [[nodiscard]] std::size_t size() const override { return order_.size(); }
  [[nodiscard]] service::MonitorView view(std::size_t index) const override {
    ++views;
    const ScriptedMonitor& monitor = *order_[index];
    service::MonitorView out = monitor.view;
    out.config = &monitor.config;
    out.last_json = monitor.last_json;
    out.buckets = &monitor.buckets;
    return out;
  }
  [[nodiscard]] std::size_t lower_bound(std::string_view name) const override {
    std::size_t low = 0;
    std::size_t high = order_.size();
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      (order_[middle]->config.name < name ? low : high) =
          order_[middle]->config.name < name ? middle + 1 : middle;
    }
    return low;
  }
  [[nodiscard]] std::size_t find(std::string_view name) const override {
    const std::size_t index = lower_bound(name);
    return index < size() && order_[index]->config.name == name ? index : size();
  }
  [[nodiscard]] const service::WatchStats& stats() const override { return stats_; }
  [[nodiscard]] service::StoreHealth store_health() const override { return health; }
  [[nodiscard]] std::vector<alert::Event> journaled_events() const override { return journal; }
  void set_paused(std::string_view name, bool paused, Done done) override {
    paused_calls.emplace_back(name, paused);
    done(pause_result);
  }
  void ping(const service::PingOf& of, timer::Ping ping, Done done) override {
    pings.emplace_back(of, std::move(ping));
    done(ping_result);
  }
  void check_now(std::string_view name,
                 std::move_only_function<void(Result<std::string>)> done) override {
    checked.emplace_back(name);
    if (hold_checks) {
      held.push_back(std::move(done));
    } else {
      done(check_result);
    }
  }

  service::WatchStats stats_;
  service::StoreHealth health;
  std::vector<alert::Event> journal;
  std::vector<std::pair<service::PingOf, timer::Ping>> pings;
  Result<void> pause_result;
  Result<void> ping_result;
  Result<std::string> check_result{R"({"status":"up"})"};
  bool hold_checks = false;
  std::vector<std::move_only_function<void(Result<std::string>)>> held;
  std::vector<std::pair<std::string, bool>> paused_calls;
  std::vector<std::string> checked;
  mutable std::size_t views = 0;

 private:
  void renumber() {
    order_.clear();
    for (const auto& [name, monitor] : by_name_) {
      order_.push_back(monitor.get());
    }
  }

  std::map<std::string, std::unique_ptr<ScriptedMonitor>> by_name_;
  std::vector<ScriptedMonitor*> order_;
};

// Answers reads from its members, one turn of the loop later; fails them all when told so.
class ScriptedStore final : public ports::Store {
 public:
  explicit ScriptedStore(ports::Loop& loop) : loop_(loop) {}

  Result<void> load(const std::function<void(ports::MonitorRecord)>& /*each*/) override {
    return {};
  }
  Result<void> load_outbox(const std::function<void(ports::OutboxRow)>& /*each*/) override {
    return {};
  }
  Result<std::vector<ports::ThreadRow>> load_threads() override {
    return std::vector<ports::ThreadRow>{};
  }
  Result<std::vector<ports::MemoRow>> load_memos() override {
    return std::vector<ports::MemoRow>{};
  }
  Result<std::vector<ports::SilenceRow>> load_silences() override {
    return std::vector<ports::SilenceRow>{};
  }
  void commit(ports::WriteBatch /*batch*/, Done done) override { done({}); }
  void retry() override {}
  void read_outcomes(std::string monitor, std::uint64_t before, std::size_t limit,
                     Answer<std::vector<ports::OutcomeRow>> answer) override {
    std::vector<ports::OutcomeRow> rows;
    for (const ports::OutcomeRow& row : outcomes) {
      if (row.monitor == monitor && (before == 0 || row.sequence < before) && rows.size() < limit) {
        rows.push_back(row);
      }
    }
    reply(std::move(rows), std::move(answer));
  }
  void read_events(ports::EventQuery query, Answer<std::vector<ports::EventRow>> answer) override {
    std::vector<ports::EventRow> rows;
    for (const ports::EventRow& row : events) {
      const bool fits = (query.monitor.empty() || query.monitor == row.monitor) &&
                        (query.type.empty() || query.type == row.type) &&
                        (query.before_id.empty() || row.id < query.before_id);
      if (fits && rows.size() < query.limit) {
        rows.push_back(row);
      }
    }
    reply(std::move(rows), std::move(answer));
  }
  void read_deployments(ports::DeploymentQuery query,
                        Answer<std::vector<ports::DeploymentRow>> answer) override {
    std::vector<ports::DeploymentRow> rows;
    for (const ports::DeploymentRow& row : deployments) {
      const bool fits = row.monitor == query.monitor &&
                        (query.before == Instant{} ||
                         std::pair(row.created, row.id) < std::pair(query.before, query.before_id));
      if (fits && rows.size() < query.limit) {
        rows.push_back(row);
      }
    }
    reply(std::move(rows), std::move(answer));
  }
  void read_uptime(std::vector<std::string> monitors, Instant /*now*/,
                   Answer<std::vector<ports::UptimeSums>> answer) override {
    ++uptime_reads;
    std::vector<ports::UptimeSums> rows;
    for (const std::string& name : monitors) {
      const auto at = uptime.find(name);
      rows.push_back(at == uptime.end() ? ports::UptimeSums{} : at->second);
    }
    reply(std::move(rows), std::move(answer));
  }
  void read_rollups(std::string monitor, alert::RollupLevel level, Instant from, std::size_t limit,
                    Answer<std::vector<ports::RollupRow>> answer) override {
    std::vector<ports::RollupRow> rows;
    for (const ports::RollupRow& row : rollups) {
      if (row.monitor == monitor && row.bucket.level == level && row.bucket.start >= from &&
          rows.size() < limit) {
        rows.push_back(row);
      }
    }
    reply(std::move(rows), std::move(answer));
  }
  void read_outbox_depth(Answer<std::uint64_t> answer) override {
    reply(std::uint64_t{7}, std::move(answer));
  }
  void backup(std::string /*path*/, Done done) override { done({}); }
  [[nodiscard]] Stats stats() const override { return {}; }

  bool fails = false;
  std::size_t uptime_reads = 0;
  std::vector<ports::OutcomeRow> outcomes;        // newest first
  std::vector<ports::EventRow> events;            // newest first
  std::vector<ports::DeploymentRow> deployments;  // newest first
  std::vector<ports::RollupRow> rollups;          // oldest first
  std::map<std::string, ports::UptimeSums> uptime;

 private:
  template <typename T>
  void reply(T value, Answer<T> answer) {
    loop_.post([fails = fails, value = std::move(value), answer = std::move(answer)]() mutable {
      if (fails) {
        answer(fail(ErrorCode::unavailable, "disk I/O error"));
      } else {
        answer(std::move(value));
      }
    });
  }

  ports::Loop& loop_;
};

// Everything together. `send` runs the loop until the answer is there.
struct World {
  tocsin::test::VirtualLoop loop;
  ScriptedMonitors monitors;
  ScriptedStore store{loop};
  ScriptedAlerting alerting;
  bool has_alerting = true;
  NullLogger log;
  TransportStats transport;
  config::Settings settings;
  ConfigProblems problems;
  std::optional<EcsFigures> ecs;
  std::unique_ptr<Api> api_;

  Api& api() {
    if (api_ == nullptr) {
      Context context{.monitors = monitors,
                      .store = store,
                      .clock = loop,
                      .loop = loop,
                      .log = log,
                      .version = "1.2.3",
                      .started_at = loop.now(),
                      .started_mono = loop.mono_now(),
                      .config_problems = [this] { return problems; },
                      .transport = &transport,
                      .alerting = has_alerting ? &alerting : nullptr,
                      .ecs = [this] { return ecs; }};
      api_ = std::make_unique<Api>(std::move(context), settings);
    }
    return *api_;
  }

  Response send(Request request) {
    std::optional<Response> answer;
    api().handle(std::move(request), [&answer](Response response) {
      EXPECT_FALSE(answer.has_value()) << "answered twice";
      answer = std::move(response);
    });
    loop.run_ready();
    EXPECT_TRUE(answer.has_value()) << "no answer";
    return answer.value_or(Response{.status = 0});
  }
  Response get(const std::string& target) {
    Request request;
    request.method = "GET";
    request.target = target;
    request.headers = {{"host", "localhost:7400"}};
    return send(std::move(request));
  }
  Response post(const std::string& target, std::string body = "") {
    return write("POST", target, std::move(body));
  }
  Response write(const std::string& method, const std::string& target, std::string body = "") {
    Request request;
    request.method = method;
    request.target = target;
    request.headers = {{"host", "localhost:7400"}, {"content-type", "application/json"}};
    request.body = std::move(body);
    return send(std::move(request));
  }
};

// The string value of `"key":"..."`, or "" when it is not there; enough for the API's own output.
inline std::string text_field(std::string_view json, const std::string& key) {
  const std::string mark = "\"" + key + "\":\"";
  const std::size_t at = json.find(mark);
  if (at == std::string_view::npos) {
    return "";
  }
  const std::size_t from = at + mark.size();
  return std::string(json.substr(from, json.find('"', from) - from));
}

inline std::string error_code(const Response& response) {
  return text_field(response.body, "code");
}

// The values of every `"name":"..."` of a list, in order.
inline std::vector<std::string> names_in(std::string_view json) {
  std::vector<std::string> out;
  constexpr std::string_view kMark = "{\"name\":\"";
  for (std::size_t at = json.find(kMark); at != std::string_view::npos;
       at = json.find(kMark, at + 1)) {
    const std::size_t from = at + kMark.size();
    out.emplace_back(json.substr(from, json.find('"', from) - from));
  }
  return out;
}

}  // namespace tocsin::web::test
