// What every ports::Store keeps of deployments.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "contract/store_suite.hpp"

namespace tocsin::test {
namespace {

using std::chrono::hours;
using Ids = std::vector<std::string>;

class StoreDeployments : public StoreSuite {
 protected:
  void SetUp() override { open(); }
  void put(const std::string& monitor, const std::string& id, Instant created,
           const std::string& json = "{}") {
    ports::WriteBatch batch;
    batch.deployments.push_back({monitor, id, created, json});
    must_commit(std::move(batch));
  }
  Ids ids(ports::DeploymentQuery query) {
    Ids out;
    for (const auto& row : deployments_of(loop_, *store_, std::move(query))) {
      out.push_back(row.id);
    }
    return out;
  }
};

TEST_P(StoreDeployments, ComeBackAsTheyWere) {
  put("prod/web", "ecs-svc/1", loop_.now() - Milliseconds{123}, "{\"status\":\"caf\xc3\xa9\"}");
  open();
  const auto found = deployments_of(loop_, *store_, {.monitor = "prod/web"});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].monitor, "prod/web");
  EXPECT_EQ(found[0].id, "ecs-svc/1");
  EXPECT_EQ(found[0].created, loop_.now() - Milliseconds{123});
  EXPECT_EQ(found[0].json, "{\"status\":\"caf\xc3\xa9\"}");
}

TEST_P(StoreDeployments, AreReplacedByMonitorAndId) {
  put("a", "1", loop_.now(), "{\"n\":1}");
  put("b", "1", loop_.now(), "{\"n\":2}");
  ports::WriteBatch batch;
  batch.deployments.push_back({"a", "1", loop_.now(), "{\"n\":3}"});
  batch.deployments.push_back({"a", "1", loop_.now() + hours{1}, "{\"n\":4}"});
  must_commit(std::move(batch));
  const auto of_a = deployments_of(loop_, *store_, {.monitor = "a"});
  ASSERT_EQ(of_a.size(), 1U);
  EXPECT_EQ(of_a[0].json, "{\"n\":4}");
  EXPECT_EQ(of_a[0].created, loop_.now() + hours{1});
  EXPECT_EQ(deployments_of(loop_, *store_, {.monitor = "b"}).at(0).json, "{\"n\":2}");
}

TEST_P(StoreDeployments, ArePagedNewestFirstAlsoWhenSeveralShareOneMoment) {
  const Instant at = loop_.now();
  put("a", "3", at - hours{1});
  put("a", "1", at);
  put("a", "2", at);
  put("a", "4", at);
  put("b", "9", at);
  put("a", "0", at + hours{1});
  EXPECT_EQ(ids({.monitor = "a"}), (Ids{"0", "4", "2", "1", "3"}));
  EXPECT_EQ(ids({.monitor = "a", .limit = 2}), (Ids{"0", "4"}));
  EXPECT_EQ(ids({.monitor = "a", .before = at, .before_id = "4", .limit = 2}), (Ids{"2", "1"}));
  EXPECT_EQ(ids({.monitor = "a", .before = at, .before_id = "1"}), (Ids{"3"}));
  EXPECT_EQ(ids({.monitor = "a", .before = at}), (Ids{"3"}));
  EXPECT_EQ(ids({.monitor = "never"}), Ids{});
}

TEST_P(StoreDeployments, OutliveTheirMonitor) {
  ports::WriteBatch batch;
  batch.monitors.push_back(make_record("a"));
  batch.deployments.push_back({"a", "1", loop_.now(), "{}"});
  must_commit(std::move(batch));
  ports::WriteBatch removal;
  removal.removed = {"a"};
  removal.deployments.push_back({"a", "2", loop_.now(), "{}"});
  must_commit(std::move(removal));
  EXPECT_EQ(ids({.monitor = "a"}), (Ids{"2", "1"}));
}

TEST_P(StoreDeployments, StayAsLongAsEvents) {
  config::Retention retention;
  retention.events = hours{24};
  open({.retention = retention});
  put("a", "old", loop_.now() - hours{23});
  put("a", "new", loop_.now());
  const auto pass = [this](int step) {
    loop_.advance_wall(hours{step});
    for (int i = 0; i < 3; ++i) {
      loop_.advance_wall(Milliseconds{61'000});
      must_commit({});
    }
  };
  EXPECT_EQ(ids({.monitor = "a"}), (Ids{"new", "old"}));
  pass(1);
  EXPECT_EQ(ids({.monitor = "a"}), (Ids{"new"}));
  pass(23);
  EXPECT_EQ(ids({.monitor = "a"}), Ids{});
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreDeployments, all_stores(), name_of_store);

}  // namespace
}  // namespace tocsin::test
