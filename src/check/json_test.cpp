#include "check/json.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace tocsin::check {
namespace {

std::string error_of(std::string_view text) {
  const auto value = parse_json(text);
  return value ? "" : value.error().message;
}

TEST(Json, AcceptsEveryKindOfValue) {
  const std::vector<std::pair<std::string, JsonKind>> table{
      {"null", JsonKind::null},
      {"true", JsonKind::boolean},
      {"false", JsonKind::boolean},
      {"0", JsonKind::number},
      {"-0.5e+10", JsonKind::number},
      {"\"\"", JsonKind::string},
      {" [ ] ", JsonKind::array},
      {"\t{\r\n} ", JsonKind::object},
      {"[1,[2,{}],\"]\"]", JsonKind::array},
      {"\xEF\xBB\xBF{}", JsonKind::object},
  };
  for (const auto& [text, kind] : table) {
    const auto value = parse_json(text);
    ASSERT_TRUE(value) << text << ": " << value.error().message;
    EXPECT_EQ(value->kind(), kind) << text;
  }
}

TEST(Json, RefusesWhatRfc8259DoesNotAllow) {
  const std::vector<std::pair<std::string, std::string>> table{
      {"", "empty"},
      {"  \n", "empty"},
      {"nul", "expected a value at byte 0"},
      {"True", "expected a value"},
      {"NaN", "expected a value"},
      {"Infinity", "expected a value"},
      {"01", "leading zero"},
      {"-", "digit after \"-\""},
      {"+1", "expected a value"},
      {".5", "expected a value"},
      {"1.", "digit after \".\""},
      {"1e", "exponent"},
      {"1e+", "exponent"},
      {"0x10", "expected the end"},
      {"[1,]", "expected a value at byte 3"},
      {"[1 2]", "expected \",\" or \"]\""},
      {"[1}", "expected \",\" or \"]\""},
      {"[", "found the end of the text"},
      {"{\"a\":1,}", "member name"},
      {"{a:1}", "member name"},
      {"{'a':1}", "member name"},
      {"{\"a\"1}", "expected \":\""},
      {"{\"a\":1", "expected \",\" or \"}\""},
      {"{\"a\":}", "expected a value"},
      {"{\"a\":1]", "expected \",\" or \"}\""},
      {"\"a", "closing quote"},
      {"\"\\", "escape"},
      {"\"\\x41\"", "escape"},
      {"\"\\u12g4\"", "four hexadecimal"},
      {"\"\\u123", "four hexadecimal"},
      {"\"a\nb\"", "control character"},
      {std::string("\"a\0b\"", 5), "control character"},
      {"\"\xFF\"", "not UTF-8"},
      {"\"\xC0\x80\"", "not UTF-8"},
      {"\"\xED\xA0\x80\"", "not UTF-8"},
      {"1 2", "expected the end"},
      {"{} x", "expected the end of the text at byte 3, found \"x\""},
      {"<html>", "expected a value at byte 0, found \"<\""},
      {"[1] // c", "expected the end"},
      {std::string("1\0", 2), "expected the end"},
      {"\xEF\xBB\xBF[x", "at byte 4"},
  };
  for (const auto& [text, expected] : table) {
    EXPECT_NE(error_of(text).find(expected), std::string::npos)
        << text << " gave: " << error_of(text);
  }
}

TEST(Json, DepthOf256IsValidAnd257IsNot) {
  const auto nest = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(error_of(nest(256)), "");
  EXPECT_NE(error_of(nest(257)).find("256 levels"), std::string::npos);
  EXPECT_NE(error_of(std::string(1'000'000, '[')).find("256 levels"), std::string::npos);
  std::string objects;
  for (int i = 0; i < 256; ++i) {
    objects += "{\"a\":";
  }
  EXPECT_EQ(error_of(objects + "1" + std::string(256, '}')), "");
  // An empty container is a level too.
  EXPECT_NE(error_of(std::string(256, '[') + "{}" + std::string(256, ']')), "");
}

TEST(Json, FindsMembersAndElements) {
  const auto doc = parse_json(
      R"( {"a" : {"b" : [ 10 , {"c" : "x,]}\"" } , [] ]}, "e":{}, "n" : null , "f":-1.50e3} )");
  ASSERT_TRUE(doc);
  EXPECT_EQ(doc->size(), 4U);
  const JsonValue b = doc->find("a").find("b");
  EXPECT_EQ(b.size(), 3U);
  EXPECT_EQ(b.at(0).integer(), 10);
  EXPECT_EQ(b.at(1).find("c").string(), "x,]}\"");
  EXPECT_EQ(b.at(2).kind(), JsonKind::array);
  EXPECT_EQ(doc->find("n").kind(), JsonKind::null);
  EXPECT_EQ(doc->find("f").number(), "-1.50e3");
  EXPECT_FALSE(b.at(3).exists());
  EXPECT_FALSE(b.find("c").exists());
  EXPECT_FALSE(doc->at(0).exists());
  EXPECT_FALSE(doc->find("A").exists());
  EXPECT_FALSE(doc->find("x").find("y").at(1).exists());
}

TEST(Json, OfTwoMembersWithOneNameTheLastCounts) {
  EXPECT_EQ(parse_json(R"({"a":1,"b":2,"\u0061":3})")->find("a").integer(), 3);
}

TEST(Json, WhatStringsHoldEndsNothing) {
  const auto value = parse_json(R"( {"a": ["]}", "\\", "\\\"[", {"\"{": "\u005d"}], "b": 2}  )");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->text().front(), '{');
  EXPECT_EQ(value->text().back(), '}');
  EXPECT_EQ(value->find("a").size(), 4U);
  EXPECT_EQ(value->find("a").at(2).string(), "\\\"[");
  EXPECT_EQ(value->find("a").at(3).find("\"{").string(), "]");
  EXPECT_EQ(value->find("b").integer(), 2);
}

TEST(Json, UnescapesStrings) {
  const std::vector<std::pair<std::string, std::string>> table{
      {R"("plain")", "plain"},
      {R"("\"\\\/\b\f\n\r\t")", "\"\\/\b\f\n\r\t"},
      {R"("\u0041\u00fc\u20AC")", "A\xC3\xBC\xE2\x82\xAC"},
      {R"("\ud83d\ude00!")", "\xF0\x9F\x98\x80!"},
      {R"("\ud83d")", "\xEF\xBF\xBD"},
      {R"("\ud83d\u0041")",
       "\xEF\xBF\xBD"
       "A"},
      {R"("\ude00\ud83d\ude00")", "\xEF\xBF\xBD\xF0\x9F\x98\x80"},
      {"\"\xC3\xBC\"", "\xC3\xBC"},
      {R"("\u0000")", std::string(1, '\0')},
  };
  for (const auto& [text, expected] : table) {
    const auto value = parse_json(text);
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(value->string(), expected) << text;
    EXPECT_TRUE(value->is_string(expected)) << text;
    EXPECT_FALSE(value->is_string(expected + "x")) << text;
    EXPECT_FALSE(value->is_string(expected.substr(1))) << text;
  }
}

TEST(Json, EveryPrefixOfADocumentIsRefused) {
  const std::string text = R"({"a":[1,-2.5e3,true,null],"b":{"c":"\u00fc\n"}})";
  ASSERT_TRUE(parse_json(text));
  for (std::size_t i = 0; i < text.size(); ++i) {
    EXPECT_FALSE(parse_json(std::string_view(text).substr(0, i))) << i;
  }
}

TEST(Json, IntegersThatDoNotFitAreNoIntegers) {
  EXPECT_EQ(parse_json("9223372036854775807")->integer(), INT64_MAX);
  EXPECT_EQ(parse_json("9223372036854775808")->integer(), std::nullopt);
  EXPECT_EQ(parse_json("1.0")->integer(), std::nullopt);
  EXPECT_EQ(parse_json("\"1\"")->integer(), std::nullopt);
}

TEST(Json, VisitsMembersInOrder) {
  const auto doc = parse_json(R"({"b":1, "a" : [2] ,"c\n":"x"})");
  std::string seen;
  for (JsonItems items(*doc); items.next();) {
    seen += items.key() + "=" + std::string(items.value().text()) + ";";
  }
  EXPECT_EQ(seen, "b=1;a=[2];c\n=\"x\";");
}

TEST(Json, MinifiesOutsideStringsOnly) {
  std::string out;
  append_minified(out, *parse_json(" { \"a b\" : [ 1 , \" x \\\" y \" ] , \"c\" : null } "));
  EXPECT_EQ(out, R"({"a b":[1," x \" y "],"c":null})");
}

}  // namespace
}  // namespace tocsin::check
