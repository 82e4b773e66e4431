#include "config/load.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "check/assertions.hpp"
#include "config/test_load.hpp"

namespace tocsin::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const check::HttpCheck& http_of(const Monitor& monitor) {
  return std::get<check::HttpCheck>(monitor.check->target);
}

TEST(ConfigLoad, AcceptsNothingAtAll) {
  for (const std::string text :
       {"", "# only a comment\n", "monitors:\n", "\xEF\xBB\xBFwatch: true\n"}) {
    const auto result = load_text(text);
    EXPECT_TRUE(result.config) << all_texts(result);
    EXPECT_TRUE(result.diagnostics.empty()) << all_texts(result);
  }
  EXPECT_TRUE(load_files({}).config);
}

TEST(ConfigLoad, FillsDefaultsThatComeAfterTheMonitors) {
  const auto result = load_text(R"(
monitors:
  b: {http: "https://b.example/", timeout: 3s, labels: {team: x}}
  a: {tcp: "db.example:5432", delay: 5s}
channels: {ops: {webhook: 'https://h/'}}
defaults:
  every: 30s
  timeout: 5s
  fail_after: 2 of 4
  notify: ops
  labels: {team: y, env: prod}
  http: {timeout: 4s, recover_after: 2, headers: {Accept: text/html}}
)");
  ASSERT_TRUE(result.config) << all_texts(result);
  ASSERT_EQ(result.config->monitors.size(), 2U);
  const Monitor& a = result.config->monitors[0];
  const Monitor& b = result.config->monitors[1];
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(std::get<schedule::DelayPlan>(a.plan->when).delay, Milliseconds{5000});
  EXPECT_EQ(a.check->timeout, Milliseconds{5000});
  EXPECT_EQ(a.thresholds, (alert::Thresholds{2, 4, 1}));
  EXPECT_EQ(b.check->timeout, Milliseconds{3000});
  EXPECT_EQ(b.thresholds, (alert::Thresholds{2, 4, 2}));
  EXPECT_EQ(b.notes->labels, (alert::Labels{{"env", "prod"}, {"team", "x"}}));
  EXPECT_THAT(b.notes->notify, ElementsAre(testing::Field(&alert::Recipient::channel, "ops")));
  EXPECT_EQ(http_of(b).options->headers.at(0).second, "text/html");
}

TEST(ConfigLoad, ReadsEveryHttpOption) {
  const auto result = load_text(R"(
monitors:
  m:
    http:
      url: "https://a.example:8443/x?y=1#part"
      method: POST
      headers: {Accept: application/json, X-Version: 1.0}
      body: '{"a": 1}'
      auth: {basic: {username: u, password: p}}
      tls: {ca_file: ca.pem, certificate_file: c.pem, key_file: k.pem, server_name: b.example,
            insecure: true}
      max_redirects: 0
      version: 1.1
      ip: 6
      proxy: "http://u:p@proxy.example:3128"
      reuse_connection: true
      decompress: false
      max_body: 64KiB
    schedule: "*/5 * * * *"
    timezone: Europe/Zurich
    retry_every: 5s
    on_time_within: 250ms
    max_overlap: 2
    run_at_start: true
    expect: ["[STATUS] == 200", "[BODY].a == 1"]
    capture: {v: "[BODY].v"}
    description: what
    runbook: https://wiki.example/x
    dashboard: https://graphs.example/y
)");
  ASSERT_TRUE(result.config) << all_texts(result);
  const Monitor& m = result.config->monitors.at(0);
  EXPECT_EQ(http_of(m).url, "https://a.example:8443/x?y=1");
  check::HttpOptions o;
  o.method = "POST";
  o.headers = {{"Accept", "application/json"}, {"X-Version", "1.0"}};
  o.body = "{\"a\": 1}";
  o.basic_username = "u";
  o.basic_password = "p";
  o.tls = {"ca.pem", "c.pem", "k.pem", "b.example", true};
  o.max_redirects = 0;
  o.version = check::HttpVersion::http1;
  o.family = check::IpFamily::v6;
  o.proxy = "http://u:p@proxy.example:3128";
  o.reuse_connection = true;
  o.decompress = false;
  o.max_body_bytes = 65536;
  EXPECT_EQ(*http_of(m).options, o);
  EXPECT_TRUE(m.plan->run_at_start);
  EXPECT_EQ(m.plan->max_overlap, 2U);
  EXPECT_EQ(m.plan->retry_every, Milliseconds{5000});
  EXPECT_EQ(m.plan->tolerance, Milliseconds{250});
  EXPECT_TRUE(std::holds_alternative<schedule::CronPlan>(m.plan->when));
  EXPECT_TRUE(m.check->assertions->names_status());
  EXPECT_EQ(m.notes->runbook, "https://wiki.example/x");
}

TEST(ConfigLoad, OwnKeysReplaceThoseOfTheDefaultsThatTheyExclude) {
  const auto result = load_text(R"(
defaults: {http: {headers: {Authorization: "Bearer d", Accept: text/html}, proxy: "http://p:3128"}}
monitors:
  a: {http: {url: "http://a/", auth: {bearer: own}}}
  b: {http: {url: "http://b/", connect_to: "10.0.0.7:80"}}
  c: {http: "http://c/"}
)");
  ASSERT_TRUE(result.config) << all_texts(result);
  const auto options = [&](std::size_t i) {
    return *http_of(result.config->monitors.at(i)).options;
  };
  EXPECT_THAT(options(0).headers, ElementsAre(testing::Pair("Accept", "text/html")));
  EXPECT_EQ(options(0).bearer_token, "own");
  EXPECT_EQ(options(1).proxy, "");
  EXPECT_EQ(options(1).connect_to, "10.0.0.7:80");
  EXPECT_EQ(options(2).headers.size(), 2U);
  EXPECT_EQ(options(2).proxy, "http://p:3128");
  const auto other = load_text(R"(
defaults: {http: {auth: {basic: {username: u, password: p}}, connect_to: "10.0.0.7:80"}}
monitors:
  a: {http: {url: "http://a/", headers: {authorization: own}}}
  b: {http: {url: "http://b/", proxy: "http://p:3128"}}
)");
  ASSERT_TRUE(other.config) << all_texts(other);
  EXPECT_EQ(http_of(other.config->monitors.at(0)).options->basic_username, "");
  EXPECT_EQ(http_of(other.config->monitors.at(1)).options->connect_to, "");
}

TEST(ConfigLoad, ReadsEverySetting) {
  const auto result = load_text(R"(
listen: {host: 0.0.0.0, port: 0, tls: {certificate_file: c, key_file: k}}
auth: {tokens: [{name: ci, role: write, token: abc}]}
metrics: {public: true, per_monitor: false}
store: {sqlite: {path: /var/lib/tocsin/t.db, reserve: 1MiB}}
retention: {outcomes: 5, hourly: 2d, daily: 30d, events: 60d}
limits: {concurrent_checks: 7, connections: 8, response_memory: 2MiB}
log: {format: json, level: debug}
watch: true
x-anchors: {any: thing}
)");
  ASSERT_TRUE(result.config) << all_texts(result);
  const Settings& s = result.config->settings;
  EXPECT_EQ(s.listen, (Listen{"0.0.0.0", 0, ListenTls{"c", "k"}}));
  EXPECT_EQ(s.tokens.at(0).role, Role::write);
  EXPECT_TRUE(s.public_metrics);
  EXPECT_EQ(s.metrics_per_monitor, false);
  EXPECT_EQ(s.store, (SqliteStore{"/var/lib/tocsin/t.db", 1U << 20U}));
  EXPECT_EQ(s.retention.outcomes, 5U);
  EXPECT_EQ(s.limits.response_memory_bytes, 2U << 20U);
  EXPECT_TRUE(s.log.json && s.watch);
}

TEST(ConfigLoad, EndsACheckBeforeTheNextRunIsDue) {
  for (const auto& [keys, timeout] :
       std::vector<std::pair<std::string, int>>{{"every: 2s", 1900},
                                                {"every: 500ms", 475},
                                                {"every: 30s, timeout: 30s", 29'900},
                                                {"every: 30s, timeout: 29s", 29'000},
                                                {"every: 60s", 10'000},
                                                {"schedule: '* * * * *', timeout: 1m", 59'900},
                                                {"every: 2s, timeout: 2s, max_overlap: 2", 2000},
                                                {"delay: 2s, timeout: 5s", 5000}}) {
    const auto result = load_text("monitors: {m: {tcp: 'a:1', " + keys + "}}\n");
    ASSERT_TRUE(result.config) << all_texts(result);
    EXPECT_EQ(result.config->monitors.at(0).check->timeout, Milliseconds{timeout}) << keys;
  }
}

TEST(ConfigLoad, SubstitutesTypedAndAfterParsing) {
  TestWorld world;
  world.env["TEXT"] = "a: {b\n- c";
  const auto result = load_text(R"(
listen: "127.0.0.1:${PORT}"
limits: {connections: "${PORT}"}
log: {level: "${EMPTY:-debug}"}
watch: ${NOPE:-true}
auth: {tokens: [{name: a, role: read, token: "${file:/run/secret}"}]}
monitors:
  m: {tcp: "a:1", description: "$${x} $y ${env:TEXT}"}
)",
                                world);
  ASSERT_TRUE(result.config) << all_texts(result);
  const Settings& s = result.config->settings;
  EXPECT_EQ(s.listen.port, 7500);
  EXPECT_EQ(s.limits.connections, 7500U);
  EXPECT_EQ(s.log.level, LogLevel::debug);
  EXPECT_TRUE(s.watch);
  EXPECT_EQ(s.tokens.at(0).token, "from-file");
  EXPECT_EQ(result.config->monitors.at(0).notes->description, "${x} $y a: {b\n- c");
}

TEST(ConfigLoad, NeverShowsASecret) {
  const auto result = load_text(R"(
auth:
  tokens:
    - {name: a, role: read, token: "literal-secret"}
    - {name: "${SECRET}", role: "${SECRET}", token: ["literal-secret"]}
listen: "${SECRET}"
log: {level: "${SECRET}"}
limits: {connections: "${SECRET}", response_memory: "${SECRET}"}
channels: {c: {webhook: {url: "${SECRET}"}}}
monitors:
  a: {http: "${SECRET}", every: "${SECRET}", notify: ["${SECRET}"],
      expect: ["[BODY].x ==== ${SECRET}"]}
  b: {http: "https://${SECRET}@h/", schedule: "${SECRET}"}
  c: {tcp: "h:1", schedule: "${SECRET} * * * *"}
  d: {tcp: "h:1", timezone: "${SECRET}", schedule: "0 * * * *"}
  e: {tcp: "h:1", notify: ["${SECRET}"], depends_on: ["${SECRET}"]}
  f: {http: {url: "http://a/", proxy: "bad://u:literal-secret@x",
             auth: {bearer: "literal-secret\nx"}, headers: {X-Api-Key: "literal-secret\n"}}}
  g: {http: {url: "https://u:literal-secret@h/"}}
)");
  EXPECT_FALSE(result.config);
  const std::string all = all_texts(result);
  EXPECT_THAT(all, Not(HasSubstr("s3cr3t")));
  EXPECT_THAT(all, Not(HasSubstr("literal-secret")));
  EXPECT_GT(result.diagnostics.size(), 12U) << all;
  EXPECT_THAT(result.secrets, testing::IsSupersetOf({"s3cr3t-pw", "literal-secret"}));
}

TEST(ConfigLoad, ListsWhatMustBeRedacted) {
  const auto result = load_text(R"(
auth: {tokens: [{name: a, role: read, token: tok}]}
log: {level: "${LEVEL:-info}"}
monitors:
  m: {http: {url: "https://a.example/${PORT}", headers: {X-Api-Key: hdr, Accept: any},
             proxy: "http://u:prx@p.example:1", auth: {bearer: "${file:/run/secret}"}}}
)");
  EXPECT_THAT(result.secrets,
              testing::UnorderedElementsAre("tok", "7500", "hdr", "prx", "from-file",
                                            "http://u:prx@p.example:1"));
}

TEST(ConfigLoad, SpreadsAnchorsAndMergeKeys) {
  const auto result = load_text(R"(
x-base: &base {every: 15s, expect: &ok ["[STATUS] == 200"]}
monitors:
  a: {<<: *base, http: "https://a.example/"}
  b: {<<: [*base], http: "https://b.example/", every: 20s}
  c: {http: "https://c.example/", expect: *ok}
)");
  ASSERT_TRUE(result.config) << all_texts(result);
  EXPECT_EQ(std::get<schedule::EveryPlan>(result.config->monitors[0].plan->when).every,
            Milliseconds{15000});
  EXPECT_EQ(std::get<schedule::EveryPlan>(result.config->monitors[1].plan->when).every,
            Milliseconds{20000});
  EXPECT_EQ(result.config->monitors[0].check->assertions,
            result.config->monitors[2].check->assertions);
}

TEST(ConfigLoad, RefusesAliasesThatExplode) {
  std::string text = "x-0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    text += fmt::format("x-{}: &a{} [", i, i);
    for (int j = 0; j < 10; ++j) text += fmt::format("*a{}, ", i - 1);
    text += "]\n";
  }
  const auto result = load_text(text);
  EXPECT_FALSE(result.config);
  EXPECT_THAT(all_texts(result), HasSubstr("expand to more than 1000000 values"));
}

TEST(ConfigLoad, RefusesDeepNesting) {
  for (const int depth : {65, 5000, 100'000}) {
    const auto count = static_cast<std::size_t>(depth);
    const auto result = load_text("x-a: " + std::string(count, '[') + std::string(count, ']'));
    EXPECT_FALSE(result.config);
    EXPECT_THAT(all_texts(result), HasSubstr("nested too deeply"));
  }
}

TEST(ConfigLoad, CountsColumnsInCharacters) {
  const auto result = load_text("monitors: {\"äöü\": {tcp: \"a:1\", every: 3}}\n");
  ASSERT_EQ(result.diagnostics.size(), 1U);
  EXPECT_EQ(result.diagnostics[0].at, (Position{1, 39}));
}

TEST(ConfigLoad, KeepsTheListOfProblemsBounded) {
  std::string text = "monitors:\n";
  for (int i = 0; i < 5000; ++i) text += fmt::format("  m{}: {{every: 1}}\n", i);
  const auto result = load_text(text);
  EXPECT_EQ(result.diagnostics.size(), 1001U);
  EXPECT_THAT(result.diagnostics.back().message, HasSubstr("9000 more problems"));
}

TEST(ConfigLoad, WarnsWithoutRefusing) {
  const auto result = load_text(R"(
channels: {ops: {webhook: 'https://h/'}}
monitors: {m: {tcp: "a:1", every: 10s, timezone: Europe/Zurich}}
)");
  EXPECT_TRUE(result.config);
  EXPECT_TRUE(result.has_warnings());
  EXPECT_FALSE(result.has_errors());
  EXPECT_THAT(all_texts(result), HasSubstr("timezone has no effect without schedule"));
}

TEST(ConfigLoad, SharesWhatMonitorsHaveAlike) {
  constexpr int kCount = 100'000;
  std::string text = "defaults: {every: 60s, timeout: 5s}\nmonitors:\n";
  for (int i = 0; i < kCount; ++i) {
    text += fmt::format(
        "  service-{}:\n    http: {{url: \"http://127.0.0.1:8080/{}\", headers: {{A: b}}}}\n"
        "    expect: [\"[STATUS] == 200\", \"[BODY].status == ok\"]\n"
        "    labels: {{team: t{}}}\n",
        i, i, i % 10);
  }
  const auto result = load_text(text);
  ASSERT_TRUE(result.config) << all_texts(result);
  ASSERT_EQ(result.config->monitors.size(), static_cast<std::size_t>(kCount));
  std::set<const void*> plans;
  std::set<const void*> options;
  std::set<const void*> assertions;
  std::set<const void*> notes;
  for (const Monitor& m : result.config->monitors) {
    plans.insert(m.plan.get());
    options.insert(http_of(m).options.get());
    assertions.insert(m.check->assertions.get());
    notes.insert(m.notes.get());
  }
  EXPECT_EQ(plans.size(), 1U);
  EXPECT_EQ(options.size(), 1U);
  EXPECT_EQ(assertions.size(), 1U);
  EXPECT_EQ(notes.size(), 10U);
  EXPECT_LE(sizeof(Monitor), 96U);
}

TEST(Load, ReadsWhoHearsOfWhat) {
  const auto result = load_text(R"(
channels:
  ops: {slack: {webhook_url: "https://hooks.slack.com/x"}}
  page: {slack: {webhook_url: "https://hooks.slack.com/y"}}
defaults: {severity: warning, remind_every: 1h}
self:
  notify: [{channel: ops, severity: [critical, warning]}]
  heartbeat_url: "https://hc.example.com/ping/x"
maintenance:
  - {name: sunday, schedule: "0 2 * * 0", for: 2h, timezone: Europe/Zurich,
     match: {team: shop, env: "prod*"}}
monitors:
  m:
    tcp: "h:1"
    flapping: false
    notify:
      - ops
      - {channel: page, types: [went_down, recovered], severity: critical, after: 10m}
)");
  ASSERT_TRUE(result.config) << all_texts(result);
  const MonitorNotes& notes = *result.config->monitors.at(0).notes;
  using alert::EventType;
  const alert::Recipient page{"page",
                              {EventType::went_down, EventType::recovered},
                              {alert::Severity::critical},
                              std::chrono::minutes{10}};
  EXPECT_THAT(notes.notify, ElementsAre(alert::Recipient{"ops", {}, {}, {}}, page));
  EXPECT_EQ(notes.severity, alert::Severity::warning);
  EXPECT_EQ(notes.remind_every, std::chrono::hours{1});
  EXPECT_FALSE(notes.flapping);
  const SelfSettings& self = result.config->settings.self;
  EXPECT_EQ(self.notify.at(0).severities.size(), 2U);
  EXPECT_EQ(self.heartbeat_url, "https://hc.example.com/ping/x");
  EXPECT_THAT(result.secrets, testing::Contains("https://hc.example.com/ping/x"));
  const alert::Maintenance& window = result.config->maintenance.at(0);
  EXPECT_EQ(window.length, std::chrono::hours{2});
  EXPECT_THAT(window.match.terms(), ElementsAre("team=shop", "env=prod*"));
}

}  // namespace
}  // namespace tocsin::config
