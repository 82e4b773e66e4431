#include "adapters/mail_curl/request_rules.hpp"

#include <gtest/gtest.h>

namespace tocsin::adapters {
namespace {

ports::MailRequest good() {
  ports::MailRequest request;
  request.server = "mail.example.com";
  request.port = 587;
  request.address = "192.0.2.1";
  request.from = "tocsin@example.com";
  request.recipients = {"ops@example.com", "büro@example.com"};
  request.text = "Subject: x\r\n\r\nhello\r\n";
  return request;
}

TEST(MailRequestRules, AGoodRequestPasses) {
  EXPECT_EQ(invalid_mail(good()), "");
  auto request = good();
  request.from = "";
  request.server = "::1";
  request.address = "";
  EXPECT_EQ(invalid_mail(request), "");
}

TEST(MailRequestRules, NobodyWritesCommandsIntoAnAddress) {
  auto request = good();
  request.recipients[1] = "a@b>\r\nRCPT TO:<c@d";
  EXPECT_EQ(invalid_mail(request),
            "recipient 2 is not a bare mail address: `a@b>\\x0d\\nRCPT TO:<c@d`");
  request = good();
  request.from = "a@b SIZE=1";
  EXPECT_EQ(invalid_mail(request), "the sender is not a bare mail address: `a@b SIZE=1`");
  request = good();
  request.from = std::string(255, 'a');
  EXPECT_EQ(invalid_mail(request), "the sender is longer than 254 bytes");
}

TEST(MailRequestRules, OneToAHundredRecipients) {
  auto request = good();
  request.recipients.clear();
  EXPECT_EQ(invalid_mail(request), "0 recipients: at least one and at most 100");
  request.recipients.assign(101, "a@b");
  EXPECT_EQ(invalid_mail(request), "101 recipients: at least one and at most 100");
  request.recipients = {""};
  EXPECT_EQ(invalid_mail(request), "recipient 1 is empty");
}

TEST(MailRequestRules, NoLineThatServersTakeForSeveral) {
  for (const char* text : {"a\nb\r\n", "a\r\n.\n\r\n", "a\r\n.\r.\r\n", "a\r\n\r\r\n"}) {
    auto request = good();
    request.text = text;
    EXPECT_NE(invalid_mail(request).find("holds a bare CR, LF or NUL"), std::string::npos) << text;
  }
  auto request = good();
  request.text = "ok\r\n" + std::string(999, 'x') + "\r\n";
  EXPECT_EQ(invalid_mail(request), "line 2 of the message is longer than 998 bytes");
  request.text = "ok\r\n" + std::string(998, 'x');
  EXPECT_EQ(invalid_mail(request), "");
  request.text = "";
  EXPECT_EQ(invalid_mail(request), "the message is empty");
}

TEST(MailRequestRules, TheServerIsNamedAndItsAddressNumeric) {
  auto request = good();
  request.server = "mail.example.com/evil";
  EXPECT_EQ(invalid_mail(request),
            "the server is neither a host name nor an address: `mail.example.com/evil`");
  request.server = "mail:25";
  EXPECT_NE(invalid_mail(request), "");
  request = good();
  request.address = "mail.example.com";
  EXPECT_EQ(invalid_mail(request), "the server's address is not numeric");
  request.address = "";
  EXPECT_EQ(invalid_mail(request), "the server's address is not numeric");
}

TEST(MailRequestRules, AddressesOfVersionSixGetBrackets) {
  EXPECT_EQ(host_and_port("::1", 25), "[::1]:25");
  EXPECT_EQ(host_and_port("127.0.0.1", 25), "127.0.0.1:25");
}

}  // namespace
}  // namespace tocsin::adapters
