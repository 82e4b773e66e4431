#include <functional>
#include <set>
#include <sstream>

#include "web/metrics_text.hpp"
#include "web/test_world.hpp"

namespace tocsin::web {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(MetricsText, EscapesLabelValues) {
  std::string out;
  MetricsText text(out);
  text.begin("tocsin_x", "gauge", "Help.");
  const std::array<MetricLabel, 1> labels{{{"monitor", "a\"b\\c\nd\xff\xC3\xA9"}}};
  text.sample(labels, 0.25);
  EXPECT_EQ(out,
            "# HELP tocsin_x Help.\n# TYPE tocsin_x gauge\n"
            "tocsin_x{monitor=\"a\\\"b\\\\c\\nd\xEF\xBF\xBD\xC3\xA9\"} 0.25\n");
}

TEST(MetricsText, HistogramsAreCumulativeAndInSeconds) {
  std::string out;
  MetricsText text(out);
  text.begin("tocsin_h_seconds", "histogram", "H.");
  const std::array<std::int64_t, 2> bounds{5, 1000};
  const std::array<std::uint64_t, 3> counts{2, 3, 1};
  text.histogram({}, {bounds, counts, 6, Microseconds{2'500'000}});
  EXPECT_THAT(out, HasSubstr("tocsin_h_seconds_bucket{le=\"0.005\"} 2\n"
                             "tocsin_h_seconds_bucket{le=\"1\"} 5\n"
                             "tocsin_h_seconds_bucket{le=\"+Inf\"} 6\n"
                             "tocsin_h_seconds_sum 2.5\ntocsin_h_seconds_count 6\n"));
}

// Every family is announced once, before its samples, and its samples stand together.
void expect_well_formed(const std::string& text) {
  std::set<std::string> seen;
  std::string current;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) {
      current = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(seen.insert(current).second) << current;
    } else if (!line.starts_with("#")) {
      EXPECT_TRUE(line.starts_with(current)) << line;
      EXPECT_NE(line.find(' '), std::string::npos) << line;
    }
  }
}

TEST(Metrics, ShowChannelsAndWhatIsHeldBack) {
  using namespace std::chrono_literals;
  test::World world;
  world.monitors.stats_.incidents = 2;
  alert::Silence silence;
  silence.from = world.loop.now();
  silence.until = silence.from + 1h;
  world.alerting.kept = {silence};
  silence.until = silence.from;
  world.alerting.kept.push_back(silence);
  auto& ops = world.alerting.add_outlet("ops").view;
  ops.waiting = 4;
  ops.oldest = world.loop.now() - 1500ms;
  ops.health.failing = true;
  ops.stats = {.delivered = 9,
               .messages = 5,
               .late = 3,
               .grouped = 6,
               .failures = 8,
               .retries = 7,
               .dropped = 1};
  world.alerting.add_outlet("sink", true);
  const Response response = world.get("/metrics");
  for (const std::string line :
       {"tocsin_incidents_open 2", "tocsin_silences_active 1",
        R"(tocsin_channel_up{channel="ops",type="webhook"} 0)",
        R"(tocsin_channel_up{channel="sink",type="datadog_event"} 1)",
        R"(tocsin_outbox_waiting{channel="ops",type="webhook"} 4)",
        R"(tocsin_outbox_oldest_seconds{channel="ops",type="webhook"} 1.5)",
        R"(tocsin_outbox_oldest_seconds{channel="sink",type="datadog_event"} 0)",
        R"(tocsin_notifications_delivered_total{channel="ops",type="webhook"} 9)",
        R"(tocsin_notifications_dropped_total{channel="ops",type="webhook"} 1)",
        R"(tocsin_notifications_late_total{channel="ops",type="webhook"} 3)",
        R"(tocsin_notifications_grouped_total{channel="ops",type="webhook"} 6)",
        R"(tocsin_messages_delivered_total{channel="ops",type="webhook"} 5)",
        R"(tocsin_messages_failed_total{channel="ops",type="webhook"} 8)",
        R"(tocsin_messages_retried_total{channel="ops",type="webhook"} 7)"}) {
    EXPECT_THAT(response.body, HasSubstr("\n" + line + "\n"));
  }
  expect_well_formed(response.body);
}

TEST(Metrics, ShowMonitorsScheduleStoreAndRequests) {
  test::World world;
  auto& monitor = world.monitors.add("check \"out\"", alert::State::down);
  monitor.last_json = "{}";
  monitor.view.last_duration = Microseconds{12'500};
  world.monitors.add("fresh", alert::State::fresh);
  world.monitors.stats_.counters.skip(schedule::Skip::overload) = 4;
  world.monitors.health.degraded = true;
  world.problems.broken_dropins.push_back({"a.yml", "broken"});
  world.transport.rejected = 3;
  world.get("/nothing");
  const Response response = world.get("/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  for (const std::string line :
       {R"(tocsin_monitor_state{monitor="check \"out\"",kind="http",state="down"} 1)",
        R"(tocsin_monitor_state{monitor="check \"out\"",kind="http",state="up"} 0)",
        R"(tocsin_monitor_last_duration_seconds{monitor="check \"out\"",kind="http"} 0.0125)",
        R"(tocsin_schedule_skipped_total{reason="overload"} 4)", "tocsin_store_degraded 1",
        "tocsin_config_broken_dropins 1", "tocsin_http_rejected_total 3", "tocsin_outbox_rows 7",
        R"(tocsin_http_requests_total{status="4xx"} 1)",
        R"(tocsin_build_info{version="1.2.3"} 1)"}) {
    EXPECT_THAT(response.body, HasSubstr("\n" + line + "\n"));
  }
  EXPECT_THAT(response.body, Not(HasSubstr(R"(duration_seconds{monitor="fresh")")));
  expect_well_formed(response.body);
}

TEST(Metrics, ShowEcsWhereClustersAreWatched) {
  test::World world;
  EXPECT_THAT(world.get("/metrics").body, Not(HasSubstr("tocsin_ecs_")));
  world.ecs = EcsFigures{.services = 12, .unanswered = 3, .calls = 40};
  const std::string shown = world.get("/metrics").body;
  for (const std::string line : {"tocsin_ecs_services 12", "tocsin_ecs_calls_total 40",
                                 R"(tocsin_ecs_looks_total{result="unanswered"} 3)"}) {
    EXPECT_THAT(shown, HasSubstr("\n" + line + "\n"));
  }
}

TEST(Metrics, LeaveOutSingleMonitorsAboveFiveThousandUnlessAsked) {
  test::World world;
  world.monitors.add_many(5001);
  EXPECT_THAT(world.get("/metrics").body, Not(HasSubstr("tocsin_monitor_state{")));
  world.settings.metrics_per_monitor = true;
  ASSERT_TRUE(world.api().apply(world.settings));
  const std::string body = world.get("/metrics").body;
  EXPECT_THAT(body, HasSubstr(R"(tocsin_monitor_state{monitor="m005000")"));
  expect_well_formed(body);
  world.settings.metrics_per_monitor = false;
  ASSERT_TRUE(world.api().apply(world.settings));
  world.monitors.remove("m000000");
  EXPECT_THAT(world.get("/metrics").body, Not(HasSubstr("tocsin_monitor_state{")));
}

TEST(Metrics, RenderInSlicesAndSurviveAReload) {
  test::World world;
  world.monitors.add_many(4500);
  std::optional<Response> answer;
  Request request;
  request.method = "GET";
  request.target = "/metrics";
  request.headers = {{"host", "localhost"}};
  world.api().handle(std::move(request), [&](Response response) { answer = std::move(response); });
  std::size_t turns = 0;
  std::size_t most = 0;
  std::function<void()> count = [&] {
    most = std::max(most, world.monitors.views);
    world.monitors.views = 0;
    if (++turns == 2) {
      world.monitors.remove("m000100");
      world.monitors.remove("m004000");
    }
    if (!answer) {
      world.loop.post([&] { count(); });
    }
  };
  count();
  world.loop.run_ready();
  ASSERT_TRUE(answer);
  EXPECT_LE(most, 1100U);
  EXPECT_GE(turns, 5U);
  EXPECT_THAT(answer->body, HasSubstr("monitor=\"m004499\""));
  EXPECT_THAT(answer->body, Not(HasSubstr("monitor=\"m004000\"")));
  expect_well_formed(answer->body);
}

TEST(Metrics, AreServedWhenTheStoreDoesNotAnswer) {
  test::World world;
  world.store.fails = true;
  const Response response = world.get("/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, Not(HasSubstr("tocsin_outbox_rows")));
}

}  // namespace
}  // namespace tocsin::web
