#include "base/json_writer.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace tocsin {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonString, EscapesControlCharactersQuotesAndBackslashes) {
  EXPECT_EQ(quoted("a\"b\\c\n\t\r\x01"), R"("a\"b\\c\n\t\r\u0001")");
}

TEST(JsonString, KeepsValidUtf8AndReplacesTheRest) {
  EXPECT_EQ(quoted("Zürich"), "\"Zürich\"");
  EXPECT_EQ(quoted("\xFFx\xC0\xAF"), "\"\xEF\xBF\xBDx\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(JsonWriter, PlacesCommasInNestedObjectsAndArrays) {
  std::string out;
  JsonWriter w(out);
  w.object().field("a", 1).key("b").array().value(true).null().value("x").end_array();
  w.key("c").object().end_object().field("d", false).end_object();
  EXPECT_EQ(out, R"({"a":1,"b":[true,null,"x"],"c":{},"d":false})");
}

TEST(JsonWriter, WritesMillisecondsExactlyAndWithoutTrailingZeros) {
  std::string out;
  JsonWriter w(out);
  w.array().value_ms(Microseconds{12'345}).value_ms(Microseconds{12'000});
  w.value_ms(Microseconds{500}).value_ms(Microseconds{0}).end_array();
  EXPECT_EQ(out, "[12.345,12,0.5,0]");
}

TEST(JsonWriter, WritesNotANumberAsNull) {
  std::string out;
  JsonWriter w(out);
  w.array().value(std::numeric_limits<double>::quiet_NaN()).value(0.5).value(2.0).end_array();
  EXPECT_EQ(out, "[null,0.5,2]");
}

}  // namespace
}  // namespace tocsin
