#pragma once
// Broken configurations: each with the place and the words that the user must see.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "config/test_load.hpp"

namespace tocsin::config {

struct Broken {
  std::string name;
  std::string text;
  Position at;
  std::string path;
  std::string message;  // a part of it
};

inline void expect_one_error(const Broken& row) {
  const LoadResult result = load_text(row.text);
  EXPECT_FALSE(result.config);
  const auto hit = std::ranges::find_if(result.diagnostics, [&](const Diagnostic& d) {
    return d.severity == Severity::error && d.file == "tocsin.yml" && d.at == row.at &&
           d.path == row.path && d.message.find(row.message) != std::string::npos;
  });
  EXPECT_NE(hit, result.diagnostics.end()) << all_texts(result);
  // One mistake is one error: no noise that follows from it.
  EXPECT_EQ(std::ranges::count(result.diagnostics, Severity::error, &Diagnostic::severity), 1)
      << all_texts(result);
}

inline std::string row_name(const testing::TestParamInfo<Broken>& info) { return info.param.name; }

// A monitor named m with these lines, the first of which is line 3 of the text.
inline std::string monitor(const std::string& lines) { return "monitors:\n  m:\n" + lines; }
// With a valid kind in line 3; `lines` begins in line 4.
inline std::string http(const std::string& lines) {
  return monitor("    http: https://example.com/\n" + lines);
}

}  // namespace tocsin::config
