#include "service/troubles.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/virtual_loop.hpp"

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;
using alert::Severity;
using testing::ElementsAre;
using testing::IsEmpty;

class TroublesTest : public testing::Test {
 protected:
  TroublesTest() { make(); }

  void make() {
    troubles_.emplace(loop_, [this](alert::Event event, const std::vector<std::string>& channels) {
      event.id = fmt::format("{:04}", events_.size());
      told_.push_back(fmt::format("{} {} to {}: {}", event.type, event.incident,
                                  fmt::join(channels, ","), event.message));
      events_.insert(events_.begin(), std::move(event));
    });
    troubles_->set_recipients({alert::Recipient{"ops", {}, {}, {}}});
  }
  // A new process on the events of the old one.
  void restart() {
    make();
    troubles_->resume(events_, 10min);
  }

  test::VirtualLoop loop_;
  std::optional<Troubles> troubles_;
  std::vector<alert::Event> events_;  // newest first
  std::vector<std::string> told_;
};

TEST_F(TroublesTest, AreToldOnceWhenTheyBeginAndOnceWhenTheyEnd) {
  troubles_->raise("store", "store", Severity::critical, "disk full");
  troubles_->raise("store", "store", Severity::critical, "disk still full");
  EXPECT_EQ(troubles_->all().at("store").message, "disk still full");
  loop_.run_for(7s);
  troubles_->clear("store", "it takes writes");
  troubles_->clear("store", "it takes writes");
  EXPECT_THAT(told_, ElementsAre("trouble_started tocsin/store to ops: disk full",
                                 "trouble_ended tocsin/store to ops: it takes writes"));
  EXPECT_EQ(events_.front().outage, 7s);
  EXPECT_EQ(events_.front().key, events_.back().key) << "a page resolves what it opened";
}

TEST_F(TroublesTest, OfAMomentEndByThemselvesWhenNoneFollows) {
  troubles_->raise_for("outbox:ops", "outbox", Severity::warning, "3 given up", 10min);
  loop_.run_for(9min);
  troubles_->raise_for("outbox:ops", "outbox", Severity::warning, "2 given up", 10min);
  loop_.run_for(9min);
  troubles_->tick();
  EXPECT_FALSE(troubles_->all().empty());
  loop_.run_for(2min);
  troubles_->tick();
  EXPECT_THAT(told_, ElementsAre("trouble_started tocsin/outbox:ops to ops: 3 given up",
                                 "trouble_ended tocsin/outbox:ops to ops: over: 2 given up"));
}

TEST_F(TroublesTest, GoOnOverARestartAndOnlyTheirEndIsTold) {
  troubles_->raise("channel:page", "channel", Severity::critical, "refused");
  loop_.run_for(1h);
  told_.clear();
  restart();
  troubles_->raise("channel:page", "channel", Severity::critical, "refused");
  EXPECT_THAT(told_, IsEmpty());
  loop_.run_for(1h);
  troubles_->clear("channel:page", "it takes notifications again");
  EXPECT_THAT(told_, ElementsAre("trouble_ended tocsin/channel:page to ops: it takes notifications "
                                 "again"));
  EXPECT_EQ(events_.front().outage, 2h);
}

TEST_F(TroublesTest, ThatEndedBeforeARestartAreOver) {
  troubles_->raise("store", "store", Severity::critical, "disk full");
  troubles_->clear("store", "it takes writes");
  restart();
  EXPECT_TRUE(troubles_->all().empty());
}

TEST_F(TroublesTest, OfAMomentEndAfterARestartToo) {
  troubles_->raise_for("outbox:ops", "outbox", Severity::warning, "3 given up", 10min);
  restart();
  loop_.run_for(9min);
  troubles_->tick();
  EXPECT_EQ(troubles_->all().size(), 1U);
  loop_.run_for(2min);
  troubles_->tick();
  EXPECT_TRUE(troubles_->all().empty());
}

}  // namespace
}  // namespace tocsin::service
