#include "base/utf8.hpp"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

TEST(Utf8, RefusesOverlongFormsSurrogatesAndTruncation) {
  EXPECT_TRUE(is_utf8("plain, Zürich, \xF0\x9F\x94\x94"));
  for (const char* text : {"\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                           "\xE2\x82", "\xFF", "\x80"}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(Clip, CutsAtACharacterAndMarksTheCut) {
  EXPECT_EQ(clip("abcdef", 6), "abcdef");
  EXPECT_EQ(clip("abcdef", 3), "abc...");
  EXPECT_EQ(clip("a\xC3\xBC\xC3\xBC", 2), "a...");
}

TEST(Printable, ShowsControlAndBrokenBytesAsEscapes) {
  EXPECT_EQ(printable("a\nb\x1b[31m\xFF"), "a\\nb\\x1b[31m\\xff");
}

TEST(Printable, ShowsWhatSteersTerminalsOrTurnsTextAround) {
  EXPECT_EQ(printable("a\xC2\x9B"
                      "31m"),
            "a\\u{9b}31m");
  EXPECT_EQ(printable("\xE2\x80\xAEx"), "\\u{202e}x");
  EXPECT_EQ(printable("Z\xC3\xBCrich"), "Z\xC3\xBCrich");
}

}  // namespace
}  // namespace tocsin
