// What every ports::Store does, by the words of its header.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "contract/store_suite.hpp"

namespace tocsin::test {
namespace {

using std::chrono::hours;

class StoreContract : public StoreSuite {
 protected:
  void put_outcomes(const std::string& name, std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t n = from; n <= to; ++n) {
      ports::WriteBatch batch;
      batch.monitors.push_back(make_record(name, n));
      batch.outcomes.push_back({name, n, "{\"n\":" + std::to_string(n) + "}"});
      must_commit(std::move(batch));
    }
  }
  void put_rollup(const std::string& name, alert::RollupLevel level, Instant start,
                  std::uint32_t up, std::uint32_t down) {
    ports::WriteBatch batch;
    batch.monitors.push_back(make_record(name));
    alert::Tally tally;
    tally.up = up;
    tally.down = down;
    batch.rollups.push_back({name, {level, start, tally}});
    must_commit(std::move(batch));
  }
  void put_event(const std::string& id, const std::string& monitor, const std::string& type,
                 Instant at) {
    ports::WriteBatch batch;
    batch.events.push_back({id, monitor, type, at, "{\"id\":\"" + id + "\"}"});
    must_commit(std::move(batch));
  }
  std::vector<std::uint64_t> sequences(const std::string& name, std::uint64_t before = 0,
                                       std::size_t limit = 1000) {
    std::vector<std::uint64_t> found;
    for (const auto& row : outcomes_of(loop_, *store_, name, before, limit)) {
      EXPECT_EQ(row.monitor, name);
      found.push_back(row.sequence);
    }
    return found;
  }
  std::vector<std::string> event_ids(ports::EventQuery query = {}) {
    std::vector<std::string> found;
    for (const auto& row : events_of(loop_, *store_, std::move(query))) {
      found.push_back(row.id);
    }
    return found;
  }
};

ports::MonitorRecord full_record() {
  ports::MonitorRecord record = make_record("checkout", 4'000'000'000);
  record.state = {alert::State::unknown,
                  check::Reason::timeout,
                  32,
                  65'535,
                  7,
                  0xffff'ffff,
                  from_unix_ms(1),
                  from_unix_ms(1'767'225'600'123),
                  from_unix_ms(-5)};
  record.state.first_success = from_unix_ms(1'767'225'601'234);
  record.counters = {20, 1, 2, {3, 4, 5, 1, 2}, 2, 8, 9};
  record.accounted_until = from_unix_ms(1'767'225'600'001);
  record.buckets.hour_start = from_unix_ms(1'767'225'600'000);
  record.buckets.day_start = from_unix_ms(1'767'225'600'000);
  record.buckets.hour = {1, 2, 3, 1ULL << 60U, 0xffff'ffff};
  record.buckets.day = {4, 5, 6, 7, 8};
  record.buckets.slot_start = from_unix_ms(1'767'225'900'000);
  for (std::size_t i = 0; i < 12; ++i) {
    record.buckets.slot_up[i] = static_cast<std::uint16_t>(i);
    record.buckets.slot_down[i] = static_cast<std::uint16_t>(65'535 - i);
  }
  record.paused = true;
  record.last_started = from_unix_ms(1'767'225'600'002);
  record.last_json = "{\"message\":\"caf\xc3\xa9 'quoted' \\u0000\"}";
  return record;
}

void expect_equal(const ports::MonitorRecord& a, const ports::MonitorRecord& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.state, b.state);
  EXPECT_EQ(a.counters, b.counters);
  EXPECT_EQ(a.accounted_until, b.accounted_until);
  EXPECT_EQ(a.buckets, b.buckets);
  EXPECT_EQ(a.paused, b.paused);
  EXPECT_EQ(a.outcome_count, b.outcome_count);
  EXPECT_EQ(a.last_started, b.last_started);
  EXPECT_EQ(a.last_json, b.last_json);
}

TEST_P(StoreContract, StartsEmpty) {
  ports::Store& store = open();
  EXPECT_TRUE(load_all(store).empty());
  EXPECT_TRUE(event_ids().empty());
  EXPECT_TRUE(sequences("nobody").empty());
  EXPECT_TRUE(rollups_of(loop_, store, "nobody").empty());
}

TEST_P(StoreContract, KeepsEveryFieldOfARecord) {
  open();
  ports::WriteBatch batch;
  batch.monitors.push_back(full_record());
  must_commit(std::move(batch));
  const auto before = load_all(*store_);
  ASSERT_EQ(before.size(), 1U);
  expect_equal(before[0], full_record());
  const auto after = load_all(open());
  ASSERT_EQ(after.size(), 1U);
  expect_equal(after[0], full_record());
}

TEST_P(StoreContract, LoadsInNameOrderAndReplacesByName) {
  open();
  ports::WriteBatch batch;
  for (const char* name : {"b", "a", "Z", "\xc3\xa9", "a/b", "aa"}) {
    batch.monitors.push_back(make_record(name));
  }
  must_commit(std::move(batch));
  ports::WriteBatch again;
  again.monitors.push_back(make_record("aa", 7));
  must_commit(std::move(again));
  std::vector<std::string> names;
  for (const auto& record : load_all(open())) {
    names.push_back(record.name);
    EXPECT_EQ(record.outcome_count, record.name == "aa" ? 7U : 0U);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"Z", "a", "a/b", "aa", "b", "\xc3\xa9"}));
}

TEST_P(StoreContract, AnswersInOrderAndNeverInline) {
  open();
  std::vector<std::uint64_t> answered;
  for (std::uint64_t n = 1; n <= 500; ++n) {
    store_->commit(numbered_batch(n, 5), [n, &answered](Result<void> result) {
      EXPECT_TRUE(result);
      answered.push_back(n);
    });
    EXPECT_TRUE(answered.empty());
  }
  ASSERT_TRUE(loop_.run_until([&] { return answered.size() == 500; }));
  for (std::uint64_t n = 1; n <= 500; ++n) {
    EXPECT_EQ(answered[n - 1], n);
  }
  EXPECT_EQ(check_numbered(loop_, *store_, 5, 500, 500), "");
}

TEST_P(StoreContract, WaitingBatchesShareACommit) {
  open();
  std::size_t answered = 0;
  for (std::uint64_t n = 1; n <= 2000; ++n) {
    store_->commit(numbered_batch(n, 7), [&](Result<void>) { ++answered; });
  }
  ASSERT_TRUE(loop_.run_until([&] { return answered == 2000; }));
  const auto stats = store_->stats();
  EXPECT_EQ(stats.batches, 2000U);
  EXPECT_LT(stats.commits, 500U);
  EXPECT_EQ(stats.failures, 0U);
  EXPECT_EQ(stats.queued, 0U);
}

TEST_P(StoreContract, AcknowledgedBatchesSurviveAReopening) {
  open();
  std::size_t answered = 0;
  for (std::uint64_t n = 1; n <= 100; ++n) {
    store_->commit(numbered_batch(n, 3), [&](Result<void>) { ++answered; });
  }
  ASSERT_TRUE(loop_.run_until([&] { return answered == 100; }));
  EXPECT_EQ(check_numbered(loop_, open(), 3, 100, 100), "");
}

TEST_P(StoreContract, ReadsSeeWhatWasCommitted) {
  open();
  std::optional<std::size_t> seen;
  store_->commit(numbered_batch(1, 1), [&](Result<void>) {
    store_->read_outcomes("monitor-0", 0, 10, [&](Result<std::vector<ports::OutcomeRow>> rows) {
      seen = rows ? rows->size() : 0;
    });
  });
  ASSERT_TRUE(loop_.run_until([&] { return seen.has_value(); }));
  EXPECT_EQ(*seen, 1U);
}

TEST_P(StoreContract, KeepsTheMostRecentOutcomesNewestFirst) {
  open({{.outcomes = 5}});
  put_outcomes("a", 1, 12);
  put_outcomes("b", 1, 2);
  EXPECT_EQ(sequences("a"), (std::vector<std::uint64_t>{12, 11, 10, 9, 8}));
  EXPECT_EQ(sequences("b"), (std::vector<std::uint64_t>{2, 1}));
  EXPECT_EQ(sequences("a", 10), (std::vector<std::uint64_t>{9, 8}));
  EXPECT_EQ(sequences("a", 0, 2), (std::vector<std::uint64_t>{12, 11}));
  EXPECT_EQ(outcomes_of(loop_, *store_, "a")[0].json, "{\"n\":12}");
}

TEST_P(StoreContract, AnOutcomeHandedOverTwiceIsOneRow) {
  open();
  put_outcomes("a", 1, 3);
  put_outcomes("a", 3, 3);
  EXPECT_EQ(sequences("a"), (std::vector<std::uint64_t>{3, 2, 1}));
}

TEST_P(StoreContract, AChangedOutcomeRetentionKeepsTheNewest) {
  open({{.outcomes = 10}});
  put_outcomes("a", 1, 10);
  open({{.outcomes = 3}});
  put_outcomes("a", 11, 11);
  EXPECT_EQ(sequences("a"), (std::vector<std::uint64_t>{11, 10, 9}));
  open({{.outcomes = 6}});
  put_outcomes("a", 12, 14);
  EXPECT_EQ(sequences("a"), (std::vector<std::uint64_t>{14, 13, 12, 11, 10, 9}));
}

TEST_P(StoreContract, TheLastOutcomeOutlivesItsHistory) {
  open({{.outcomes = 3}});
  put_outcomes("a", 1, 4);
  for (const std::uint32_t keep : {1U, 0U, 2U}) {
    const auto records = load_all(open({{.outcomes = keep}}));
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].last_json, "{\"n\":4}") << "keeping " << keep;
  }
}

TEST_P(StoreContract, MergesARollupThatExists) {
  open();
  ports::WriteBatch first;
  first.monitors.push_back(make_record("a"));
  const Instant start = loop_.now() - hours{3};
  first.rollups.push_back({"a", {alert::RollupLevel::hour, start, {1, 2, 3, 100, 50}}});
  must_commit(std::move(first));
  ports::WriteBatch second;
  second.rollups.push_back({"a", {alert::RollupLevel::hour, start, {10, 20, 30, 1000, 40}}});
  second.rollups.push_back(
      {"a", {alert::RollupLevel::day, loop_.now() - hours{24}, {1, 0, 0, 7, 7}}});
  must_commit(std::move(second));
  const auto hourly = rollups_of(loop_, *store_, "a");
  ASSERT_EQ(hourly.size(), 1U);
  EXPECT_EQ(hourly[0].bucket.start, start);
  EXPECT_EQ(hourly[0].bucket.tally, (alert::Tally{11, 22, 33, 1100, 50}));
  const auto daily = rollups_of(loop_, *store_, "a", alert::RollupLevel::day);
  ASSERT_EQ(daily.size(), 1U);
  EXPECT_EQ(daily[0].bucket.level, alert::RollupLevel::day);
}

TEST_P(StoreContract, ReadsRollupsFromAnInstantInOrder) {
  open();
  const Instant start = loop_.now() - hours{40};
  for (const int hour : {30, 10, 20}) {
    put_rollup("a", alert::RollupLevel::hour, start + hours{hour}, 1, 0);
  }
  auto got = ask<std::vector<ports::RollupRow>>(loop_, [&](auto answer) {
    store_->read_rollups("a", alert::RollupLevel::hour, start + hours{11}, 1, std::move(answer));
  });
  ASSERT_TRUE(got);
  ASSERT_EQ(got->size(), 1U);
  EXPECT_EQ((*got)[0].bucket.start, start + hours{20});
  const auto all = rollups_of(loop_, *store_, "a");
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[2].bucket.start, start + hours{30});
}

TEST_P(StoreContract, KeepsTheFirstEventOfAnId) {
  open();
  put_event("01A", "a", "went_down", loop_.now());
  ports::WriteBatch replay;
  replay.events.push_back({"01A", "a", "went_down", loop_.now(), "{\"other\":1}"});
  must_commit(std::move(replay));
  const auto events = events_of(loop_, *store_);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].json, "{\"id\":\"01A\"}");
  EXPECT_EQ(events[0].at, loop_.now());
}

TEST_P(StoreContract, FiltersAndPagesEventsNewestFirst) {
  open();
  put_event("01", "a", "went_down", loop_.now());
  put_event("03", "a", "recovered", loop_.now());
  put_event("02", "b", "went_down", loop_.now());
  put_event("04", "b", "recovered", loop_.now());
  using Ids = std::vector<std::string>;
  EXPECT_EQ(event_ids(), (Ids{"04", "03", "02", "01"}));
  EXPECT_EQ(event_ids({.monitor = "a"}), (Ids{"03", "01"}));
  EXPECT_EQ(event_ids({.type = "went_down"}), (Ids{"02", "01"}));
  EXPECT_EQ(event_ids({.monitor = "b", .type = "recovered"}), (Ids{"04"}));
  EXPECT_EQ(event_ids({.before_id = "03"}), (Ids{"02", "01"}));
  EXPECT_EQ(event_ids({.monitor = "b", .before_id = "04"}), (Ids{"02"}));
  EXPECT_EQ(event_ids({.limit = 3}), (Ids{"04", "03", "02"}));
}

TEST_P(StoreContract, KeepsTheFirstOutboxRowOfAKey) {
  open();
  for (const char* key : {"ops/1", "ops/2", "ops/1"}) {
    ports::WriteBatch batch;
    batch.outbox.push_back({key, "ops", false, "a", "01", loop_.now(), "{}"});
    must_commit(std::move(batch));
  }
  const auto depth =
      ask<std::uint64_t>(loop_, [&](auto answer) { store_->read_outbox_depth(std::move(answer)); });
  ASSERT_TRUE(depth);
  EXPECT_EQ(*depth, 2U);
}

TEST_P(StoreContract, ARemovedMonitorLeavesOnlyItsEvents) {
  open();
  put_outcomes("a", 1, 3);
  put_outcomes("b", 1, 1);
  put_rollup("b", alert::RollupLevel::hour, loop_.now() - hours{1}, 1, 0);
  put_rollup("a", alert::RollupLevel::day, loop_.now() - hours{24}, 1, 0);
  put_event("01", "a", "went_down", loop_.now());
  ports::WriteBatch batch;
  batch.removed = {"a", "never-there"};
  must_commit(std::move(batch));
  const auto left = load_all(*store_);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].name, "b");
  EXPECT_EQ(event_ids(), (std::vector<std::string>{"01"}));
  // It comes back without a past.
  ports::WriteBatch again;
  again.monitors.push_back(make_record("a"));
  must_commit(std::move(again));
  EXPECT_TRUE(sequences("a").empty());
  EXPECT_TRUE(rollups_of(loop_, *store_, "a", alert::RollupLevel::day).empty());
  EXPECT_EQ(sequences("b"), (std::vector<std::uint64_t>{1}));
}

TEST_P(StoreContract, AMonitorRemovedAndWrittenInOneBatchStartsAnew) {
  open();
  put_outcomes("a", 1, 3);
  ports::WriteBatch batch;
  batch.removed = {"a"};
  batch.monitors.push_back(make_record("a"));
  must_commit(std::move(batch));
  EXPECT_EQ(load_all(*store_).size(), 1U);
  EXPECT_TRUE(sequences("a").empty());
}

TEST_P(StoreContract, HistoryOfAMonitorWithoutARecordIsDropped) {
  open();
  ports::WriteBatch batch;
  batch.outcomes.push_back({"gone", 1, "{}"});
  batch.rollups.push_back({"gone", {alert::RollupLevel::hour, Instant{}, {1, 0, 0, 0, 0}}});
  must_commit(std::move(batch));
  EXPECT_TRUE(sequences("gone").empty());
  EXPECT_TRUE(rollups_of(loop_, *store_, "gone").empty());
  EXPECT_TRUE(load_all(*store_).empty());
}

TEST_P(StoreContract, UptimeSumsClosedBucketsOfEachWindow) {
  open();
  const Instant now = loop_.now() + hours{12} + Milliseconds{1};
  const Instant day = loop_.now();
  using alert::RollupLevel;
  put_rollup("a", RollupLevel::hour, day + hours{11}, 1, 0);        // newest closed
  put_rollup("a", RollupLevel::hour, day + hours{12}, 1000, 1000);  // still open
  put_rollup("a", RollupLevel::hour, day - hours{12}, 2, 1);        // the oldest within 24 h
  put_rollup("a", RollupLevel::hour, day - hours{13}, 4, 1);        // only in 7 d
  put_rollup("a", RollupLevel::hour, day - hours{24 * 7 - 12}, 8, 1);
  put_rollup("a", RollupLevel::hour, day - hours{24 * 7 - 11}, 4000, 1);  // too old
  put_rollup("a", RollupLevel::day, day - hours{24}, 1, 2);
  put_rollup("a", RollupLevel::day, day, 5000, 5000);  // still open
  put_rollup("a", RollupLevel::day, day - hours{24 * 30}, 2, 2);
  put_rollup("a", RollupLevel::day, day - hours{24 * 31}, 4, 2);
  put_rollup("a", RollupLevel::day, day - hours{24 * 90}, 8, 2);
  put_rollup("a", RollupLevel::day, day - hours{24 * 91}, 9000, 1);
  put_rollup("b", RollupLevel::hour, day, 3, 3);
  auto got = ask<std::vector<ports::UptimeSums>>(loop_, [&](auto answer) {
    store_->read_uptime({"b", "nobody", "a"}, now, std::move(answer));
  });
  ASSERT_TRUE(got);
  ASSERT_EQ(got->size(), 3U);
  EXPECT_EQ((*got)[0].day.up, 3U);
  EXPECT_EQ((*got)[0].day.down, 3U);
  EXPECT_EQ((*got)[1].week.up, 0U);
  const ports::UptimeSums& a = (*got)[2];
  EXPECT_EQ(a.day.up, 1U + 2U);
  EXPECT_EQ(a.day.down, 1U);
  EXPECT_EQ(a.week.up, 1U + 2U + 4U + 8U);
  EXPECT_EQ(a.month.up, 1U + 2U);
  EXPECT_EQ(a.month.down, 4U);
  EXPECT_EQ(a.quarter.up, 1U + 2U + 4U + 8U);
  EXPECT_EQ(a.quarter.down, 8U);
}

TEST_P(StoreContract, ForgetsWhatRetentionDoesNotKeep) {
  config::Retention retention;
  retention.hourly = hours{48};
  retention.daily = hours{24 * 10};
  retention.events = hours{24};
  open({retention});
  const Instant hour = loop_.now() - hours{1};
  put_rollup("a", alert::RollupLevel::hour, hour, 1, 0);
  put_rollup("a", alert::RollupLevel::day, loop_.now() - hours{24}, 1, 0);
  put_event("01", "a", "went_down", loop_.now());
  const auto pass = [this](int step) {
    loop_.advance_wall(hours{step});
    for (int i = 0; i < 3; ++i) {
      loop_.advance_wall(Milliseconds{61'000});
      must_commit({});
    }
  };
  pass(23);
  EXPECT_EQ(event_ids().size(), 1U);
  EXPECT_EQ(rollups_of(loop_, *store_, "a").size(), 1U);
  pass(2);
  EXPECT_TRUE(event_ids().empty());
  EXPECT_EQ(rollups_of(loop_, *store_, "a").size(), 1U);
  pass(24);
  EXPECT_TRUE(rollups_of(loop_, *store_, "a").empty());
  EXPECT_EQ(rollups_of(loop_, *store_, "a", alert::RollupLevel::day).size(), 1U);
  pass(24 * 9);
  EXPECT_TRUE(rollups_of(loop_, *store_, "a", alert::RollupLevel::day).empty());
}

TEST_P(StoreContract, AFullQueueFailsWhatCannotWaitAndAllAfterIt) {
  open({{}, 8});
  std::vector<bool> results;
  std::vector<ErrorCode> codes;
  for (std::uint64_t n = 1; n <= 3000; ++n) {
    store_->commit(numbered_batch(n, 1), [&](Result<void> result) {
      results.push_back(result.has_value());
      codes.push_back(result ? ErrorCode::internal : result.error().code);
    });
  }
  ASSERT_TRUE(loop_.run_until([&] { return results.size() == 3000; }));
  const auto first = std::ranges::find(results, false);
  ASSERT_NE(first, results.end()) << "a queue of 8 took 3,000 batches";
  const auto written = static_cast<std::uint64_t>(first - results.begin());
  EXPECT_GE(written, 8U);
  EXPECT_EQ(std::ranges::count(results, true), static_cast<std::ptrdiff_t>(written));
  EXPECT_EQ(codes[written], ErrorCode::exhausted);
  EXPECT_EQ(check_numbered(loop_, *store_, 1, written, written), "");
  EXPECT_FALSE(commit(loop_, *store_, numbered_batch(written + 1, 1)));
  store_->retry();
  EXPECT_TRUE(commit(loop_, *store_, numbered_batch(written + 1, 1)));
  EXPECT_EQ(check_numbered(loop_, *store_, 1, written + 1, written + 1), "");
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract, all_stores(), name_of_store);

// The same, with a disk that can be made to refuse.
class StoreFailureContract : public StoreContract {};

TEST_P(StoreFailureContract, AFailureIsUnavailableAndNothingIsWritten) {
  open();
  must_commit(numbered_batch(1, 1));
  backend_->break_disk();
  const auto failed = commit(loop_, *store_, numbered_batch(2, 1));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::unavailable);
  EXPECT_GE(store_->stats().failures, 1U);
  backend_->heal();
  EXPECT_EQ(check_numbered(loop_, *store_, 1, 1, 1), "");
}

TEST_P(StoreFailureContract, BatchesHandedOverBeforeRetryFailUnwritten) {
  open();
  must_commit(numbered_batch(1, 1));
  backend_->break_disk();
  ASSERT_FALSE(commit(loop_, *store_, numbered_batch(2, 1)));
  backend_->heal();
  // The disk is well again, but the lost batch must not be overtaken.
  EXPECT_FALSE(commit(loop_, *store_, numbered_batch(3, 1)));
  EXPECT_EQ(check_numbered(loop_, *store_, 1, 1, 1), "");
  // Handed over before retry() and answered after it: fails as well.
  std::vector<bool> results;
  store_->commit(numbered_batch(3, 1), [&](Result<void> r) { results.push_back(r.has_value()); });
  store_->retry();
  store_->commit(numbered_batch(2, 1), [&](Result<void> r) { results.push_back(r.has_value()); });
  store_->commit(numbered_batch(3, 1), [&](Result<void> r) { results.push_back(r.has_value()); });
  ASSERT_TRUE(loop_.run_until([&] { return results.size() == 3; }));
  EXPECT_EQ(results, (std::vector<bool>{false, true, true}));
  EXPECT_EQ(check_numbered(loop_, *store_, 1, 3, 3), "");
}

TEST_P(StoreFailureContract, RetryOnABrokenDiskFailsAgain) {
  open();
  must_commit(numbered_batch(1, 1));
  backend_->break_disk();
  for (int attempt = 0; attempt < 40; ++attempt) {
    ASSERT_FALSE(commit(loop_, *store_, numbered_batch(2, 1)));
    store_->retry();
  }
  backend_->heal();
  must_commit(numbered_batch(2, 1));
  EXPECT_EQ(check_numbered(loop_, *store_, 1, 2, 2), "");
  EXPECT_EQ(check_numbered(loop_, open(), 1, 2, 2), "");
}

TEST_P(StoreFailureContract, ReadsGoOnWhileWritesFail) {
  open();
  put_outcomes("a", 1, 2);
  backend_->break_disk();
  ASSERT_FALSE(commit(loop_, *store_, numbered_batch(1, 1)));
  EXPECT_EQ(sequences("a"), (std::vector<std::uint64_t>{2, 1}));
  backend_->heal();
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreFailureContract,
                         ::testing::Values(StoreKind{"Memory", make_memory_backend},
                                           StoreKind{"SqliteOnFaultVfs",
                                                     make_faulty_sqlite_backend}),
                         name_of_store);

}  // namespace
}  // namespace tocsin::test
