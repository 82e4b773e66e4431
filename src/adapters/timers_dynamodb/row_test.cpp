#include "adapters/timers_dynamodb/row.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/timers_dynamodb/calls.hpp"
#include "adapters/timers_dynamodb/table_facts.hpp"

namespace tocsin::timers_dynamodb {
namespace {

using testing::HasSubstr;

Result<Row> read(std::string_view json) { return read_item(*check::parse_json(json)); }

TEST(TimerRow, IsReadAsItWasWritten) {
  Row row;
  row.id = "sp ace/\xC3\xBC\x01";
  row.start = 1'767'225'600;
  row.seconds = 30;
  row.version = row.start * 1000 * kVersionsPerMs + 5;
  row.announced_ms = row.start * 1000 + 31'000;
  row.claimed_ms = *row.announced_ms + 1;
  row.announced_by = "p";
  row.delivered_ms = *row.announced_ms + 5;
  row.grouped = true;
  row.missed = {from_unix_ms(2), from_unix_ms(3), from_unix_ms(1)};
  row.due = 7;
  row.expires = 8;
  std::string json;
  JsonWriter writer(json);
  append_item(writer, row);
  EXPECT_EQ(read(json), row);
  EXPECT_FALSE(row.foreign());
}

TEST(TimerRow, OfTheServiceThatThisReplacesHasThreeAttributes) {
  const auto row =
      read(R"({"Timer":{"S":"a"},"StartTime":{"N":"1795231282"},"Seconds":{"N":"30"}})");
  ASSERT_TRUE(row);
  EXPECT_TRUE(row->foreign());
  const timer::Timer timer = timer_of(*row);
  EXPECT_EQ(timer.id, "a");
  EXPECT_EQ(timer.start, from_unix_ms(1'795'231'282'000));
  EXPECT_EQ(timer.seconds, 30);
}

TEST(TimerRow, NumbersMayBeWrittenAsAnotherLibraryDoes) {
  const auto row =
      read(R"({"Timer":{"S":"a"},"StartTime":{"N":"1.795231282E9"},"Seconds":{"N":"30.5"}})");
  ASSERT_TRUE(row);
  EXPECT_EQ(row->start, 1'795'231'282);
  EXPECT_EQ(row->seconds, 30);
}

TEST(TimerRow, AClaimOfAnEarlierArmIsNotThisArms) {
  // The other program updated StartTime and Seconds in place.
  const auto row = read(R"({"Timer":{"S":"a"},"StartTime":{"N":"1000"},"Seconds":{"N":"30"},)"
                        R"("ArmVersion":{"N":"900000000123"},"AnnouncedAt":{"N":"999000"},)"
                        R"("DeliveredAt":{"N":"999500"}})");
  ASSERT_TRUE(row);
  EXPECT_FALSE(row->announced());
  EXPECT_FALSE(row->delivered());
  EXPECT_TRUE(row->foreign());
  EXPECT_EQ(timer_of(*row).announced, Instant{});
}

TEST(TimerRow, ATombstoneIsNoTimerUntilAnotherProgramArmsOverIt) {
  EXPECT_TRUE(
      read(R"({"Timer":{"S":"a"},"DisarmedAt":{"N":"5"},"ArmVersion":{"N":"6"}})")->disarmed_ms);
  EXPECT_FALSE(read(R"({"Timer":{"S":"a"},"DisarmedAt":{"N":"5"},"StartTime":{"N":"1"},)"
                    R"("Seconds":{"N":"2"}})")
                   ->disarmed_ms);
}

TEST(TimerRow, WhatIsNoTimerSaysWhatItLacks) {
  EXPECT_THAT(read(R"({"Timer":{"S":"a"},"Seconds":{"N":"2"}})").error().message,
              HasSubstr("item 'a' has no StartTime that is a number"));
  EXPECT_THAT(
      read(R"({"Timer":{"S":"a"},"StartTime":{"N":"2"},"Seconds":{"S":"2"}})").error().message,
      HasSubstr("no Seconds"));
  EXPECT_FALSE(read("{}"));
}

TEST(TimerRow, FailuresSayWhetherWaitingHelps) {
  aws::Failure failure;
  failure.status = 400;
  failure.code = "ResourceNotFoundException";
  EXPECT_EQ(store_error(failure, "T").code, ErrorCode::invalid);
  EXPECT_THAT(store_error(failure, "T").message, HasSubstr("there is no table 'T'"));
  failure.code = "ThrottlingException";
  failure.kind = aws::FailureKind::throttled;
  EXPECT_EQ(store_error(failure, "T").code, ErrorCode::unavailable);
  failure.code = "AccessDeniedException";
  failure.kind = aws::FailureKind::denied;
  EXPECT_THAT(store_error(failure, "T").message, HasSubstr("the policy in deploy/timers-dynamodb"));
}

std::string problem(std::string_view key, std::string_view indexes) {
  const std::string answer =
      R"({"Table":{"TableStatus":"ACTIVE","KeySchema":[)" + std::string(key) +
      R"(],"AttributeDefinitions":[{"AttributeName":"Timer","AttributeType":"S"},)"
      R"({"AttributeName":"DueShard","AttributeType":"S"},)"
      R"({"AttributeName":"Due","AttributeType":"N"}],)"
      R"("GlobalSecondaryIndexes":[)" +
      std::string(indexes) + "]}}";
  const auto facts = read_table("T", answer);
  return !facts ? facts.error().message : facts->problem;
}

TEST(TimerTable, SaysWhatATableLacks) {
  constexpr const char* kKey = R"({"AttributeName":"Timer","KeyType":"HASH"})";
  const std::string index =
      R"({"IndexName":"Due","IndexStatus":"ACTIVE","Projection":{"ProjectionType":"ALL"},)"
      R"("KeySchema":[{"AttributeName":"DueShard","KeyType":"HASH"},)"
      R"({"AttributeName":"Due","KeyType":"RANGE"}]})";
  EXPECT_EQ(problem(kKey, index), "");
  EXPECT_THAT(problem(kKey, ""),
              AllOf(HasSubstr("it has no index Due"), HasSubstr("expiries are not announced")));
  EXPECT_THAT(problem(R"({"AttributeName":"Id","KeyType":"HASH"})", index),
              HasSubstr("has the key Id (HASH) instead of Timer (S) alone"));
  std::string building = index;
  building.replace(building.find("ACTIVE"), 6, "CREATING");
  EXPECT_THAT(problem(kKey, building), HasSubstr("its index Due is CREATING"));
  std::string keys = index;
  keys.replace(keys.find("ALL"), 3, "KEYS_ONLY");
  EXPECT_THAT(problem(kKey, keys), HasSubstr("does not project all attributes"));
  EXPECT_FALSE(read_table("T", "<html>"));
}

TEST(ScanPage, ABrokenAnswerIsNotTheLastPage) {
  for (const char* broken : {"", "<html>", "[]", R"({"Items":[{"Timer")"}) {
    EXPECT_FALSE(read_page(broken)) << broken;
  }
  EXPECT_EQ(read_page(R"({"Items":[]})").value().last_key, "");
}

}  // namespace
}  // namespace tocsin::timers_dynamodb
