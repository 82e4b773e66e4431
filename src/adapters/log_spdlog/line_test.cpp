#include "adapters/log_spdlog/line.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace tocsin::adapters {
namespace {

std::string text(std::string_view message, const std::vector<LogField>& fields,
                 const Redactor& redactor = Redactor()) {
  return format_text({from_unix_ms(1'795'250'912'120), LogLevel::info, message, fields}, redactor);
}

std::string json(std::string_view message, const std::vector<LogField>& fields,
                 const Redactor& redactor = Redactor()) {
  return format_json({from_unix_ms(1'795'250'912'120), LogLevel::info, message, fields}, redactor);
}

TEST(LogLine, TextAlignsMessagesAfterTheLevel) {
  EXPECT_EQ("2026-11-21T08:48:32.120Z info  reloaded monitors=12 file=tocsin.yml",
            text("reloaded", {{"monitors", 12}, {"file", "tocsin.yml"}}));
  EXPECT_EQ("1970-01-01T00:00:00.000Z error broken",
            format_text({Instant{}, LogLevel::error, "broken", {}}, Redactor()));
}

TEST(LogLine, TextQuotesWhatWouldReadAsTwoValues) {
  EXPECT_EQ(R"(2026-11-21T08:48:32.120Z info  m a="two words" b="" c="x=\"1\"")",
            text("m", {{"a", "two words"}, {"b", ""}, {"c", R"(x="1")"}}));
}

TEST(LogLine, NothingFromOutsideBeginsANewLineOrColoursTheTerminal) {
  const std::string line = text("a\nb\x1b[31m", {{"k", "c\r\nd"}});
  EXPECT_EQ(std::string::npos, line.find_first_of("\r\n\x1b"));
}

TEST(LogLine, JsonKeepsNumbersAndEscapes) {
  EXPECT_EQ(
      R"({"at":"2026-11-21T08:48:32.120Z","level":"info","message":"say \"x\"","n":-3,"t":"a\nb"})",
      json(R"(say "x")", {{"n", -3}, {"t", "a\nb"}}));
}

TEST(LogLine, SecretsAreHiddenBeforeTheyAreEscaped) {
  const Redactor redactor({R"(pa"ss)"});
  EXPECT_TRUE(text(R"(m pa"ss)", {{"k", R"(pa"ss)"}}, redactor).ends_with(" m *** k=***"));
  EXPECT_TRUE(json("m", {{"k", R"(pa"ss)"}}, redactor).ends_with(R"("k":"***"})"));
}

}  // namespace
}  // namespace tocsin::adapters
