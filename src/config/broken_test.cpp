// Broken configurations: each with the place and the words that the user must see.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "config/test_load.hpp"

namespace tocsin::config {
namespace {

struct Broken {
  std::string name;
  std::string text;
  Position at;
  std::string path;
  std::string message;  // a part of it
};

class BrokenConfig : public testing::TestWithParam<Broken> {};

TEST_P(BrokenConfig, NamesPlaceAndRemedy) {
  const Broken& row = GetParam();
  const LoadResult result = load_text(row.text);
  EXPECT_FALSE(result.config);
  const auto hit = std::ranges::find_if(result.diagnostics, [&](const Diagnostic& d) {
    return d.severity == Severity::error && d.file == "tocsin.yml" && d.at == row.at &&
           d.path == row.path && d.message.find(row.message) != std::string::npos;
  });
  EXPECT_NE(hit, result.diagnostics.end()) << all_texts(result);
  // One mistake is one error: no noise that follows from it.
  EXPECT_EQ(std::ranges::count(result.diagnostics, Severity::error, &Diagnostic::severity), 1)
      << all_texts(result);
}

// A monitor named m with these lines, the first of which is line 3 of the text.
std::string monitor(const std::string& lines) { return "monitors:\n  m:\n" + lines; }
// With a valid kind in line 3; `lines` begins in line 4.
std::string http(const std::string& lines) {
  return monitor("    http: https://example.com/\n" + lines);
}

const std::vector<Broken> kSyntaxRows{
    {"TabIndentation", "monitors:\n\tm: {}\n", {2, 3}, "", "found a tab"},
    {"MissingQuotes", "listen: a: b\n", {1, 10}, "", "put text that holds \": \" in quotes"},
    {"OpenBrace", "log: {level: info\n", {2, 1}, "", "\"{\" is not closed"},
    {"OpenBracket", "log: [1\n", {2, 1}, "", "\"[\" is not closed"},
    {"OpenDoubleQuote", "x-a: \"abc\n", {1, 6}, "", "quote is never closed"},
    {"OpenSingleQuote", "x-a: 'abc", {1, 10}, "", "quote that is never closed"},
    {"Misaligned", "log:\n  level: info\n format: text\n", {3, 2}, "", "same column"},
    {"SecondDocument", "watch: true\n---\nwatch: false\n", {2, 1}, "", "second YAML document"},
    {"RootList", "- a\n", {1, 1}, "", "found a list, expected a map"},
    {"RootScalar", "hello\n", {1, 1}, "", "single value, expected a map"},
    {"UnknownAnchor", "x-a: *nope\n", {1, 6}, "", "alias without its anchor"},
    {"ReservedCharacter", "x-a: @home\n", {1, 6}, "", "put the value in quotes"},
    {"BadEscape", "x-a: \"\\q\"\n", {1, 7}, "", "unknown escape"},
    {"ClosingBracket", "watch: true\n}\n", {2, 1}, "", "closing bracket that nothing opened"},
    {"UnquotedReference", "x-a: {b: ${PORT}}\n", {1, 11}, "", "needs quotes"},
    {"ControlCharacter", "x-a: a\x01z\n", {1, 7}, "", "control character 0x01"},
    {"NotUtf8", "x-a: a\xFFz\n", {1, 7}, "", "expected UTF-8"},
    {"ListAsKey", "? [a]\n: b\n", {1, 3}, "", "as a key"},
    {"EmptyKey", "~: b\n", {1, 1}, "", "empty key"},
    {"RepeatedSection", "watch: true\nwatch: true\n", {2, 1}, "watch", "first is in line 1"},
    {"RepeatedKey",
     http("    every: 30s\n    every: 60s\n"),
     {5, 5},
     "monitors",
     "\"every\" twice; the first is in line 4"},
    {"Tag", "watch: !flag true\n", {1, 8}, "", "tag !flag"},
};

const std::vector<Broken> kSettingRows{
    {"UnknownSection", "monitor: {}\n", {1, 1}, "monitor", "did you mean monitors?"},
    {"UnknownKey", "log: {levle: info}\n", {1, 7}, "log.levle", "did you mean level?"},
    {"LaterSection", "timers: {}\n", {1, 1}, "timers", "not supported in this version"},
    {"LaterStore", "store: {dynamodb: {}}\n", {1, 9}, "store.dynamodb", "not supported"},
    {"ListenPortOnly", "listen: 7400\n", {1, 9}, "listen", "did you mean 127.0.0.1:7400?"},
    {"ListenUrl",
     "listen: http://127.0.0.1:7400\n",
     {1, 9},
     "listen",
     "did you mean 127.0.0.1:7400?"},
    {"ListenBigPort", "listen: 127.0.0.1:70000\n", {1, 9}, "listen", "expected host:port"},
    {"ListenExposed", "listen: 0.0.0.0:7400\n", {1, 9}, "listen", "allow_unauthenticated"},
    {"ListenHalfTls",
     "listen: {port: 7400, tls: {key_file: k.pem}}\n",
     {1, 27},
     "listen.tls",
     "both certificate_file and key_file"},
    {"BoolYes", "watch: yes\n", {1, 8}, "watch", "did you mean true?"},
    {"BoolQuoted", "watch: \"true\"\n", {1, 8}, "watch", "in quotes, which is text"},
    {"BoolEmpty", "watch:\n", {1, 1}, "watch", "found nothing, expected true or false"},
    {"LogLevel", "log: {level: warning}\n", {1, 14}, "log.level", "did you mean warn?"},
    {"LimitZero",
     "limits: {connections: 0}\n",
     {1, 23},
     "limits.connections",
     "a whole number from 1 to 100000"},
    {"LimitText", "limits: {connections: many}\n", {1, 23}, "limits.connections", "found \"many\""},
    {"SizeUnit",
     "limits: {response_memory: 64m}\n",
     {1, 27},
     "limits.response_memory",
     "did you mean 64MiB?"},
    {"RetentionShort",
     "retention: {hourly: 1m}\n",
     {1, 21},
     "retention.hourly",
     "a duration from 1h to"},
    {"TokenRole",
     "auth: {tokens: [{name: a, role: admin, token: t}]}\n",
     {1, 33},
     "auth.tokens[0].role",
     "expected read or write"},
    {"TokenMissing",
     "auth: {tokens: [{name: a, role: read}]}\n",
     {1, 17},
     "auth.tokens[0]",
     "expected name and token"},
    {"TokenTwice",
     "auth:\n  tokens:\n    - {name: a, role: read, token: x}\n"
     "    - {name: a, role: read, token: y}\n",
     {4, 7},
     "auth.tokens[1]",
     "two tokens of this name"},
    {"TokensMap", "auth: {tokens: {a: b}}\n", {1, 16}, "auth.tokens", "expected a list"},
    {"ChannelTwoKinds",
     "channels:\n  ops: {slack: {}, webhook: {}}\n",
     {2, 3},
     "channels.ops",
     "found 2 kinds"},
    {"ChannelScalar", "channels:\n  ops: slack\n", {2, 8}, "channels.ops", "expected a map"},
    {"SectionScalar", "monitors: none\n", {1, 11}, "monitors", "expected a map"},
};

const std::vector<Broken> kMonitorRows{
    {"NoKind", monitor("    every: 30s\n"), {2, 3}, "monitors.m", "expected a kind: http or tcp"},
    {"TwoKinds", http("    tcp: \"a:1\"\n"), {4, 5}, "monitors.m", "the kinds http and tcp"},
    {"LaterKind", monitor("    dns: {}\n"), {3, 5}, "monitors.m.dns", "kind dns are not"},
    {"Scalar", "monitors:\n  m: https://a.example/\n", {2, 6}, "monitors.m", "a map with a kind"},
    {"Jq", http("    jq: .a\n"), {4, 5}, "monitors.m.jq", "not supported in this version"},
    {"Misspelt", http("    evry: 30s\n"), {4, 5}, "monitors.m.evry", "did you mean every?"},
    {"MisplacedOption",
     http("    headers: {A: b}\n"),
     {4, 5},
     "monitors.m.headers",
     "belongs under http"},
    {"EveryNumber",
     http("    every: 30\n"),
     {4, 12},
     "monitors.m.every",
     "found \"30\", expected a duration such as 30s (did you mean 30s?)"},
    {"EveryWord", http("    every: 5 min\n"), {4, 12}, "monitors.m.every", "did you mean 5m?"},
    {"EveryTooShort", http("    every: 10ms\n"), {4, 12}, "monitors.m.every", "from 100ms to"},
    {"EveryAndDelay",
     http("    every: 30s\n    delay: 30s\n"),
     {5, 12},
     "monitors.m.delay",
     "exclude each other"},
    {"Cron", http("    schedule: \"61 * * * *\"\n"), {4, 15}, "monitors.m.schedule", "61"},
    {"CronNever", http("    schedule: \"0 0 31 2 *\"\n"), {4, 15}, "monitors.m.schedule", ""},
    {"Zone",
     http("    schedule: \"0 * * * *\"\n    timezone: Europe/Zürrich\n"),
     {5, 15},
     "monitors.m.timezone",
     "Europe"},
    {"TimeoutOverEvery",
     http("    every: 5s\n    timeout: 6s\n"),
     {5, 14},
     "monitors.m.timeout",
     "longer than the shortest time between two runs (5s)"},
    {"TimeoutOverCron",
     http("    schedule: \"*/2 * * * *\"\n    timeout: 3m\n"),
     {5, 14},
     "monitors.m.timeout",
     "(2m)"},
    {"DefaultTimeout",
     "defaults: {timeout: 30s}\n" + http("    every: 20s\n"),
     {5, 12},
     "monitors.m.every",
     "the timeout (30s) is longer"},
    {"DefaultsThemselves",
     "defaults: {timeout: 30s, every: 20s}\n" + http(""),
     {1, 21},
     "defaults.timeout",
     "the timeout (30s) is longer"},
    {"FailAfterOf", http("    fail_after: 5 of 3\n"), {4, 17}, "monitors.m.fail_after", "3 of 5"},
    {"FailAfterSlash",
     http("    fail_after: 3/5\n"),
     {4, 17},
     "monitors.m.fail_after",
     "did you mean 3 of 5?"},
    {"FailAfterZero", http("    fail_after: 0\n"), {4, 17}, "monitors.m.fail_after", "found \"0\""},
    {"RecoverAfter",
     http("    recover_after: -1\n"),
     {4, 20},
     "monitors.m.recover_after",
     "found \"-1\""},
    {"LabelName",
     http("    labels: {\"a b\": c}\n"),
     {4, 14},
     "monitors.m.labels[\"a b\"]",
     "expected a label"},
    {"LabelMap",
     http("    labels: {a: [b]}\n"),
     {4, 17},
     "monitors.m.labels.a",
     "found a list, expected text"},
    {"UnknownChannel",
     "channels: {ops: {webhook: 'https://h/'}}\n" + http("    notify: [opps]\n"),
     {5, 14},
     "monitors.m.notify",
     "unknown channel \"opps\" (did you mean ops?)"},
    {"UnknownSink",
     http("    report: dd\n"),
     {4, 13},
     "monitors.m.report",
     "unknown sink \"dd\"; define it under sinks"},
    {"UnknownParent",
     http("    depends_on: [n]\n"),
     {4, 18},
     "monitors.m.depends_on",
     "unknown monitor \"n\""},
    {"OwnParent",
     http("    depends_on: [m]\n"),
     {4, 18},
     "monitors.m.depends_on",
     "depend on itself"},
    {"Circle",
     "monitors:\n  a: {tcp: \"h:1\", depends_on: [b]}\n  b: {tcp: \"h:1\", depends_on: [a]}\n",
     {2, 32},
     "monitors.a.depends_on",
     "in a circle: a -> b -> a"},
    {"NameTwice",
     "monitors:\n  m: {tcp: \"h:1\"}\n  m: {tcp: \"h:1\"}\n",
     {3, 3},
     "monitors.m",
     "twice; the first is in line 2"},
    {"NameControl",
     "monitors:\n  \"a\\tb\": {tcp: \"h:1\"}\n",
     {2, 3},
     "monitors[\"a\\tb\"]",
     "without control characters"},
    {"RunAtStart",
     http("    run_at_start: on\n"),
     {4, 19},
     "monitors.m.run_at_start",
     "did you mean true?"},
    {"Runbook",
     http("    runbook: wiki\n"),
     {4, 14},
     "monitors.m.runbook",
     "expected an absolute URL"},
    {"ConditionNotText", http("    expect: [[STATUS] == 200]\n"), {4, 23}, "", ""},
    {"ConditionUnquoted",
     http("    expect:\n      - [STATUS]\n"),
     {5, 9},
     "monitors.m.expect[0]",
     "expected a condition in quotes"},
    {"ConditionPlaceholder",
     http("    expect: [\"[STATSU] == 200\"]\n"),
     {4, 15},
     "monitors.m.expect[0]",
     "STATUS"},
    {"ConditionOfTcp",
     monitor("    tcp: \"h:1\"\n    expect: [\"[STATUS] == 200\"]\n"),
     {4, 15},
     "monitors.m.expect[0]",
     "[STATUS]"},
    {"ConditionPartPlain",
     http("    expect:\n      - len([BODY].ü) == -1\n"),
     {5, 26},
     "monitors.m.expect[0]",
     "can never hold: a length is a whole number"},
    {"ConditionPartSingleQuoted",
     http("    expect: '[STATUS] == abc'\n"),
     {4, 26},
     "monitors.m.expect[0]",
     "a status is a whole number"},
    {"ConditionPartEscaped",
     http("    expect: [\"[STATUS] == \\x61\"]\n"),
     {4, 14},
     "monitors.m.expect[0]",
     "a status is a whole number"},
    {"ConditionPartFolded",
     http("    expect:\n      - len([BODY].a)\n        == -1\n"),
     {5, 9},
     "monitors.m.expect[0]",
     "can never hold"},
    {"ConditionPartAliased",
     "x-a: &c \"[STATUS] == abc\"\n" + http("    expect: [*c]\n"),
     {5, 14},
     "monitors.m.expect[0]",
     "can never hold"},
    {"Capture", http("    capture: {v: \"[NOPE]\"}\n"), {4, 19}, "monitors.m.capture.v", ""},
    {"CapturePart",
     http("    capture: {v: \"[BODY].a[x]\"}\n"),
     {4, 27},
     "monitors.m.capture.v",
     "an array index such as [0]"},
    {"DropInDefaults", "defaults: {expect: [a]}\n", {1, 12}, "defaults.expect", "unknown key"},
};

const std::vector<Broken> kTargetRows{
    {"UrlNoScheme",
     monitor("    http: example.com/health\n"),
     {3, 11},
     "monitors.m.http",
     "did you mean https://example.com/health?"},
    {"UrlScheme",
     monitor("    http: ftp://example.com/\n"),
     {3, 11},
     "monitors.m.http",
     "begins with http:// or https://"},
    {"UrlSpace",
     monitor("    http: https://example.com/a b\n"),
     {3, 11},
     "monitors.m.http",
     "write %20"},
    {"UrlPort",
     monitor("    http: https://example.com:99999/\n"),
     {3, 11},
     "monitors.m.http",
     "a port from 1 to 65535"},
    {"UrlNoHost",
     monitor("    http: https:///path\n"),
     {3, 11},
     "monitors.m.http",
     "expected a host name or address"},
    {"UrlUser",
     monitor("    http: https://me:pw@example.com/\n"),
     {3, 11},
     "monitors.m.http",
     "auth: {basic: {username, password}}"},
    {"UrlMissing",
     monitor("    http: {method: GET}\n"),
     {3, 11},
     "monitors.m.http",
     "expected a url"},
    {"UrlList", monitor("    http: [a]\n"), {3, 11}, "monitors.m.http", "expected a URL or a map"},
    {"Method",
     monitor("    http: {url: \"http://a/\", method: get}\n"),
     {3, 38},
     "monitors.m.http.method",
     "did you mean GET?"},
    {"HeaderName",
     monitor("    http: {url: \"http://a/\", headers: {\"a b\": c}}\n"),
     {3, 40},
     "monitors.m.http.headers[\"a b\"]",
     "expected a header name"},
    {"HeaderOwn",
     monitor("    http: {url: \"http://a/\", headers: {content-length: 1}}\n"),
     {3, 40},
     "monitors.m.http.headers.content-length",
     "set by Tocsin itself"},
    {"HeaderLine",
     monitor("    http: {url: \"http://a/\", headers: {a: \"b\\nc\"}}\n"),
     {3, 43},
     "monitors.m.http.headers.a",
     "on one line"},
    {"AuthTwo",
     monitor("    http:\n      url: http://a/\n      auth: {bearer: t, basic: {username: u, "
             "password: p}}\n"),
     {5, 13},
     "monitors.m.http.auth",
     "both basic and bearer"},
    {"AuthHalf",
     monitor("    http:\n      url: http://a/\n      auth: {basic: {username: u}}\n"),
     {5, 21},
     "monitors.m.http.auth.basic",
     "both username and password"},
    {"TlsHalf",
     monitor("    http:\n      url: https://a/\n      tls: {certificate_file: c}\n"),
     {5, 12},
     "monitors.m.http.tls",
     "belong together"},
    {"Version",
     monitor("    http: {url: \"http://a/\", version: 3}\n"),
     {3, 39},
     "monitors.m.http.version",
     "expected auto, 1.1 or 2"},
    {"Redirects",
     monitor("    http: {url: \"http://a/\", max_redirects: 100}\n"),
     {3, 45},
     "monitors.m.http.max_redirects",
     "from 0 to 50"},
    {"Proxy",
     monitor("    http: {url: \"http://a/\", proxy: \"socks5://x:1\"}\n"),
     {3, 37},
     "monitors.m.http.proxy",
     "expected a proxy such as"},
    {"TcpNoPort",
     monitor("    tcp: db.example.com\n"),
     {3, 10},
     "monitors.m.tcp",
     "expected host:port such as"},
    {"TcpUrl",
     monitor("    tcp: tcp://db.example.com:5432\n"),
     {3, 10},
     "monitors.m.tcp",
     "did you mean db.example.com:5432?"},
    {"TcpPortZero", monitor("    tcp: \"a:0\"\n"), {3, 10}, "monitors.m.tcp", "host:port"},
    {"TcpHalf", monitor("    tcp: {host: a}\n"), {3, 10}, "monitors.m.tcp", "or host and port"},
    {"TcpFamily",
     monitor("    tcp: {address: \"a:1\", ip: 5}\n"),
     {3, 31},
     "monitors.m.tcp.ip",
     "expected any, 4 or 6"},
};

const std::vector<Broken> kSubstitutionRows{
    {"Unset",
     "log: {level: \"${NOPE}\"}\n",
     {1, 14},
     "log.level",
     "the environment variable NOPE is not set"},
    {"Unclosed", "log: {level: \"${PORT\"}\n", {1, 14}, "log.level", "without \"}\""},
    {"BadName", "log: {level: \"${A-B}\"}\n", {1, 14}, "log.level", "expected ${NAME}"},
    {"Later", "log: {level: \"${ssm:/a}\"}\n", {1, 14}, "log.level", "not supported"},
    {"FileMissing",
     "log: {level: \"${file:/nope}\"}\n",
     {1, 14},
     "log.level",
     "${file:/nope}: No such file"},
    {"FileRelative", "log: {level: \"${file:nope}\"}\n", {1, 14}, "log.level", "an absolute path"},
    {"Wrong",
     "watch: ${PORT}\n",
     {1, 8},
     "watch",
     "found \"${PORT}\" (with its value filled in), expected true or false"},
    {"Condition",
     http("    expect: [\"[STATUS] == ${SECRET}\"]\n"),
     {4, 14},
     "monitors.m.expect[0]",
     "found \"[STATUS] == ${SECRET}\" (with its value filled in): this comparison can never hold: "
     "a "
     "status is a whole number from 100 to 999"},
    {"Channel",
     "channels:\n  ops: {slack: {url: \"${NOPE}\"}}\n",
     {2, 22},
     "channels.ops.slack.url",
     "NOPE is not set"},
};

std::string row_name(const testing::TestParamInfo<Broken>& row) { return row.param.name; }

const std::string kOps = "channels: {ops: {slack: {webhook_url: 'https://h/x'}}}\n";

const std::vector<Broken> kAlertingRows{
    {"NotifyWithoutChannel",
     http("    notify: [{after: 5m}]\n"),
     {4, 14},
     "monitors.m.notify[0]",
     "expected channel:"},
    {"NotifyUnknownType",
     kOps + "monitors: {m: {tcp: 'h:1', notify: {channel: ops, types: "
            "went_dwn}}}\n",
     {2, 58},
     "monitors.m.notify.types",
     "did you mean went_down?"},
    {"NotifyUnknownSeverity",
     kOps + "monitors: {m: {tcp: 'h:1', notify: {channel: ops, severity: "
            "[fatal]}}}\n",
     {2, 62},
     "monitors.m.notify.severity[0]",
     "critical, warning or info"},
    {"NotifyAfterTooShort",
     kOps + "monitors: {m: {tcp: 'h:1', notify: {channel: ops, after: 1ms}"
            "}}\n",
     {2, 58},
     "monitors.m.notify.after",
     "1s"},
    {"NotifyUnknownKey",
     kOps + "monitors: {m: {tcp: 'h:1', notify: {channel: ops, type: x}}}\n",
     {2, 51},
     "monitors.m.notify.type",
     "did you mean types?"},
    {"NotifyEntryTwice",
     kOps + "monitors: {m: {tcp: 'h:1', notify: [ops, {channel: ops}]}}\n",
     {2, 42},
     "monitors.m.notify[1]",
     "found this entry twice"},
    {"NotifyNumber",
     http("    notify: [[ops]]\n"),
     {4, 14},
     "monitors.m.notify[0]",
     "found a list"},
    {"SelfUnknownChannel",
     "self: {notify: [opps]}\n",
     {1, 17},
     "self.notify",
     "unknown channel \"opps\""},
    {"SelfUnknownSink", "self: {report: dd}\n", {1, 16}, "self.report", "unknown sink \"dd\""},
    {"SelfHeartbeatNotAUrl",
     "self: {heartbeat_url: nowhere}\n",
     {1, 23},
     "self.heartbeat_url",
     "expected an http or https URL"},
    {"SeverityUnknown",
     http("    severity: high\n"),
     {4, 15},
     "monitors.m.severity",
     "critical, warning or info"},
    {"ReminderTooOften", http("    remind_every: 1s\n"), {4, 19}, "monitors.m.remind_every", "1m"},
    {"MaintenanceNoList", "maintenance: {name: a}\n", {1, 14}, "maintenance", "expected a list"},
    {"MaintenanceIncomplete",
     "maintenance: [{name: a, for: 1h}]\n",
     {1, 15},
     "maintenance[0]",
     "expected name, schedule and for"},
    {"MaintenanceBadCron",
     "maintenance: [{name: a, schedule: '61 * * * *', for: 1h}]\n",
     {1, 35},
     "maintenance[0].schedule",
     "minute"},
    {"MaintenanceBadZone",
     "maintenance: [{name: a, schedule: '1 * * * *', for: 1h, timezone: Europe/Zurch}]\n",
     {1, 67},
     "maintenance[0].timezone",
     "Europe/Zurich"},
    {"MaintenanceNameTwice",
     "maintenance:\n  - {name: a, schedule: '1 * * * *', for: 1h}\n"
     "  - {name: a, schedule: '2 * * * *', for: 1h}\n",
     {3, 5},
     "maintenance[1]",
     "two maintenance windows of this name"},
    {"MaintenanceBadMatch",
     "maintenance: [{name: a, schedule: '1 * * * *', for: 1h, match: {team: '[a'}}]\n",
     {1, 64},
     "maintenance[0].match",
     "pattern"},
};

INSTANTIATE_TEST_SUITE_P(Syntax, BrokenConfig, testing::ValuesIn(kSyntaxRows), row_name);
INSTANTIATE_TEST_SUITE_P(Settings, BrokenConfig, testing::ValuesIn(kSettingRows), row_name);
INSTANTIATE_TEST_SUITE_P(Monitors, BrokenConfig, testing::ValuesIn(kMonitorRows), row_name);
INSTANTIATE_TEST_SUITE_P(Targets, BrokenConfig, testing::ValuesIn(kTargetRows), row_name);
INSTANTIATE_TEST_SUITE_P(Substitution, BrokenConfig, testing::ValuesIn(kSubstitutionRows),
                         row_name);
INSTANTIATE_TEST_SUITE_P(Alerting, BrokenConfig, testing::ValuesIn(kAlertingRows), row_name);

TEST(BrokenConfigs, AreAllReportedAtOnce) {
  const auto result =
      load_text("watch: maybe\nmonitors:\n  a: {http: nope, every: 1}\n  b: {}\nlog: {x: 1}\n");
  EXPECT_EQ(result.diagnostics.size(), 5U) << all_texts(result);
}

TEST(BrokenConfigs, TellAnOpenAddressBesideOtherErrors) {
  const auto result = load_text("listen: 0.0.0.0:7400\nwatch: maybe\n");
  EXPECT_EQ(result.diagnostics.size(), 2U) << all_texts(result);
  EXPECT_THAT(all_texts(result), testing::HasSubstr("tocsin.yml:1:9: error: listen: this address "
                                                    "can be reached from other machines"));
}

TEST(BrokenConfigs, CallNoAddressOpenWhileAccessIsNotUnderstood) {
  for (const std::string text :
       {"listen: 0.0.0.0:7400\nauth: {tokens: [{name: a}]}\n", "listen: {host: 0.0.0.0, prot: 1}\n",
        "listen: 0.0.0.0:7400\nallow_unauthenticated: yes\n", "listen: 0.0.0.0:7400\nauth: {"}) {
    const auto result = load_text(text);
    EXPECT_EQ(result.diagnostics.size(), 1U) << all_texts(result);
    EXPECT_THAT(all_texts(result), testing::Not(testing::HasSubstr("can be reached"))) << text;
  }
}

TEST(BrokenConfigs, JudgeWhatStandsUnderANameUsedTwice) {
  const auto result = load_text(
      "monitors:\n  m: {tcp: \"h:1\"}\n  m: {tcp: \"h:2\", every: 30}\n"
      "channels:\n  c: {webhook: 'https://h/'}\n  c: {slack: {}, webhook: {}}\n"
      "sinks:\n  s: {webhook: 'https://h/'}\n  s: {webhook: {url: \"${NOPE}\"}}\n");
  EXPECT_FALSE(result.config);
  const std::string all = all_texts(result);
  EXPECT_EQ(std::ranges::count(result.diagnostics, Severity::error, &Diagnostic::severity), 6)
      << all;
  for (const std::string_view part :
       {"3:3: error: monitors.m: found this name twice", "3:26: error: monitors.m.every: found",
        "6:3: error: channels.c: found this name twice", "6:3: error: channels.c: found 2 kinds",
        "9:3: error: sinks.s: found this name twice", "sinks.s.webhook.url: the environment"}) {
    EXPECT_THAT(all, testing::HasSubstr(part));
  }
}

TEST(BrokenConfigs, NameTheRuleAndNeverTheValueFilledIn) {
  for (const std::string condition :
       {"${SECRET}", "[STATUS] == ${SECRET}", "[${SECRET}] == 1", "[BODY][${SECRET}] == 1",
        "[STATUS]${SECRET} == 1", "[BODY].a == any(${SECRET}*, b)", "len(${SECRET}) == 1",
        "[IP] == ${SECRET}", "[RESPONSE_TIME] < ${SECRET}", "[BODY].a < ${SECRET}"}) {
    const auto result = load_text(http("    expect: ['" + condition + "']\n"));
    ASSERT_EQ(result.diagnostics.size(), 1U) << all_texts(result);
    EXPECT_THAT(result.diagnostics[0].message, testing::HasSubstr("value filled in): "))
        << condition;
    EXPECT_THAT(result.diagnostics[0].message, testing::Not(testing::HasSubstr("s3cr3t")));
  }
}

TEST(BrokenConfigs, HaveOneLineForPeople) {
  const auto result = load_text(http("    every: 30\n"));
  EXPECT_EQ(all_texts(result),
            "tocsin.yml:4:12: error: monitors.m.every: found \"30\", expected a duration such as "
            "30s (did you mean 30s?)\n");
}

}  // namespace
}  // namespace tocsin::config
