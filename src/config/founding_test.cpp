// Founding-format files that load: what they become. And what holds for them as files among others.

#include <fmt/format.h>

#include "check/assertions.hpp"
#include "config/test_founding.hpp"
#include "notification/provider/post.hpp"

namespace tocsin::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct Valid {
  std::string name;
  std::string text;
  std::string url;                            // of the one monitor; "" when there is none
  std::vector<std::string> passing, failing;  // bodies
  bool posts = false;
  ReportOn on = ReportOn::up;
};

bool passes(const Monitor& monitor, const std::string& body) {
  check::Response response;
  response.http_status = 200;
  response.body = body;
  return monitor.check->assertions->evaluate(response).passed;
}

class ValidFounding : public testing::TestWithParam<Valid> {};

TEST_P(ValidFounding, Loads) {
  const Valid& row = GetParam();
  const LoadResult result = load_founding(row.text);
  EXPECT_FALSE(result.has_errors()) << all_texts(result);
  ASSERT_TRUE(result.config);
  if (row.url.empty()) {
    EXPECT_THAT(result.config->monitors, IsEmpty());
    return;
  }
  ASSERT_EQ(result.config->monitors.size(), 1U);
  const Monitor& monitor = result.config->monitors.front();
  EXPECT_EQ(std::get<check::HttpCheck>(monitor.check->target).url, row.url);
  EXPECT_TRUE(std::holds_alternative<schedule::CronPlan>(monitor.plan->when));
  for (const std::string& body : row.passing) EXPECT_TRUE(passes(monitor, body)) << body;
  for (const std::string& body : row.failing) EXPECT_FALSE(passes(monitor, body)) << body;
  if (row.posts) {
    EXPECT_THAT(monitor.notes->report, ElementsAre(ReportTo{monitor.name, row.on}));
    ASSERT_EQ(result.config->sinks.size(), 1U);
    EXPECT_EQ(result.config->sinks.front()->name, monitor.name);
  } else {
    EXPECT_THAT(monitor.notes->report, IsEmpty());
    EXPECT_THAT(result.config->sinks, IsEmpty());
  }
}

const std::vector<Valid> kTargets{
    {"Least", kEndpoint, "https://www.example.com/health", {"{}", "no JSON"}, {}},
    {"Http",
     "localhost:8080:\n  cron_schedule: '@hourly'\n  scheme: http\n",
     "http://localhost:8080",
     {},
     {}},
    {"Flow",
     "www.example.com: {cron_schedule: \"* * * * *\", scheme: https}\n",
     "https://www.example.com",
     {},
     {}},
    {"SecondsAndQuery",
     "\"www.example.com/health?deep=1\":\n  cron_schedule: \"*/10 * * * * *\"\n",
     "https://www.example.com/health?deep=1",
     {},
     {}},
    {"ASecondNameOfOneEndpoint",
     "www.example.com/health#orders:\n  cron_schedule: 0 3 * * *\n",
     "https://www.example.com/health",
     {},
     {}},
    {"ListInTheColumnOfItsKey",
     "x-key: &key s3cr3t-pw\n" + kEndpoint + "  response_json_values:\n  - status\n  - db.state\n",
     "https://www.example.com/health",
     {"{}"},
     {}},
};
const std::vector<Valid> kTests{
    {"Word",
     kEndpoint + "  success_test: {key: status, value: ok}\n",
     "https://www.example.com/health",
     {R"({"status":"ok"})"},
     {R"({"status":"OK"})", R"({"state":"ok"})", "{}", "ok", R"({"status":null})"}},
    {"Number",
     kEndpoint + "  success_test: {key: db.lag, value: 0}\n",
     "https://www.example.com/health",
     {R"({"db":{"lag":0}})", R"({"db":{"lag":"0"}})"},
     {R"({"db":{"lag":1}})"}},
    {"Flag",
     kEndpoint + "  success_test: {key: healthy, value: true}\n",
     "https://www.example.com/health",
     {R"({"healthy":true})", R"({"healthy":"true"})"},
     {R"({"healthy":false})", R"({"healthy":1})"}},
    {"Element",
     kEndpoint + "  success_test: {key: \"nodes[1].state\", value: up}\n",
     "https://www.example.com/health",
     {R"({"nodes":[{"state":"down"},{"state":"up"}]})"},
     {R"({"nodes":[{"state":"up"}]})"}},
    {"TextThatLooksLikeACondition",
     kEndpoint + "  success_test: {key: status, value: \"pat(*) == [STATUS] \\\\ 'ok' \"}\n",
     "https://www.example.com/health",
     {R"({"status":"pat(*) == [STATUS] \\ 'ok' "})"},
     {R"({"status":"pat(x) == [STATUS] \\ 'ok' "})", R"({"status":"ok"})"}},
    {"TextWithLeadingZero",
     kEndpoint + "  success_test: {key: code, value: \"010\"}\n",
     "https://www.example.com/health",
     {R"({"code":"010"})"},
     {R"({"code":"10"})", R"({"code":"8"})"}},
    {"Umlaut",
     kEndpoint + "  success_test: {key: status, value: \"verf\\u00fcgbar\"}\n",
     "https://www.example.com/health",
     {"{\"status\":\"verf\xC3\xBCgbar\"}"},
     {R"({"status":"verf"})"}},
};
const std::vector<Valid> kPosts{
    {"Post", kPost, "https://www.example.com/health", {}, {}, true, ReportOn::up},
    {"OnFailure",
     kPost + "  post_on: failure\n",
     "https://www.example.com/health",
     {},
     {},
     true,
     ReportOn::down},
    {"Always",
     kPost + "  post_on: always\n",
     "https://www.example.com/health",
     {},
     {},
     true,
     ReportOn::always},
    {"PlaceholdersOfEveryForm",
     kEndpoint +
         "  response_json_values: [status, db.state]\n"
         "  post_endpoint: https://api.example.com/events\n"
         "  post_json_info:\n    title: {status}\n    text: \"{db.state} {{x}} {outcome.reason}\"\n"
         "    tags:\n      - status: {status}\n      - env: production\n      - plain\n"
         "      - {status}\n",
     "https://www.example.com/health",
     {},
     {},
     true},
    {"Service",
     kAws + "  data_details_json:\n    - status: {outcome.status}\n    - env: production\n"
            "  data_resources: [\"arn:aws:ecs:eu-central-1:123456789012:service/shop\"]\n",
     "https://www.example.com/health",
     {},
     {}},
    {"SelfAlone",
     "self:\n  post_endpoint: https://api.example.com/events\n"
     "  post_json_info: {title: \"Tocsin is {outcome.status}\", text: \"{down} of {monitors}\"}\n",
     "",
     {},
     {}},
};
std::string valid_name(const testing::TestParamInfo<Valid>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Targets, ValidFounding, testing::ValuesIn(kTargets), valid_name);
INSTANTIATE_TEST_SUITE_P(Tests, ValidFounding, testing::ValuesIn(kTests), valid_name);
INSTANTIATE_TEST_SUITE_P(Posts, ValidFounding, testing::ValuesIn(kPosts), valid_name);

// What one outcome is posted as: the first step of the delivery.
notification::HttpStep post_of(const LoadResult& result, const std::string& values) {
  notification::Message message;
  message.key = "key-1";
  message.reports.push_back({"www.example.com/health",
                             "http",
                             {},
                             R"({"status":"up","reason":"","message":"","started_at":)"
                             R"("2026-11-21T08:00:00.000Z","duration_ms":12,"values":)" +
                                 values + "}"});
  message.now = from_unix_ms(1'795'248'000'500);
  const auto work = result.config->sinks.at(0)->format->prepare(message, std::nullopt);
  return std::get<notification::HttpStep>(work.steps.at(0));
}

TEST(FoundingPost, FillsValuesInAndJoinsTagsWithAColon) {
  const auto result = load_founding(
      kEndpoint +
      "  response_json_values: [status, version]\n"
      "  post_endpoint: https://api.example.com/events\n"
      "  post_json_info:\n    title: health is {status}\n    text: \"version {version}\"\n"
      "    tags:\n      - status: {status}\n      - env: production\n      - {version}\n");
  ASSERT_FALSE(result.has_errors()) << all_texts(result);
  const auto step = post_of(result, R"({"status":"o\"k","version":7})");
  EXPECT_EQ(step.url, "https://api.example.com/events");
  EXPECT_EQ(step.body, R"({"title":"health is o\"k","text":"version 7",)"
                       R"("tags":["status:o\"k","env:production","7"]})");
}

TEST(FoundingPost, SendsTheKeyAsParameterOrHeader) {
  const auto with = [](const std::string& key) {
    const auto result = load_founding(
        kEndpoint + "  post_endpoint: \"https://api.example.com/events?a=b\"\n  post_api_key: " +
        key + "\n  post_json_info: {title: a, text: b}\n");
    EXPECT_FALSE(result.has_errors()) << all_texts(result);
    return post_of(result, "{}");
  };
  using Header = std::pair<std::string, std::string>;
  const auto parameter = with("{param_name: api_key, param_value: \"a&b c\"}");
  EXPECT_EQ(parameter.url, "https://api.example.com/events?a=b&api_key=a%26b%20c");
  const auto header = with("{param_name: DD-API-KEY, param_value: k}");
  EXPECT_EQ(header.url, "https://api.example.com/events?a=b");
  EXPECT_THAT(header.headers, testing::Contains(Header("DD-API-KEY", "k")));
  const auto forced = with("{param_name: token, param_value: k, param_in: header}");
  EXPECT_THAT(forced.headers, testing::Contains(Header("token", "k")));
  EXPECT_EQ(forced.url, "https://api.example.com/events?a=b");
}

TEST(FoundingPost, SaysTheStateWhereATextComesOutBlank) {
  const auto result = load_founding(
      kEndpoint +
      "  response_json_values: [status]\n  post_endpoint: https://api.example.com/events\n"
      "  post_json_info: {title: \"{status}\", text: \"{status}\", tags: [{status}]}\n");
  ASSERT_FALSE(result.has_errors()) << all_texts(result);
  EXPECT_EQ(post_of(result, "{}").body,
            R"({"title":"www.example.com/health is up","text":"www.example.com/health is up",)"
            R"("tags":[]})");
}

TEST(FoundingPost, GetsTheOutcomesThatPostOnNames) {
  using check::Status;
  EXPECT_TRUE(reports(ReportOn::up, Status::up));
  EXPECT_FALSE(reports(ReportOn::up, Status::down));
  EXPECT_FALSE(reports(ReportOn::up, Status::unknown));
  EXPECT_TRUE(reports(ReportOn::down, Status::down));
  EXPECT_FALSE(reports(ReportOn::down, Status::up));
  EXPECT_FALSE(reports(ReportOn::down, Status::unknown));
  EXPECT_TRUE(reports(ReportOn::always, Status::unknown));
}

TEST(Founding, KeysAreSecrets) {
  const auto result = load_founding(kPost);
  EXPECT_THAT(result.secrets, testing::Contains("s3cr3t-pw"));
  const auto query =
      load_founding(kEndpoint +
                    "  post_endpoint: \"https://api.example.com/events?token=s3cr3t-pw\"\n"
                    "  post_json_info: {title: a, text: b}\n");
  EXPECT_THAT(query.secrets, testing::Contains("token=s3cr3t-pw"));
}

// Each has a mistake beside its secret, so that the lines around it are shown.
TEST(Founding, CorrectedLinesHoldNoSecretInAnyForm) {
  const std::string mistakes[] = {"  interval: 5m\n", "  cron_schedule: 0 0 * * *\n",
                                  "\tscheme: http\n", "  notify: [ops]\n"};
  const std::string secrets[] = {
      "  post_api_key: s3cr3t-pw\n",
      "  post_api_key: {api_key: s3cr3t-pw}\n",
      "  post_api_key: {param_name: api_key, param_vlaue: 's3cr3t-pw'}\n",
      "  post_api_key: {param_name: api_key, param_value: s3cr3t-pw}\n",
      "  post_api_key: {\"param_value\": \"s3cr3t-pw, s3cr3t-pw\", param_name: k}\n",
      "  post_api_key:\n    param_name: k\n    param_value: s3cr3t-pw # s3cr3t-pw\n",
      "  post_api_key:\n    api_key: s3cr3t-pw\n",
      "  post_api_key:\n    - s3cr3t-pw\n",
      "  post_api_key:\n    s3cr3t-pw\n",
      "  post_api_key:\n    param_name: k\n    param_value: >\n      s3cr3t-pw\n      s3cr3t-pw\n",
      "  post_api_key:\n    param_name: k\n    param_value: s3cr3t-pw\n      s3cr3t-pw\n",
      "  post_api_key:\n\n    # the key\n    paramvalue: s3cr3t-pw\n",
      "  post_api_kye:\n    value: s3cr3t-pw\n",
      "  aws_secret: s3cr3t-pw\n",
      "  aws_secrets: \"s3cr3t-pw\"\n",
      "  aws_secret: |\n    s3cr3t-pw\n",
      "  post_endpoint: \"https://h.example/?key=s3cr3t-pw&b=s3cr3t-pw\"\n",
  };
  for (const std::string& mistake : mistakes) {
    for (const std::string& secret : secrets) {
      for (const std::string& text :
           {fmt::format("{}{}{}", kEndpoint, secret, mistake),
            fmt::format("{}{}{}", kEndpoint, mistake, secret),
            fmt::format("{}{}{}", kEndpoint, kEndpoint, secret),
            fmt::format("self:\n{}self:\n{}{}", secret, secret, mistake)}) {
        EXPECT_THAT(all_texts(load_founding(text)), Not(HasSubstr("s3cr3t"))) << text;
      }
    }
  }
}

TEST(Founding, ServiceIsWarnedAboutAndShownAsUnavailable) {
  const auto result = load_founding(kAws);
  ASSERT_TRUE(result.config);
  EXPECT_TRUE(result.config->monitors.at(0).notes->delivery_unavailable);
  EXPECT_THAT(all_texts(result), HasSubstr("warning: " + kPath + ".post_service: nothing is sent"));
  EXPECT_THAT(all_texts(result), Not(HasSubstr("s3cr3t")));
}

TEST(Founding, SelfReportsEveryMinuteBesideWhatTheMainFileSays) {
  const auto result =
      load_files({{"a.yml",
                   "self:\n  post_endpoint: https://api.example.com/events\n"
                   "  post_json_info: {title: a, text: \"{troubles}\"}\n"},
                  {"tocsin.yml", "sinks: {dd: {webhook: 'https://h/'}}\nself: {report: [dd]}\n"}});
  ASSERT_FALSE(result.has_errors()) << all_texts(result);
  EXPECT_THAT(result.config->settings.self.report,
              ElementsAre(ReportTo{"dd"}, ReportTo{"self", ReportOn::always}));
  EXPECT_EQ(result.config->settings.self.report_every, Milliseconds{60'000});
}

TEST(Founding, TakesTheDefaultsOfTheMainFile) {
  const auto result = load_files(
      {{"a.yml", kPost + "orders.example.com:\n  cron_schedule: 0 3 * * *\n"},
       {"tocsin.yml",
        "sinks: {dd: {webhook: 'https://h/'}}\nchannels: {ops: {webhook: 'https://h/'}}\n"
        "defaults: {every: 7s, timeout: 3s, notify: [ops], report: [dd]}\n"}});
  ASSERT_FALSE(result.has_errors()) << all_texts(result);
  const auto& monitors = result.config->monitors;
  ASSERT_EQ(monitors.size(), 2U);
  EXPECT_EQ(monitors[0].name, "orders.example.com");
  EXPECT_THAT(monitors[0].notes->report, ElementsAre(ReportTo{"dd"}));
  EXPECT_THAT(monitors[1].notes->report,
              ElementsAre(ReportTo{"www.example.com/health", ReportOn::up}));
  EXPECT_EQ(monitors[1].check->timeout, Milliseconds{3000});
  EXPECT_TRUE(std::holds_alternative<schedule::CronPlan>(monitors[1].plan->when));
  EXPECT_EQ(monitors[1].notes->notify.at(0).channel, "ops");
}

TEST(Founding, EveryMistakeIsToldAtOnce) {
  const auto result = load_founding(
      "www.example.com/health:\n  cron_schedule: * * * * *\n  scheme: tcp\n"
      "orders.example.com:\n  cron_schedule: @daily\n  success_tset: {key: a, value: b}\n");
  std::vector<std::uint32_t> lines;
  for (const Diagnostic& d : result.diagnostics) lines.push_back(d.at.line);
  EXPECT_THAT(lines, ElementsAre(2, 3, 5, 6)) << all_texts(result);
}

TEST(Founding, TheLaterOfTwoDefinitionsIsBroken) {
  const auto result = load_files({{"a.yml", kPost}, {"b.yml", kPost}});
  EXPECT_THAT(result.broken_drop_ins, ElementsAre("b.yml"));
  EXPECT_EQ(all_texts(result),
            "b.yml:1:1: error: " + kPath + ": this entry is already defined in a.yml:1\n");
}

TEST(Founding, SectionsStandInAnotherFile) {
  const auto result = load_founding(kEndpoint + "channels:\n  ops: {exec: [a]}\n");
  EXPECT_EQ(all_texts(result),
            "a.yml:3:1: error: channels: a drop-in in the founding format holds endpoints and "
            "self; channels stands in another file\n");
}

TEST(Founding, IsNoMainFile) {
  const auto result = load_text(kEndpoint);
  EXPECT_FALSE(result.config);
  EXPECT_THAT(all_texts(result), HasSubstr("stand in a drop-in: a file beside tocsin.yml"));
}

TEST(Founding, OtherDropInsAreNotTakenForIt) {
  for (const std::string text :
       {"monitors:\n  www.example.com/health: {http: \"https://h/\"}\n",
        "monitors: {a: {tcp: 'h:1'}}\nself: {notify: [ops]}\n", "", "# nothing\n"}) {
    const auto result = load_files({{"a.yml", text}, {"tocsin.yml", "monitors: {}\n"}});
    EXPECT_THAT(all_texts(result), Not(HasSubstr("founding"))) << text;
  }
}

TEST(Founding, WarnsOfATestOfAValueThatWasProbablyMisspelt) {
  const auto result = load_founding(
      kEndpoint + "  response_json_values: [status]\n  success_test: {key: sattus, value: ok}\n");
  EXPECT_EQ(all_texts(result), "a.yml:4:23: warning: " + kPath +
                                   ".success_test: response_json_values does not name sattus (did "
                                   "you mean status?)\n");
}

}  // namespace
}  // namespace tocsin::config
