#include "web/monitor_list.hpp"

#include <set>

#include "base/random.hpp"
#include "web/test_world.hpp"

namespace tocsin::web {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Walks every page as a client would, and returns all names in order.
std::vector<std::string> walk_pages(test::World& world, const std::string& query) {
  std::vector<std::string> all;
  std::string cursor;
  for (int page = 0; page < 1000; ++page) {
    const Response response =
        world.get("/api/v1/monitors?" + query + (cursor.empty() ? "" : "&cursor=" + cursor));
    EXPECT_EQ(response.status, 200) << response.body;
    for (std::string& name : test::names_in(response.body)) {
      all.push_back(std::move(name));
    }
    cursor = test::text_field(response.body, "next");
    if (cursor.empty()) {
      return all;
    }
  }
  ADD_FAILURE() << "pages without end";
  return all;
}

void fill(test::World& world) {
  world.monitors.add("alpha", alert::State::down, {{"env", "prod"}, {"team", "shop"}});
  world.monitors.add("beta", alert::State::up, {{"team", "shop"}}, true);
  world.monitors.add("Gamma Ray", alert::State::unknown, {{"team", "ops"}});
  world.monitors.add("delta", alert::State::fresh);
}

TEST(MonitorList, FiltersByStateKindLabelAndText) {
  test::World world;
  fill(world);
  const auto names = [&](const std::string& query) {
    return test::names_in(world.get("/api/v1/monitors" + query).body);
  };
  EXPECT_THAT(names(""), ElementsAre("Gamma Ray", "alpha", "beta", "delta"));
  EXPECT_THAT(names("?state=down,unknown"), ElementsAre("Gamma Ray", "alpha"));
  EXPECT_THAT(names("?state=new"), ElementsAre("delta"));
  EXPECT_THAT(names("?kind=tcp"), ElementsAre("beta"));
  EXPECT_THAT(names("?kind=tcp,http&state=up"), ElementsAre("beta"));
  EXPECT_THAT(names("?kind=dns"), IsEmpty());
  EXPECT_THAT(names("?label=team:shop"), ElementsAre("alpha", "beta"));
  EXPECT_THAT(names("?label=team:shop&label=env:prod"), ElementsAre("alpha"));
  EXPECT_THAT(names("?label=team:sho"), IsEmpty());
  EXPECT_THAT(names("?q=ma%20R"), ElementsAre("Gamma Ray"));
  EXPECT_THAT(names("?q=TA"), ElementsAre("beta", "delta"));
}

TEST(MonitorList, SortsByUrgencyAgeAndDuration) {
  test::World world;
  fill(world);
  int age = 0;
  for (const std::string name : {"beta", "alpha", "delta", "Gamma Ray"}) {
    auto& monitor = world.monitors.add(name, alert::State::up);
    monitor.view.state.since = from_unix_ms(1000 + age);
    monitor.view.last_duration = Microseconds{5000 - age};
    age += 10;
  }
  const auto names = [&](const std::string& sort) {
    return test::names_in(world.get("/api/v1/monitors?sort=" + sort).body);
  };
  EXPECT_THAT(names("since"), ElementsAre("beta", "alpha", "delta", "Gamma Ray"));
  EXPECT_THAT(names("-since"), ElementsAre("Gamma Ray", "delta", "alpha", "beta"));
  EXPECT_THAT(names("duration"), ElementsAre("Gamma Ray", "delta", "alpha", "beta"));
  EXPECT_THAT(names("-name"), ElementsAre("delta", "beta", "alpha", "Gamma Ray"));
  world.monitors.add("z-down", alert::State::down);
  world.monitors.add("z-new", alert::State::fresh);
  world.monitors.add("z-unknown", alert::State::unknown);
  EXPECT_THAT(names("state"),
              ElementsAre("z-down", "z-unknown", "z-new", "Gamma Ray", "alpha", "beta", "delta"));
}

TEST(MonitorList, PagesHoldEveryMonitorOnceInEveryOrder) {
  test::World world;
  Random random(20261121);
  for (int i = 0; i < 3000; ++i) {
    auto& monitor = world.monitors.add("m" + std::to_string(random.next()),
                                       static_cast<alert::State>(random.below(4)));
    // Few different values, so that ties cross the pages.
    monitor.view.state.since = from_unix_ms(static_cast<std::int64_t>(random.below(7)) * 1000);
    monitor.view.last_duration = Microseconds{static_cast<std::int64_t>(random.below(5))};
  }
  for (const std::string sort :
       {"name", "-name", "state", "-state", "since", "-since", "duration", "-duration"}) {
    const auto names = walk_pages(world, "limit=271&sort=" + sort);
    EXPECT_EQ(names.size(), 3000U) << sort;
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 3000U) << sort;
    const std::string filtered = "limit=97&state=up,down&q=1&sort=" + sort;
    const auto some = walk_pages(world, filtered);
    EXPECT_EQ(std::set<std::string>(some.begin(), some.end()).size(), some.size()) << sort;
    EXPECT_LT(some.size(), 1600U);
  }
}

TEST(MonitorList, NextPageFollowsAlthoughItsNeighbourWasRemoved) {
  test::World world;
  fill(world);
  const Response first = world.get("/api/v1/monitors?limit=2");
  EXPECT_THAT(test::names_in(first.body), ElementsAre("Gamma Ray", "alpha"));
  world.monitors.remove("alpha");
  world.monitors.add("aardvark");
  const auto second =
      world.get("/api/v1/monitors?limit=2&cursor=" + test::text_field(first.body, "next"));
  EXPECT_THAT(test::names_in(second.body), ElementsAre("beta", "delta"));
  EXPECT_NE(second.body.find("\"next\":null"), std::string::npos);
}

TEST(MonitorList, LooksAtOnePageOfAHundredThousand) {
  test::World world;
  world.monitors.add_many(100'000);
  const Response first = world.get("/api/v1/monitors?limit=100");
  EXPECT_EQ(test::names_in(first.body).size(), 100U);
  world.monitors.views = 0;
  const auto second =
      world.get("/api/v1/monitors?limit=100&cursor=" + test::text_field(first.body, "next"));
  EXPECT_EQ(test::names_in(second.body).front(), "m000100");
  // The page, one more, the cursor's neighbour, and once more for the items.
  EXPECT_LT(world.monitors.views, 210U);
  EXPECT_EQ(world.store.uptime_reads, 2U);
}

TEST(MonitorList, WalksInSlicesThatLetTheLoopTurn) {
  test::World world;
  world.monitors.add_many(20'000);
  world.monitors.views = 0;
  std::size_t most = 0;
  bool answered = false;
  Request request;
  request.method = "GET";
  request.target = "/api/v1/monitors?sort=-duration&limit=1";
  request.headers = {{"host", "localhost"}};
  world.api().handle(std::move(request), [&](const Response& response) {
    EXPECT_EQ(response.status, 200);
    answered = true;
  });
  most = world.monitors.views;
  EXPECT_FALSE(answered);
  EXPECT_LE(most, 2100U);
  world.loop.run_ready();
  EXPECT_TRUE(answered);
}

TEST(MonitorList, SurvivesAReloadBetweenTwoSlices) {
  test::World world;
  world.monitors.add_many(5000);
  std::optional<Response> answer;
  Request request;
  request.method = "GET";
  request.target = "/api/v1/monitors?sort=state&limit=1000";
  request.headers = {{"host", "localhost"}};
  world.api().handle(std::move(request), [&](Response response) { answer = std::move(response); });
  for (int i = 0; i < 500; ++i) {
    std::string name = std::to_string(1'000'000 + i);
    name[0] = 'm';
    world.monitors.remove(name);
  }
  world.loop.run_ready();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(test::names_in(answer->body).size(), 500U);
}

TEST(MonitorList, RefusesWrongParameters) {
  test::World world;
  const std::string foreign = encode_cursor({SortKey::since, false}, {1, "a"});
  const std::vector<std::pair<std::string, std::string>> cases{
      {"limit=0", "invalid_parameter"},
      {"limit=1001", "invalid_parameter"},
      {"limit=-1", "invalid_parameter"},
      {"limit=1e2", "invalid_parameter"},
      {"limit=", "invalid_parameter"},
      {"limit=10&limit=20", "invalid_parameter"},
      {"limit=99999999999999999999", "invalid_parameter"},
      {"state=UP", "invalid_parameter"},
      {"state=up,,down", "invalid_parameter"},
      {"state=", "invalid_parameter"},
      {"kind=ftp", "invalid_parameter"},
      {"label=team", "invalid_parameter"},
      {"label=:x", "invalid_parameter"},
      {"sort=uptime", "invalid_parameter"},
      {"sort=name,state", "invalid_parameter"},
      {"cursor=abc", "invalid_cursor"},
      {"cursor=" + foreign, "invalid_cursor"},
      {"cursor=%F0%9F%94%A5", "invalid_cursor"},
      {"order=name", "unknown_parameter"},
      {"State=up", "unknown_parameter"},
  };
  for (const auto& [query, code] : cases) {
    const Response response = world.get("/api/v1/monitors?" + query);
    EXPECT_EQ(response.status, 400) << query;
    EXPECT_EQ(test::error_code(response), code) << query;
  }
}

}  // namespace
}  // namespace tocsin::web
