#include "service/delivery/threads.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

constexpr Instant kNow{1'000'000s};

// What the store holds after all batches so far.
class ThreadsTest : public testing::Test {
 protected:
  void keep() {
    for (const ports::ThreadRow& row : batch_.threads) {
      stored_[{row.channel, row.incident}] = row;
    }
    for (const auto& key : batch_.ended_threads) {
      stored_.erase(key);
    }
    written_ += batch_.threads.size();
    batch_ = {};
  }
  [[nodiscard]] Threads after_a_restart() const {
    std::vector<ports::ThreadRow> rows;
    for (const auto& [key, row] : stored_) {
      rows.push_back(row);
    }
    Threads out;
    out.resume(std::move(rows));
    return out;
  }
  void open(const std::string& incident, const std::string& reference = "ts1") {
    threads_.open("ops", incident, reference, kNow, batch_);
  }

  Threads threads_;
  ports::WriteBatch batch_;
  std::map<std::pair<std::string, std::string>, ports::ThreadRow> stored_;
  std::size_t written_ = 0;
};

TEST_F(ThreadsTest, AllIncidentsOfAMessageSeeWhatItShows) {
  open("a/1");
  open("b/1");
  threads_.show("ops", "ts1", "two down", kNow, batch_);
  keep();
  for (const Threads& threads : {threads_, after_a_restart()}) {
    for (const char* incident : {"a/1", "b/1"}) {
      const auto earlier = threads.earlier("ops", incident);
      ASSERT_TRUE(earlier);
      EXPECT_EQ(earlier->reference, "ts1");
      EXPECT_EQ(earlier->content, "two down");
    }
    EXPECT_FALSE(threads.earlier("other", "a/1"));
    EXPECT_FALSE(threads.earlier("ops", "\nts1"));
  }
}

TEST_F(ThreadsTest, AnUpdateWritesWhatIsShownOnceHoweverManyIncidentsItIsAbout) {
  for (int i = 0; i < 5'000; ++i) {
    open("m" + std::to_string(i) + "/1");
  }
  keep();
  written_ = 0;
  threads_.show("ops", "ts1", std::string(5'000, 'x'), kNow, batch_);
  keep();
  EXPECT_EQ(written_, 1U);
}

TEST_F(ThreadsTest, NothingIsLeftOfAMessageWhoseIncidentsAreOver) {
  open("a/1");
  open("b/1");
  threads_.show("ops", "ts1", "two down", kNow, batch_);
  keep();
  threads_.close("ops", "a/1", batch_);
  keep();
  EXPECT_TRUE(threads_.earlier("ops", "b/1"));
  threads_.close("ops", "b/1", batch_);
  threads_.show("ops", "ts1", "all up", kNow, batch_);
  keep();
  EXPECT_THAT(stored_, IsEmpty());
}

TEST_F(ThreadsTest, AnIncidentThatIsToldAnewBelongsToTheNewMessageAlone) {
  open("a/1", "ts1");
  open("a/1", "ts2");
  threads_.show("ops", "ts2", "again", kNow, batch_);
  keep();
  EXPECT_EQ(after_a_restart().earlier("ops", "a/1")->reference, "ts2");
  threads_.close("ops", "a/1", batch_);
  keep();
  EXPECT_THAT(stored_, IsEmpty());
}

TEST_F(ThreadsTest, AMessageThatIsGoneAndOldOnesAreForgotten) {
  open("a/1", "ts1");
  open("b/1", "ts2");
  threads_.show("ops", "ts1", "x", kNow, batch_);
  threads_.show("ops", "ts2", "y", kNow, batch_);
  threads_.forget("ops", "ts1", batch_);
  keep();
  EXPECT_FALSE(threads_.earlier("ops", "a/1"));
  EXPECT_TRUE(threads_.earlier("ops", "b/1"));
  threads_.forget_before(kNow + 1ms, kNow + 1ms, batch_);
  keep();
  EXPECT_THAT(stored_, IsEmpty());
}

// As an older version wrote it.
TEST_F(ThreadsTest, WhatStandsWithAnIncidentIsReadToo) {
  threads_.resume({{"ops", "a/1", "ts1", "one down", kNow}});
  EXPECT_EQ(threads_.earlier("ops", "a/1")->content, "one down");
}

}  // namespace
}  // namespace tocsin::service
