// Rules of folders: what a drop-in may hold, what breaks it, and that it breaks nothing else.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/test_load.hpp"

namespace tocsin::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> names(const LoadResult& result) {
  std::vector<std::string> out;
  if (!result.config) return out;
  for (const Monitor& monitor : result.config->monitors) out.push_back(monitor.name);
  return out;
}

const std::string kMain = "monitors: {main: {tcp: 'h:1'}}\n";

TEST(DropIns, AddMonitorsAndTakeTheMainFilesDefaults) {
  const auto result = load_files({{"a.yml", "monitors: {a: {tcp: 'h:1'}}\n"},
                                  {"tocsin.yml", "defaults: {every: 7s, timeout: 1s}\n" + kMain}});
  EXPECT_THAT(names(result), ElementsAre("a", "main")) << all_texts(result);
  EXPECT_EQ(result.config->monitors[0].check->timeout, Milliseconds{1000});
}

TEST(DropIns, WorkWithoutAMainFile) {
  EXPECT_THAT(names(load_files({{"a.yml", "monitors: {a: {tcp: 'h:1'}}\n"}})), ElementsAre("a"));
}

TEST(DropIns, AreIgnoredAsAWholeWhenBroken) {
  const auto result = load_files({{"a.yml", "monitors:\n  a: {tcp: 'h:1'}\n  b: {tcp: nope}\n"},
                                  {"b.yml", "monitors: {c: {tcp: 'h:1'}}\n"},
                                  {"tocsin.yml", kMain}});
  EXPECT_THAT(names(result), ElementsAre("c", "main"));
  EXPECT_THAT(result.broken_drop_ins, ElementsAre("a.yml"));
  EXPECT_THAT(all_texts(result), HasSubstr("a.yml:3:12: error: monitors.b.tcp"));
}

TEST(DropIns, MayNotHoldSettings) {
  for (const std::string text :
       {"listen: 127.0.0.1:1\n", "defaults: {every: 5s}\n", "timers: {}\n"}) {
    const auto result = load_files({{"a.yml", text}, {"tocsin.yml", kMain}});
    EXPECT_THAT(result.broken_drop_ins, ElementsAre("a.yml"));
    EXPECT_THAT(all_texts(result), HasSubstr("belongs into tocsin.yml"));
  }
}

TEST(DropIns, TheLaterOfTwoDefinitionsIsBroken) {
  const auto result = load_files({{"a.yml", "monitors: {x: {tcp: 'h:1'}, y: {tcp: 'h:1'}}\n"},
                                  {"b.yml", "monitors: {z: {tcp: 'h:1'}, y: {tcp: 'h:1'}}\n"},
                                  {"c.yml", "monitors: {z: {tcp: 'h:1'}}\n"},
                                  {"tocsin.yml", kMain}});
  EXPECT_THAT(names(result), ElementsAre("main", "x", "y", "z"));
  EXPECT_THAT(result.broken_drop_ins, ElementsAre("b.yml"));
  EXPECT_THAT(
      all_texts(result),
      HasSubstr("b.yml:1:29: error: monitors.y: this monitor is already defined in a.yml:1"));
}

// Their rows wait under one name.
TEST(DropIns, AChannelAndASinkHaveDifferentNames) {
  const std::string channel = "channels: {lake: {webhook: 'https://h/'}}\n";
  const std::string sink = "sinks: {lake: {webhook: 'https://h/'}}\n";
  const auto one = load_files({{"tocsin.yml", kMain + channel + sink}});
  EXPECT_FALSE(one.config);
  EXPECT_THAT(all_texts(one), HasSubstr("error: sinks.lake: tocsin.yml:"));
  EXPECT_THAT(all_texts(one), HasSubstr("has a channel of this name; a channel and a sink need"));
  const auto two = load_files({{"a.yml", sink}, {"b.yml", channel}, {"tocsin.yml", kMain}});
  EXPECT_THAT(two.broken_drop_ins, ElementsAre("b.yml"));
  EXPECT_THAT(all_texts(two), HasSubstr("b.yml:1:12: error: channels.lake: a.yml:1 has a sink"));
  const std::string own =
      "self:\n  post_endpoint: https://h/\n  post_json_info: {title: a, text: b}\n";
  const auto self = load_files(
      {{"own.yml", own}, {"tocsin.yml", kMain + "channels: {self: {webhook: 'https://h/'}}\n"}});
  EXPECT_THAT(self.broken_drop_ins, ElementsAre("own.yml"));
  EXPECT_THAT(all_texts(self), HasSubstr("has a channel of this name"));
}

TEST(DropIns, TheMainFileComesFirst) {
  const auto result =
      load_files({{"a.yml", "monitors: {main: {tcp: 'h:1'}}\n"}, {"tocsin.yml", kMain}});
  EXPECT_TRUE(result.config);
  EXPECT_THAT(result.broken_drop_ins, ElementsAre("a.yml"));
}

TEST(DropIns, ReferencesIntoAnIgnoredOneAreLeftOutAndCounted) {
  const auto result = load_files(
      {{"a.yml", "channels: {ops: {webhook: 'https://h/'}}\nmonitors: {p: {tcp: nope}}\n"},
       {"tocsin.yml",
        "channels: {page: {webhook: 'https://h/'}}\ndefaults: {notify: [ops, page]}\n"
        "monitors: {m: {tcp: 'h:1', depends_on: [p]}}\n"}});
  ASSERT_TRUE(result.config) << all_texts(result);
  EXPECT_EQ(result.broken_references, 2U) << all_texts(result);
  EXPECT_THAT(result.config->monitors.at(0).notes->notify,
              ElementsAre(testing::Field(&alert::Recipient::channel, "page")));
  EXPECT_TRUE(result.config->monitors.at(0).notes->depends_on.empty());
  EXPECT_THAT(all_texts(result),
              HasSubstr("tocsin.yml:3:41: warning: monitors.m.depends_on: the monitor \"p\""));
}

TEST(DropIns, ASyntaxErrorMayHideWhatOthersReferTo) {
  const auto result = load_files({{"a.yml", "channels: {ops: {slack: {\n"},
                                  {"tocsin.yml", "monitors: {m: {tcp: 'h:1', notify: ops}}\n"}});
  ASSERT_TRUE(result.config) << all_texts(result);
  EXPECT_EQ(result.broken_references, 1U);
}

TEST(DropIns, AnUnknownReferenceBreaksTheDropInThatHoldsIt) {
  const auto result = load_files({{"a.yml", "monitors: {a: {tcp: 'h:1', notify: nobody}}\n"},
                                  {"b.yml", "monitors: {b: {tcp: 'h:1', depends_on: a}}\n"},
                                  {"tocsin.yml", kMain}});
  EXPECT_THAT(names(result), ElementsAre("b", "main"));
  EXPECT_THAT(result.broken_drop_ins, ElementsAre("a.yml"));
  EXPECT_EQ(result.broken_references, 1U) << all_texts(result);
}

TEST(DropIns, ACircleBreaksTheLatestFileInIt) {
  const auto result =
      load_files({{"a.yml", "monitors: {a: {tcp: 'h:1', depends_on: main}}\n"},
                  {"tocsin.yml", "monitors: {main: {tcp: 'h:1', depends_on: a}}\n"}});
  ASSERT_TRUE(result.config) << all_texts(result);
  EXPECT_THAT(result.broken_drop_ins, ElementsAre("a.yml"));
  EXPECT_EQ(result.broken_references, 1U);
}

TEST(DropIns, ABrokenMainFileLeavesNothing) {
  const auto result =
      load_files({{"a.yml", "monitors: {a: {tcp: 'h:1'}}\n"}, {"tocsin.yml", "watch: perhaps\n"}});
  EXPECT_FALSE(result.config);
  EXPECT_TRUE(result.broken_drop_ins.empty());
}

TEST(DropIns, OtherEndingsAreWarnedAbout) {
  LoadInput input;
  input.ignored_files = {"conf/x.yaml"};
  const auto result = load(input);
  EXPECT_TRUE(result.config);
  EXPECT_THAT(all_texts(result), HasSubstr("conf/x.yaml:1:1: warning: ignored: only *.yml"));
}

TEST(DropIn, MaySetMaintenanceWindowsWhoseNamesAreItsOwn) {
  const auto result =
      load_files({{"tocsin.yml", "maintenance: [{name: night, schedule: '0 2 * * *', for: 1h}]\n"},
                  {"a.yml", "maintenance: [{name: sunday, schedule: '0 2 * * 0', for: 2h}]\n"},
                  {"b.yml", "maintenance: [{name: night, schedule: '0 3 * * *', for: 1h}]\n"}});
  ASSERT_TRUE(result.config) << all_texts(result);
  EXPECT_THAT(result.broken_drop_ins, ElementsAre("b.yml"));
  EXPECT_THAT(result.config->maintenance,
              ElementsAre(testing::Field(&alert::Maintenance::name, "night"),
                          testing::Field(&alert::Maintenance::name, "sunday")));
}

}  // namespace
}  // namespace tocsin::config
