#include "service/outbox_journal.hpp"

#include <gtest/gtest.h>

#include <ctime>

namespace tocsin::service {
namespace {

ports::OutboxRow row(const std::string& key) {
  ports::OutboxRow out;
  out.key = key;
  return out;
}

std::vector<std::string> keys(const std::vector<ports::OutboxRow>& rows) {
  std::vector<std::string> out;
  for (const ports::OutboxRow& each : rows) {
    out.push_back(each.key);
  }
  return out;
}

TEST(OutboxJournal, GivesRowsInTheOrderOfTheirComing) {
  OutboxJournal journal(10);
  for (const char* key : {"b", "a", "c", "a"}) {
    EXPECT_TRUE(journal.add(row(key)));
  }
  EXPECT_TRUE(journal.remove("a"));
  EXPECT_FALSE(journal.remove("a"));
  EXPECT_EQ(keys(journal.take()), (std::vector<std::string>{"b", "c"}));
  EXPECT_TRUE(journal.empty());
}

TEST(OutboxJournal, RowsGivenBackStandInFrontOfWhatCameSince) {
  OutboxJournal journal(10);
  for (const char* key : {"a", "b", "c"}) {
    journal.add(row(key));
  }
  std::vector<ports::OutboxRow> taken = journal.take();
  journal.add(row("d"));
  journal.add(row("b"));  // handed over again meanwhile: it keeps its old place
  journal.give_back(std::move(taken));
  journal.add(row("e"));
  EXPECT_EQ(keys(journal.take()), (std::vector<std::string>{"a", "b", "c", "d", "e"}));
}

TEST(OutboxJournal, TakesNoMoreThanItsBound) {
  OutboxJournal journal(2);
  EXPECT_TRUE(journal.add(row("a")));
  EXPECT_TRUE(journal.add(row("b")));
  EXPECT_FALSE(journal.add(row("c")));
  EXPECT_EQ(journal.size(), 2U);
}

// A store that refuses is asked every second: what waits must not be walked every time.
TEST(OutboxJournal, GivingBackCostsNothingOfWhatWaits) {
  OutboxJournal journal(100'000);
  for (int i = 0; i < 100'000; ++i) {
    journal.add(row(std::to_string(i)));
  }
  const std::clock_t began = std::clock();  // CPU time: a busy machine does not count
  for (int i = 0; i < 1000; ++i) {
    journal.give_back({row("first")});
  }
  EXPECT_LT(static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC, 1.0);
  EXPECT_EQ(journal.size(), 100'001U);
}

}  // namespace
}  // namespace tocsin::service
