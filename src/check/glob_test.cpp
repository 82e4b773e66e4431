#include "check/glob.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tocsin::check {
namespace {

TEST(Glob, Matches) {
  const std::vector<std::pair<std::string, std::string>> table{
      {"", ""},
      {"*", ""},
      {"*", "a/b\nc"},
      {"a*", "a"},
      {"a*c", "abbc"},
      {"a*c", "ac"},
      {"*b*", "abc"},
      {"a?c", "abc"},
      {"?", "\xC3\xBC"},
      {"[a-c]x", "bx"},
      {"[^a-c]x", "dx"},
      {"[abc]", "c"},
      {"\\*", "*"},
      {"[\\]]", "]"},
      {"a\\[b", "a[b"},
      {"*a*b*c*", "xxaxxbxxcxx"},
      {"*aab", "aaaaab"},
      {"2*", "204"},
      {"*.*.*", "1.2.3"},
      {"a**b", "ab"},
      {"[\xC3\xA0-\xC3\xBF]", "\xC3\xBC"},
      {"*[0-9]", "ab1c2"},
      {"?", "\xFF"},
  };
  for (const auto& [pattern, text] : table) {
    EXPECT_FALSE(glob_problem(pattern)) << pattern;
    EXPECT_TRUE(glob_matches(pattern, text)) << pattern << " " << text;
  }
}

TEST(Glob, DoesNotMatch) {
  const std::vector<std::pair<std::string, std::string>> table{
      {"", "a"},        {"a", ""},        {"a", "A"},      {"a*c", "acb"}, {"?", ""},
      {"?", "ab"},      {"[a-c]", "d"},   {"[^a-c]", "b"}, {"\\*", "x"},   {"*a", "b"},
      {"*aab", "aaba"}, {"a*b*c", "acb"}, {"*x*", "abc"},  {"[a-c]", ""},  {"*?", ""},
  };
  for (const auto& [pattern, text] : table) {
    EXPECT_FALSE(glob_matches(pattern, text)) << pattern << " " << text;
  }
}

TEST(Glob, KnowsBadPatterns) {
  for (const std::string_view pattern :
       {"[", "[a", "[]", "[^]", "[a-", "[a-]", "[b-a]", "a\\", "[\\"}) {
    EXPECT_TRUE(glob_problem(pattern)) << pattern;
  }
}

TEST(Glob, ManyStarsOnALongTextTakeNoExponentialTime) {
  std::string pattern;
  for (int i = 0; i < 30; ++i) {
    pattern += "*a";
  }
  EXPECT_FALSE(glob_matches(pattern + "b", std::string(20'000, 'a')));
}

}  // namespace
}  // namespace tocsin::check
