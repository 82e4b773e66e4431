#include "notification/escape.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/utf8.hpp"
#include "notification/http_date.hpp"
#include "notification/judge.hpp"
#include "notification/signature.hpp"

namespace tocsin::notification {
namespace {

std::string escaped(Escape escape, std::string_view text) {
  std::string out;
  escape(out, text);
  return out;
}

TEST(Escape, KeepsForeignTextText) {
  EXPECT_EQ(escaped(escape_mrkdwn, "<!channel> & <http://x|y>"),
            "&lt;!channel&gt; &amp; &lt;http://x|y&gt;");
  EXPECT_EQ(escaped(escape_html, "<a href=\"x\" id='y'>&"),
            "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;");
  EXPECT_EQ(escaped(escape_json, "a\"b\\\n"), "a\\\"b\\\\\\n");
  EXPECT_EQ(escaped(escape_markdown, "*b* [x](y) `c`"), "\\*b\\* \\[x\\]\\(y\\) \\`c\\`");
  EXPECT_EQ(escaped(escape_markdown, "a_b https://wiki.example/run_book?a_b=1&c=#x_y, *b*"),
            "a\\_b https://wiki.example/run_book?a_b=1&c=#x_y, \\*b\\*")
      << "a link stays one";
  EXPECT_EQ(escaped(escape_markdown, "https://a/_b_](http://x_y)~~@all"),
            "https://a/_b_\\]\\(http://x_y\\)\\~\\~@\xE2\x80\x8B"
            "all");
  EXPECT_EQ(escaped(escape_markdown, "@everyone"),
            "@\xE2\x80\x8B"
            "everyone");
}

TEST(Cut, MarksWhatWasCutAndKeepsTheLimit) {
  EXPECT_EQ(cut("short", 5, Unit::bytes), "short");
  const std::string text(100, 'a');
  const std::string out = cut(text, 50, Unit::bytes);
  EXPECT_LE(out.size(), 50U);
  EXPECT_TRUE(out.ends_with(kCutMark));
  EXPECT_EQ(cut(text, 3, Unit::bytes), "aaa") << "no room for a mark";
}

TEST(Cut, NeverSplitsACharacterOrAnEscape) {
  std::string emoji;
  std::string entities;
  std::string backslashes;
  for (int i = 0; i < 50; ++i) {
    emoji += "😀";
    entities += "&amp;";
    backslashes += "\\*";
  }
  for (std::size_t limit = 12; limit < 60; ++limit) {
    for (const Unit unit : {Unit::bytes, Unit::utf16}) {
      const std::string out = cut(emoji, limit, unit);
      EXPECT_TRUE(is_utf8(out));
      EXPECT_LE(length(out, unit), limit);
      const std::string html = cut(entities, limit, unit);
      EXPECT_EQ((html.size() - kCutMark.size()) % 5, 0U) << html;
      const std::string markdown = cut(backslashes, limit, unit);
      EXPECT_EQ((markdown.size() - kCutMark.size()) % 2, 0U) << markdown;
    }
  }
}

TEST(Length, CountsAnEmojiAsTwoCodeUnits) {
  EXPECT_EQ(length("aé😀", Unit::utf16), 4U);
  EXPECT_EQ(length("aé😀", Unit::bytes), 7U);
}

TEST(OneLine, LeavesNoLineEndAndNoBrokenCharacter) {
  EXPECT_EQ(one_line("a\r\nBcc: x\tb\x7F"), "a  Bcc: x b ");
  EXPECT_EQ(one_line("a\xE2\x80\xA8"
                     "b\xC2\x85"
                     "c"),
            "a b c")
      << "Unicode's own line ends";
  EXPECT_EQ(one_line("a\xFF"), "a\xEF\xBF\xBD");
}

TEST(Signature, IsHmacOfTimeAndBody) {
  // RFC 4231, test case 2.
  EXPECT_EQ(hmac_sha256_hex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(signature("s", from_unix_ms(1'795'250'912'007), "{}"),
            "t=1795250912,v1=" + hmac_sha256_hex("s", "1795250912.{}"));
}

TEST(HttpDate, ReadsOnlyTheFormOfTheStandard) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), from_unix_ms(784'111'777'000));
  EXPECT_EQ(format_mail_date(from_unix_ms(784'111'777'000)), "Sun, 06 Nov 1994 08:49:37 +0000");
  for (const std::string_view bad :
       {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 06 Now 1994 08:49:37 GMT"}) {
    EXPECT_FALSE(parse_http_date(bad)) << bad;
  }
}

TEST(RetryAfter, IsSecondsOrADateFromTheAnswersOwnClock) {
  const auto after = [](std::string value, std::string date = "") {
    Answer answer{.status = 429, .headers = {{"retry-after", std::move(value)}}};
    if (!date.empty()) answer.headers.emplace_back("date", std::move(date));
    return retry_after(answer);
  };
  EXPECT_EQ(after("30"), Milliseconds{30'000});
  EXPECT_EQ(after("1.337"), Milliseconds{2000});
  EXPECT_EQ(after("999999999"), Milliseconds{86'400'000}) << "bounded";
  EXPECT_EQ(after("99999999999999999999"), Milliseconds{86'400'000});
  EXPECT_EQ(after("Sun, 06 Nov 1994 08:50:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT"),
            Milliseconds{60'000});
  EXPECT_EQ(after("Sun, 06 Nov 1994 08:40:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT"),
            Milliseconds{0});
  EXPECT_FALSE(after("Sun, 06 Nov 1994 08:50:37 GMT")) << "whose clock?";
  EXPECT_FALSE(after("soon"));
  EXPECT_FALSE(after("-5"));
}

}  // namespace
}  // namespace tocsin::notification
