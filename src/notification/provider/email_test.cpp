#include "notification/provider/email.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/utf8.hpp"
#include "notification/provider/mime.hpp"
#include "notification/test_events.hpp"

namespace tocsin::notification {
namespace {

using testing::HasSubstr;
using testing::Not;
using Kind = Verdict::Kind;

std::shared_ptr<const Format> email() {
  return make_email({.server = "smtp.example.com",
                     .port = 587,
                     .username = "u",
                     .password = "pass-word",
                     .from_name = "Töcsin",
                     .from = "tocsin@example.com",
                     .to = {"a@example.com", "b@example.com"}},
                    std::make_shared<Texts>());
}

MailStep mail(const Message& message) {
  return std::get<MailStep>(email()->prepare(message, std::nullopt).steps.at(0));
}

std::string header(const std::string& text, const std::string& name) {
  const std::string head = "\r\n" + text.substr(0, text.find("\r\n\r\n")) + "\r\n";
  const std::size_t at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "(none)";
  std::size_t end = at + 2;
  do {
    end = head.find("\r\n", end + 1);
  } while (head.compare(end, 3, "\r\n ") == 0);
  return head.substr(at + name.size() + 4, end - at - name.size() - 4);
}

// Of base64 with line ends and padding.
std::string decoded(std::string_view text) {
  std::string out;
  unsigned bits = 0;
  unsigned value = 0;
  for (const char c : text) {
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) continue;
    value = (value << 6U) | static_cast<unsigned>(digit);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>((value >> bits) & 0xFFU);
    }
  }
  return out;
}

std::string part(const std::string& text, const std::string& type) {
  const std::size_t at = text.find("Content-Type: " + type);
  const std::size_t begin = text.find("\r\n\r\n", at) + 4;
  return decoded(text.substr(begin, text.find("\r\n--", begin) - begin));
}

// RFC 5322: every line end is CRLF, no line is longer than 998 bytes; ours are far below.
void check_lines(const std::string& text) {
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      ASSERT_EQ(text.at(i - 1), '\r') << i;
      column = 0;
      continue;
    }
    if (text[i] == '\r') {
      ASSERT_EQ(text.at(i + 1), '\n') << i;
    }
    ASSERT_LE(++column, 100U) << text.substr(i - 90, 100);
    ASSERT_LT(static_cast<unsigned char>(text[i]), 0x80U);
  }
}

TEST(Email, IsPlainTextAndHtml) {
  alert::Event event = an_event();
  add_text(event, "runbook", "https://wiki.example/checkout?a=1&b=2");
  const MailStep step = mail(a_message({event}));
  EXPECT_EQ(step.server, "smtp.example.com");
  EXPECT_EQ(step.from, "tocsin@example.com");
  EXPECT_THAT(step.to, testing::ElementsAre("a@example.com", "b@example.com"));
  check_lines(step.text);
  EXPECT_EQ(header(step.text, "Date"), "Sat, 21 Nov 2026 08:48:33 +0000");
  EXPECT_EQ(header(step.text, "Subject"), "[Tocsin] checkout is down");
  EXPECT_EQ(header(step.text, "To"), "a@example.com,\r\n b@example.com");
  EXPECT_EQ(header(step.text, "From"), "=?utf-8?B?VMO2Y3Npbg==?=\r\n <tocsin@example.com>");
  EXPECT_EQ(header(step.text, "Auto-Submitted"), "auto-generated");
  EXPECT_THAT(header(step.text, "Content-Type"), HasSubstr("multipart/alternative"));
  EXPECT_THAT(part(step.text, "text/plain"),
              HasSubstr("checkout is down: HTTP 500\r\nSince 21 Nov 08:48:32 UTC"));
  EXPECT_THAT(part(step.text, "text/html"),
              HasSubstr("<a href=\"https://wiki.example/checkout?a=1&amp;b=2\">"));
}

TEST(Email, KeepsOneThreadPerIncident) {
  const std::string opened = mail(a_message({an_event()})).text;
  Message end = a_message({an_event("recovered")});
  end.key = "ops/other";
  const std::string closed = mail(end).text;
  EXPECT_NE(header(opened, "Message-ID"), header(closed, "Message-ID"));
  EXPECT_EQ(header(opened, "References"), header(closed, "References"));
  EXPECT_EQ(header(closed, "In-Reply-To"), header(closed, "References"));
  EXPECT_EQ(header(mail(a_message({an_event()})).text, "Message-ID"), header(opened, "Message-ID"))
      << "the same at every attempt";
  EXPECT_EQ(header(mail(a_message({an_event("became_unknown")})).text, "References"), "(none)");
  EXPECT_THAT(header(opened, "Message-ID"), testing::MatchesRegex("<[a-z0-9.]+@example.com>"));
}

TEST(Email, LetsNoTextBecomeAHeaderOrMarkup) {
  for (const std::string& text :
       {std::string("a\r\nBcc: victim@example.com\r\n\r\nbody"), std::string("x\nSubject: y"),
        std::string("<script>alert(1)</script>"), std::string("=?utf-8?B?eA==?="),
        std::string("é\r\n.\r\nQUIT"), std::string("a\0b", 3), std::string("\xFF\xFE"),
        std::string(5000, 'x'), std::string("https://x\"onclick=alert(1)")}) {
    alert::Event event = an_event();
    event.monitor = text.substr(0, 200);
    event.message = text;
    event.incident = event.key = text;
    Message message = a_message({event});
    message.key = "ops/" + text;
    const std::string made = mail(message).text;
    check_lines(made);
    EXPECT_EQ(header(made, "Bcc"), "(none)");
    const std::string head = made.substr(0, made.find("\r\n\r\n"));
    EXPECT_EQ(head.find("\nSubject: y"), std::string::npos);
    EXPECT_THAT(part(made, "text/html"), Not(HasSubstr("<script")));
    EXPECT_THAT(part(made, "text/html"), Not(HasSubstr("\"onclick")));
  }
}

TEST(Email, EncodesAFormattersTextAsText) {
  Message message = a_message({an_event()});
  message.formatted = "<b>x</b>";
  EXPECT_THAT(part(mail(message).text, "text/html"), HasSubstr("&lt;b&gt;x&lt;/b&gt;"));
  EXPECT_THAT(part(mail(message).text, "text/plain"), HasSubstr("<b>x</b>"));
}

TEST(Email, ReadsReplyCodes) {
  const auto format = email();
  const auto kind = [&](int code) {
    return format->judge({}, 0, {.status = code, .body = "said"}).kind;
  };
  EXPECT_EQ(kind(250), Kind::delivered);
  for (const int code : {421, 450, 451, 452}) EXPECT_EQ(kind(code), Kind::retry) << code;
  for (const int code : {530, 535, 550, 553}) EXPECT_EQ(kind(code), Kind::channel_failed) << code;
  for (const int code : {552, 554}) EXPECT_EQ(kind(code), Kind::message_failed) << code;
  for (const int code : {552, 554}) {
    const Answer early{.status = code, .body = "relay access denied", .before_message = true};
    EXPECT_EQ(format->judge({}, 0, early).kind, Kind::channel_failed) << code;
  }
  EXPECT_EQ(format->judge({}, 0, {.failure = "no answer"}).kind, Kind::retry);
  EXPECT_THAT(format->judge({}, 0, {.status = 535, .body = "bad pass-word"}).message,
              testing::StrEq("SMTP 535: bad ***"));
}

TEST(Email, WarnsOfRecipientsThatDidNotGetIt) {
  const auto format = email();
  EXPECT_EQ(format->judge({}, 0, {.status = 250, .body = "ok"}).warning, "");
  const Verdict verdict =
      format->judge({}, 0, {.status = 250, .body = "ok", .refused = "b@example.com refused: 550"});
  EXPECT_EQ(verdict.kind, Kind::delivered);
  EXPECT_EQ(verdict.warning, "b@example.com refused: 550");
}

TEST(Mime, FoldsLongWordsWithoutSplittingCharacters) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "é😀";
  const std::string words = encode_words(text);
  std::string all;
  for (std::size_t at = 0; at < words.size();) {
    const std::size_t end = std::min(words.find("\r\n ", at), words.size());
    const std::string word = words.substr(at, end - at);
    ASSERT_LE(word.size(), 75U);
    ASSERT_TRUE(word.starts_with("=?utf-8?B?") && word.ends_with("?=")) << word;
    const std::string piece = decoded(word.substr(10, word.size() - 12));
    EXPECT_TRUE(is_utf8(piece));
    all += piece;
    at = end + 3;
  }
  EXPECT_EQ(all, text);
  EXPECT_EQ(encode_words("plain"), "plain");
}

}  // namespace
}  // namespace tocsin::notification
