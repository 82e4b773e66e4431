#pragma once
// Rules of JSON bodies as providers publish them, for the contract tests: members, types, lengths.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "check/json.hpp"
#include "notification/escape.hpp"

namespace tocsin::notification {

// One member by its path: "payload.summary", "embeds[].title"; "[]" is each element.
struct Rule {
  std::string path;
  check::JsonKind kind = check::JsonKind::string;
  bool required = false;
  std::size_t longest = 0;          // of a string, in UTF-16 units; 0: no limit
  std::size_t longest_bytes = 0;    // same in bytes
  std::vector<std::string> one_of;  // of a string
  bool may_be_empty = false;        // of a string
};

inline void check_value(check::JsonValue value, const Rule& rule) {
  ASSERT_EQ(value.kind(), rule.kind) << rule.path << ": " << value.text();
  if (rule.kind != check::JsonKind::string) return;
  const std::string text = value.string().value_or("");
  if (!rule.may_be_empty) {
    EXPECT_FALSE(text.empty()) << rule.path;
  }
  if (rule.longest > 0) {
    EXPECT_LE(length(text, Unit::utf16), rule.longest) << rule.path;
  }
  if (rule.longest_bytes > 0) {
    EXPECT_LE(text.size(), rule.longest_bytes) << rule.path;
  }
  if (rule.one_of.empty()) return;
  EXPECT_NE(std::ranges::find(rule.one_of, text), rule.one_of.end()) << rule.path << ": " << text;
}

inline void check_rule(check::JsonValue value, const Rule& rule, std::string_view path) {
  if (path.empty()) {
    check_value(value, rule);
    return;
  }
  if (path.starts_with("[]")) {
    ASSERT_EQ(value.kind(), check::JsonKind::array) << rule.path;
    for (check::JsonItems item(value); item.next();) {
      check_rule(item.value(), rule, path.substr(path.starts_with("[].") ? 3 : 2));
    }
    return;
  }
  const std::size_t end = std::min(path.find_first_of(".["), path.size());
  const check::JsonValue member = value.find(path.substr(0, end));
  if (!member.exists()) {
    EXPECT_FALSE(rule.required) << rule.path << " is missing in " << value.text().substr(0, 300);
    return;
  }
  check_rule(member, rule, path.substr(end + (path.substr(end).starts_with('.') ? 1 : 0)));
}

// Every rule holds, and the top level has no member without a rule.
inline void check_body(const std::string& body, const std::vector<Rule>& rules) {
  const auto json = check::parse_json(body);
  ASSERT_TRUE(json) << json.error().message << "\n" << body.substr(0, 400);
  for (const Rule& rule : rules) check_rule(*json, rule, rule.path);
  if (rules.empty()) return;
  for (check::JsonItems item(*json); item.next();) {
    EXPECT_TRUE(std::ranges::any_of(rules,
                                    [&](const Rule& rule) {
                                      return rule.path.substr(0, rule.path.find_first_of(".[")) ==
                                             item.key();
                                    }))
        << "unknown member " << item.key();
  }
}

}  // namespace tocsin::notification
