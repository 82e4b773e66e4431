// How long a batch may wait for company.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <utility>

#include "adapters/store_sqlite/store_sqlite.hpp"
#include "contract/store_harness.hpp"

namespace tocsin::test {
namespace {

using namespace std::chrono_literals;
using store_sqlite::StoreSqlite;
using store_sqlite::StoreSqliteOptions;

class StoreGather : public ::testing::Test {
 protected:
  StoreGather() {
    StoreSqliteOptions options;
    options.path = folder_.file("store.db");
    options.reserve_bytes = 0;
    options.gather = 1h;
    auto opened = StoreSqlite::open(loop_, loop_, std::move(options), log_);
    EXPECT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
    // After a pause there is nothing to wait for; from here on there is.
    EXPECT_TRUE(commit(loop_, *store_, numbered(1)));
  }
  static ports::WriteBatch numbered(std::uint64_t number) {
    ports::WriteBatch batch = numbered_batch(number, 1);
    batch.outbox.clear();
    return batch;
  }
  void hand_over(ports::WriteBatch batch) {
    store_->commit(std::move(batch), [this](const Result<void>& done) { done_ += done ? 1 : 0; });
  }

  TemporaryFolder folder_{TemporaryFolder::Where::memory};
  PumpLoop loop_;
  NullLogger log_;
  std::unique_ptr<StoreSqlite> store_;
  int done_ = 0;
};

TEST_F(StoreGather, WhatSomebodyWaitsForIsWrittenAtOnceWithAllThatCameBefore) {
  hand_over(numbered(2));
  ports::WriteBatch awaited = numbered(3);
  awaited.awaited = true;
  hand_over(std::move(awaited));
  EXPECT_TRUE(loop_.run_until([this] { return done_ == 2; }));
  EXPECT_EQ(store_->stats().commits, 2U) << "both in one";
}

TEST_F(StoreGather, WhatPeopleAreToBeToldIsWrittenAtOnce) {
  ports::WriteBatch told = numbered(2);
  ports::OutboxRow row;
  row.key = "key";
  row.target = "ops";
  told.outbox.push_back(std::move(row));
  hand_over(std::move(told));
  EXPECT_TRUE(loop_.run_until([this] { return done_ == 1; }));
}

}  // namespace
}  // namespace tocsin::test
