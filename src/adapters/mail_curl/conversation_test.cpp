#include "adapters/mail_curl/conversation.hpp"

#include <gtest/gtest.h>

namespace tocsin::adapters {
namespace {

using ports::MailPhase;

class ConversationTest : public testing::Test {
 protected:
  void exchange(std::string_view command, std::string_view reply) {
    conversation_.on_command(std::string(command) + "\r\n");
    EXPECT_FALSE(conversation_.answered() && !conversation_.ending());
    EXPECT_TRUE(conversation_.on_line(std::string(reply) + "\r\n"));
  }
  std::vector<std::string> recipients_{"a@x", "b@x", "c@x"};
  Conversation conversation_{recipients_};
};

TEST_F(ConversationTest, FollowsTheWholeExchangeAndListsWhoWasRefused) {
  EXPECT_TRUE(conversation_.on_line("220 mail.test ESMTP\r\n"));
  EXPECT_EQ(conversation_.phase(), MailPhase::greeting);
  exchange("EHLO here", "250 hello");
  exchange("STARTTLS", "220 go");
  EXPECT_EQ(conversation_.phase(), MailPhase::starttls);
  exchange("EHLO here", "250 hello");
  exchange("AUTH PLAIN", "334");
  exchange("DATA", "235 in");  // base64 of a name, though it looks like a command
  EXPECT_EQ(conversation_.phase(), MailPhase::authentication);
  exchange("MAIL FROM:<t@x>", "250 ok");
  exchange("RCPT TO:<a@x>", "250 ok");
  exchange("RCPT TO:<b@x>", "550 no such user");
  exchange("RCPT TO:<c@x>", "451 later");
  conversation_.on_command("DATA\r\n");
  EXPECT_TRUE(conversation_.on_line("354 go\r\n"));
  EXPECT_EQ(conversation_.phase(), MailPhase::message);
  EXPECT_FALSE(conversation_.answered());
  EXPECT_TRUE(conversation_.on_line("250 queued\r\n"));
  exchange("QUIT", "221 bye");
  const ports::MailReply& reply = conversation_.reply();
  EXPECT_TRUE(reply.delivered());
  EXPECT_EQ(reply.code, 250);
  EXPECT_EQ(reply.text, "queued");
  ASSERT_EQ(reply.refused.size(), 2U);
  EXPECT_EQ(reply.refused[0].recipient, "b@x");
  EXPECT_EQ(reply.refused[0].code, 550);
  EXPECT_EQ(reply.refused[0].text, "no such user");
  EXPECT_EQ(reply.refused[1].recipient, "c@x");
}

TEST_F(ConversationTest, JoinsLinesAndShowsNoControlBytes) {
  EXPECT_TRUE(conversation_.on_line("554-go\x1b[2J\r\n"));
  EXPECT_FALSE(conversation_.answered());
  EXPECT_TRUE(conversation_.on_line("554-\r\n"));
  EXPECT_TRUE(conversation_.on_line("554 away\r\n"));
  EXPECT_EQ(conversation_.reply().text, "go\\x1b[2J away");
  EXPECT_EQ(conversation_.reply().code, 554);
}

TEST_F(ConversationTest, EndsRepliesThatDoNotEnd) {
  int lines = 0;
  while (conversation_.on_line("220-" + std::string(96, 'x') + "\r\n")) {
    ++lines;
  }
  EXPECT_LT(lines, 700);
  EXPECT_EQ(conversation_.problem(), "a reply is longer than 64KiB");
}

TEST_F(ConversationTest, TellsWhatIsNotSmtp) {
  EXPECT_FALSE(conversation_.on_line("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_EQ(conversation_.problem(), "the answer is not SMTP");
}

TEST_F(ConversationTest, CutsLongTexts) {
  EXPECT_TRUE(conversation_.on_line("220 " + std::string(5'000, 'x') + "\r\n"));
  EXPECT_LE(conversation_.reply().text.size(), 1'024U + 3U);
}

}  // namespace
}  // namespace tocsin::adapters
