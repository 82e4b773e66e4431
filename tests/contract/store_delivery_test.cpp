// What every ports::Store keeps of notifications: rows that wait, threads, silences.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "contract/store_suite.hpp"

namespace tocsin::test {
namespace {

using Names = std::vector<std::string>;

class StoreDelivery : public StoreSuite {
 protected:
  void SetUp() override { open(); }
  ports::OutboxRow row(const std::string& key) {
    return {key, "ops", false, "checkout", "01HF", loop_.now(), "{\"key\":\"" + key + "\"}"};
  }
  void put(const Names& keys, const Names& delivered = {}) {
    ports::WriteBatch batch;
    for (const std::string& key : keys) {
      batch.outbox.push_back(row(key));
    }
    batch.delivered = delivered;
    must_commit(std::move(batch));
  }
  Names waiting() {
    Names keys;
    const auto loaded =
        store_->load_outbox([&](const ports::OutboxRow& found) { keys.push_back(found.key); });
    EXPECT_TRUE(loaded);
    return keys;
  }
};

TEST_P(StoreDelivery, RowsWaitInTheOrderOfTheirCommit) {
  put({"ops/2", "ops/1"});
  put({"page/1"});
  open();
  EXPECT_EQ(waiting(), (Names{"ops/2", "ops/1", "page/1"}));
}

TEST_P(StoreDelivery, RowsComeBackAsTheyWere) {
  const ports::OutboxRow sent{"dd/7", "dd", true, "caf\xc3\xa9", "", from_unix_ms(-5), "{}"};
  ports::WriteBatch batch;
  batch.outbox.push_back(sent);
  must_commit(std::move(batch));
  std::vector<ports::OutboxRow> found;
  ASSERT_TRUE(store_->load_outbox([&](ports::OutboxRow got) { found.push_back(std::move(got)); }));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].key, sent.key);
  EXPECT_EQ(found[0].target, sent.target);
  EXPECT_EQ(found[0].sink, sent.sink);
  EXPECT_EQ(found[0].monitor, sent.monitor);
  EXPECT_EQ(found[0].event_id, sent.event_id);
  EXPECT_EQ(found[0].created, sent.created);
  EXPECT_EQ(found[0].payload, sent.payload);
}

TEST_P(StoreDelivery, ADeliveredRowIsGoneAlsoWhenItCameInTheSameBatch) {
  put({"ops/1", "ops/2", "ops/3"});
  put({"ops/4"}, {"ops/1", "ops/4", "ops/never-there"});
  EXPECT_EQ(waiting(), (Names{"ops/2", "ops/3"}));
}

TEST_P(StoreDelivery, ARowThatWaitsIsNotReplaced) {
  put({"ops/1", "ops/2"});
  put({"ops/1"});
  EXPECT_EQ(waiting(), (Names{"ops/1", "ops/2"}));
}

TEST_P(StoreDelivery, ThreadsAreReplacedAndEnd) {
  ports::WriteBatch batch;
  batch.threads = {{"ops", "a/1", "C1/1.5", "x", from_unix_ms(1)},
                   {"ops", "b/1", "C1/1.6", "y", from_unix_ms(2)},
                   {"page", "a/1", "z", "", from_unix_ms(3)}};
  must_commit(std::move(batch));
  ports::WriteBatch next;
  next.threads = {{"ops", "a/1", "C1/2.5", "x2", from_unix_ms(4)}};
  next.ended_threads = {{"ops", "b/1"}, {"ops", "never"}};
  must_commit(std::move(next));
  open();
  const auto found = store_->load_threads();
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ(found->at(0).reference, "C1/2.5");
  EXPECT_EQ(found->at(0).content, "x2");
  EXPECT_EQ(found->at(0).created, from_unix_ms(4));
  EXPECT_EQ(found->at(1).channel, "page");
}

TEST_P(StoreDelivery, SilencesAreReplacedAndEnd) {
  ports::WriteBatch batch;
  batch.silences = {{"01", "{\"a\":1}"}, {"02", "{}"}};
  must_commit(std::move(batch));
  ports::WriteBatch next;
  next.silences = {{"01", "{\"a\":2}"}};
  next.ended_silences = {"02"};
  must_commit(std::move(next));
  open();
  const auto found = store_->load_silences();
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->at(0).id, "01");
  EXPECT_EQ(found->at(0).json, "{\"a\":2}");
}

TEST_P(StoreDelivery, MemosAreReplacedAndForgotten) {
  ports::WriteBatch batch;
  batch.memos = {{"ecs:b", "2"}, {"ecs:a", "1"}};
  must_commit(std::move(batch));
  ports::WriteBatch next;
  next.memos = {{"ecs:a", "3"}, {"ecs:b", ""}, {"ecs:c", ""}};
  must_commit(std::move(next));
  open();
  const auto found = store_->load_memos();
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->at(0).name, "ecs:a");
  EXPECT_EQ(found->at(0).text, "3");
}

TEST_P(StoreDelivery, TheAlertingMemoryOfAMonitorComesBack) {
  ports::WriteBatch batch;
  batch.monitors.push_back(make_record("a"));
  batch.monitors.back().alerting = "{\"flap\":{}}";
  batch.monitors.back().memory = "{\"runs\":[]}";
  batch.monitors.push_back(make_record("b"));
  must_commit(std::move(batch));
  ports::WriteBatch again;
  again.monitors.push_back(make_record("b"));
  again.monitors.back().alerting = "{}";
  again.monitors.back().memory = "{}";
  must_commit(std::move(again));
  open();
  const auto records = load_all(*store_);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].alerting, "{\"flap\":{}}");
  EXPECT_EQ(records[1].alerting, "{}");
  EXPECT_EQ(records[0].memory, "{\"runs\":[]}");
  EXPECT_EQ(records[1].memory, "{}");
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreDelivery, all_stores(), name_of_store);

}  // namespace
}  // namespace tocsin::test
