#pragma once
// For the tests of the founding format: what a mistake must be answered with, and that the answer
// is right.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "config/test_load.hpp"

namespace tocsin::config {

inline const std::string kPath = "[\"www.example.com/health\"]";
inline const std::string kEndpoint = "www.example.com/health:\n  cron_schedule: \"*/5 * * * *\"\n";
inline const std::string kPost = kEndpoint +
                                 "  post_endpoint: https://api.example.com/events\n"
                                 "  post_api_key: {param_name: api_key, param_value: s3cr3t-pw}\n"
                                 "  post_json_info: {title: health, text: \"{outcome.status}\"}\n";
inline const std::string kAws =
    kEndpoint +
    "  post_service: aws-cloudwatch\n  aws_key: AKIA123\n  aws_secret: s3cr3t-pw\n"
    "  data_detail_type: health\n  data_source: com.example.health\n";

struct BrokenFounding {
  std::string name;
  std::string text;
  Position at;
  std::string path;
  std::string message;    // all of it
  std::string corrected;  // all of it
  // The lines that `corrected` takes the place of; none when `last` is before `first`.
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  // Lines that go as well: of the second of two entries that become one.
  std::uint32_t gone_first = 0;
  std::uint32_t gone_last = 0;
};

inline LoadResult load_founding(const std::string& text) {
  TestWorld world;
  world.env["POST_API_KEY"] = world.env["AWS_ACCESS_KEY_ID"] = "from-environment";
  world.env["AWS_SECRET_ACCESS_KEY"] = "from-environment";
  return load_files({{"a.yml", text}}, world);
}

inline void expect_corrected(const BrokenFounding& row) {
  const LoadResult result = load_founding(row.text);
  EXPECT_THAT(result.broken_drop_ins, testing::ElementsAre("a.yml"));
  const auto hit = std::ranges::find(result.diagnostics, Severity::error, &Diagnostic::severity);
  ASSERT_NE(hit, result.diagnostics.end());
  EXPECT_EQ(hit->at, row.at) << hit->at.line << ':' << hit->at.column;
  EXPECT_EQ(hit->path, row.path);
  EXPECT_EQ(hit->message, row.message);
  EXPECT_EQ(hit->corrected, row.corrected);
  // One mistake is one error: no noise that follows from it.
  EXPECT_EQ(std::ranges::count(result.diagnostics, Severity::error, &Diagnostic::severity), 1)
      << all_texts(result);
  EXPECT_THAT(all_texts(result), testing::Not(testing::HasSubstr("s3cr3t")));
}

// `text` with the corrected lines where they belong.
inline std::string put_into(const BrokenFounding& row, const std::string& corrected) {
  std::string out;
  std::size_t at = 0;
  for (std::uint32_t number = 1; at < row.text.size() || number == row.first; ++number) {
    const std::size_t end = std::min(row.text.find('\n', at), row.text.size());
    const std::string line = row.text.substr(at, end - at);
    at = std::min(end + 1, row.text.size());
    if (number == row.first) out += corrected + '\n';
    const bool replaced = number >= row.first && number <= row.last;
    const bool gone = number >= row.gone_first && number <= row.gone_last;
    if (!replaced && !gone) out += line + '\n';
  }
  return out;
}

inline void expect_loads_as_corrected(const BrokenFounding& row) {
  const LoadResult broken = load_founding(row.text);
  const auto hit = std::ranges::find(broken.diagnostics, Severity::error, &Diagnostic::severity);
  ASSERT_NE(hit, broken.diagnostics.end());
  const std::string text = put_into(row, hit->corrected);
  const LoadResult result = load_founding(text);
  EXPECT_FALSE(result.has_errors()) << text << all_texts(result);
  EXPECT_THAT(result.broken_drop_ins, testing::IsEmpty()) << text;
}

inline std::string founding_row_name(const testing::TestParamInfo<BrokenFounding>& info) {
  return info.param.name;
}

}  // namespace tocsin::config
