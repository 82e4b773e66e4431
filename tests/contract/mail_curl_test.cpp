// What only a real mail server can do: every phase hanging or cut, TLS, odd replies and messages.

#include "adapters/mail_curl/mail_curl.hpp"

#include <algorithm>

#include "contract/loop_fixture.hpp"
#include "support/loopback_smtp.hpp"

namespace tocsin::test {
namespace {

using Act = SmtpAct::Kind;
using Kind = ports::MailFailure::Kind;
using ports::MailPhase;
using ports::MailSecurity;
using std::chrono::milliseconds;

class MailCurl : public testing::Test {
 protected:
  MailCurl() {
    CertificateWish wish;
    wish.authority = true;
    authority_ = make_certificate(wish, nullptr);
    ca_file_ = folder_.write("ca.pem", to_pem(*authority_.certificate));
    good_ = make_certificate({}, &authority_);
    loop_.on_loop([this] {
      mailer_ = std::make_unique<adapters::MailCurl>(loop_.loop, loop_.clock,
                                                     adapters::MailCurlOptions{"here.test"});
    });
  }
  ~MailCurl() override {
    loop_.on_loop([this] { mailer_.reset(); });
    loop_.stop();
  }

  ports::MailRequest to(const LoopbackSmtp& server) const {
    ports::MailRequest out;
    out.server = "server.test";
    out.port = server.port();
    out.address = "127.0.0.1";
    out.security = MailSecurity::none;
    out.ca_file = ca_file_;
    out.from = "tocsin@x";
    out.recipients = {"a@x"};
    out.text = "Subject: x\r\n\r\nhello\r\n";
    out.timeout = milliseconds{20'000};
    return out;
  }
  LoopbackServer::Options starttls(const Certificate& certificate) const {
    LoopbackServer::Options out;
    out.certificate = &certificate;
    out.starttls = true;
    return out;
  }
  ports::MailResult send(ports::MailRequest request) {
    Awaited<ports::MailResult> answer;
    loop_.on_loop([&] { mailer_->send(std::move(request), answer.taker()); });
    return answer.get();
  }
  void expect_failure(const ports::MailResult& result, Kind kind, MailPhase phase,
                      const std::string& message) {
    ASSERT_FALSE(result) << result->code << " " << result->text;
    EXPECT_EQ(result.error().kind, kind);
    EXPECT_EQ(result.error().phase, phase);
    EXPECT_EQ(result.error().message, message);
  }
  void expect_reply(const ports::MailResult& result, int code, MailPhase phase,
                    const std::string& text) {
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->code, code);
    EXPECT_EQ(result->phase, phase);
    EXPECT_EQ(result->text, text);
    EXPECT_FALSE(result->delivered());
  }
  // What arrives of a text, as it is on the wire.
  std::string sent_as(const std::string& text) {
    LoopbackSmtp server({});
    auto request = to(server);
    request.text = text;
    const auto result = send(std::move(request));
    EXPECT_TRUE(result && result->delivered());
    return server.seen().message;
  }

  TempFolder folder_;
  Certificate authority_;
  Certificate good_;
  std::string ca_file_;
  LoopThread loop_;
  std::unique_ptr<adapters::MailCurl> mailer_;
};

struct Step {
  const char* what;  // of the script
  MailPhase phase;
  const char* awaited;
};
constexpr std::array kSteps{Step{"greeting", MailPhase::greeting, "greeting"},
                            Step{"EHLO", MailPhase::hello, "answer to EHLO"},
                            Step{"AUTH", MailPhase::authentication, "answer to AUTH"},
                            Step{"MAIL", MailPhase::sender, "answer to MAIL FROM"},
                            Step{"RCPT", MailPhase::recipients, "answer to RCPT TO"},
                            Step{"DATA", MailPhase::data, "answer to DATA"},
                            Step{".", MailPhase::message, "answer to the message"}};

SmtpScript with(const std::string& what, SmtpAct act) {
  SmtpScript script;
  script.username = "tocsin";
  script.password = "pass word";
  script.acts[what] = std::move(act);
  return script;
}

TEST_F(MailCurl, SendsOneMessageAndSaysGoodbye) {
  LoopbackSmtp server({});
  auto request = to(server);
  request.recipients = {"a@x", "b@x"};
  const auto result = send(std::move(request));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_TRUE(result->delivered());
  const auto seen = server.seen();
  const std::vector<std::string> expected{"EHLO here.test", "MAIL FROM:<tocsin@x> SIZE=21",
                                          "RCPT TO:<a@x>",  "RCPT TO:<b@x>",
                                          "DATA",           "QUIT"};
  EXPECT_EQ(seen.commands, expected);
  EXPECT_EQ(seen.message, "Subject: x\r\n\r\nhello\r\n");
}

TEST_F(MailCurl, TheNullSenderIsEmptyBrackets) {
  LoopbackSmtp server({});
  auto request = to(server);
  request.from = "";
  ASSERT_TRUE(send(std::move(request)));
  EXPECT_TRUE(server.seen().commands.at(1).starts_with("MAIL FROM:<>"));
}

TEST_F(MailCurl, NamesThePhaseInWhichTheServerHangs) {
  for (const Step& step : kSteps) {
    LoopbackSmtp server(with(step.what, {Act::hang, ""}));
    auto request = to(server);
    request.username = "tocsin";
    request.password = "pass word";
    request.timeout = milliseconds{300};
    const auto result = send(std::move(request));
    expect_failure(result, Kind::timeout, step.phase,
                   std::string("no ") + step.awaited + " within 300ms");
    EXPECT_EQ(result.error().maybe_delivered, step.phase == MailPhase::message);
    EXPECT_EQ(result.error().remote_address, "127.0.0.1");
  }
}

TEST_F(MailCurl, NamesThePhaseInWhichTheServerHangsUp) {
  for (const Act act : {Act::cut, Act::reset}) {
    for (const Step& step : kSteps) {
      LoopbackSmtp server(with(step.what, {act, ""}));
      auto request = to(server);
      request.username = "tocsin";
      request.password = "pass word";
      const auto result = send(std::move(request));
      expect_failure(result, Kind::closed, step.phase,
                     std::string("connection closed before the ") + step.awaited);
      EXPECT_EQ(result.error().maybe_delivered, step.phase == MailPhase::message);
    }
  }
}

TEST_F(MailCurl, TellsTheReplyOfEveryPhase) {
  for (const Step& step : kSteps) {
    for (const int code : {421, 450, 554}) {
      const SmtpAct no{Act::reply, std::to_string(code) + " not now"};
      SmtpScript script = with(step.what, no);
      script.acts["HELO"] = no;  // which goes when EHLO is refused
      LoopbackSmtp server(script);
      auto request = to(server);
      request.username = "tocsin";
      request.password = "pass word";
      const auto result = send(std::move(request));
      SCOPED_TRACE(std::string(step.what) + " " + std::to_string(code));
      expect_reply(result, code, step.phase, "not now");
    }
  }
}

TEST_F(MailCurl, TellsBadCredentials) {
  SmtpScript script;
  script.username = "tocsin";
  script.password = "right";
  LoopbackSmtp server(script);
  auto request = to(server);
  request.username = "tocsin";
  request.password = "wrong";
  expect_reply(send(request), 535, MailPhase::authentication, "5.7.8 bad credentials");
  request.password = "right";
  const auto result = send(std::move(request));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_TRUE(result->delivered());
}

TEST_F(MailCurl, AServerWithoutAuthenticationGetsTheMessageAllTheSame) {
  SmtpScript script;
  script.acts["EHLO"] = {Act::reply, "502 what?"};
  LoopbackSmtp server(script);
  auto request = to(server);
  request.username = "tocsin";
  request.password = "right";
  const auto result = send(std::move(request));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_TRUE(result->delivered());
}

TEST_F(MailCurl, SaysWhenThereIsNoCommonAuthentication) {
  SmtpScript script;
  script.extensions = {"AUTH GSSAPI NTLM"};
  LoopbackSmtp server(script);
  auto request = to(server);
  request.username = "tocsin";
  expect_failure(send(std::move(request)), Kind::protocol, MailPhase::hello,
                 "the server offers no authentication that we know (PLAIN, LOGIN, CRAM-MD5)");
}

TEST_F(MailCurl, ASlowFarewellDoesNotChangeTheAnswer) {
  for (const Act act : {Act::hang, Act::cut, Act::reset}) {
    LoopbackSmtp server(with("QUIT", {act, ""}));
    const auto before = std::chrono::steady_clock::now();
    const auto result = send(to(server));
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_TRUE(result->delivered());
    EXPECT_LT(std::chrono::steady_clock::now() - before, milliseconds{5'000});
  }
}

TEST_F(MailCurl, ARefusalIsNotHeldUpByTheFarewell) {
  SmtpScript script = with("QUIT", {Act::hang, ""});
  script.acts["RCPT"] = {Act::reply, "550 no such user"};
  LoopbackSmtp server(script);
  const auto before = std::chrono::steady_clock::now();
  expect_reply(send(to(server)), 550, MailPhase::recipients, "no such user");
  EXPECT_LT(std::chrono::steady_clock::now() - before, milliseconds{5'000});
}

TEST_F(MailCurl, ATrickledGreetingRunsIntoTheTimeout) {
  LoopbackSmtp server(with("greeting", {Act::trickle, std::string(10'000, '2')}));
  auto request = to(server);
  request.timeout = milliseconds{300};
  expect_failure(send(std::move(request)), Kind::timeout, MailPhase::greeting,
                 "no greeting within 300ms");
}

TEST_F(MailCurl, ATrickledReplyThatEndsIsRead) {
  LoopbackSmtp server(with("greeting", {Act::trickle, "554 go\r\n"}));
  const auto result = send(to(server));
  expect_reply(result, 554, MailPhase::greeting, "go");
}

TEST_F(MailCurl, EndsBannersThatDoNotEnd) {
  LoopbackSmtp lines(with("greeting", {Act::flood, "220-" + std::string(90, 'x') + "\r\n"}));
  expect_failure(send(to(lines)), Kind::protocol, MailPhase::greeting,
                 "a reply is longer than 64KiB");
  LoopbackSmtp line(with("greeting", {Act::flood, std::string(4'096, 'x')}));
  expect_failure(send(to(line)), Kind::protocol, MailPhase::greeting,
                 "the answer is not SMTP: its first line does not end");
}

TEST_F(MailCurl, NamesAServerThatSpeaksSomethingElse) {
  LoopbackSmtp server(with("greeting", {Act::reply, "HTTP/1.1 400 Bad Request"}));
  expect_failure(send(to(server)), Kind::protocol, MailPhase::greeting, "the answer is not SMTP");
}

TEST_F(MailCurl, DoublesDotsAtLineStartsOnly) {
  EXPECT_EQ(sent_as(".first\r\n.\r\n..two\r\nin.side.\r\n"),
            "..first\r\n..\r\n...two\r\nin.side.\r\n");
}

TEST_F(MailCurl, EightBitAndLongLinesPassAsTheyAre) {
  const std::string text =
      "Subject: x\r\n\r\nGr\xC3\xBC\xC3\x9F"
      "e \xFF\r\n" +
      std::string(998, 'x') + "\r\n";
  EXPECT_EQ(sent_as(text), text);
}

TEST_F(MailCurl, ALargeMessageArrivesWhole) {
  std::string text = "Subject: x\r\n\r\n";
  for (int i = 0; i < 40'000; ++i) {
    text += std::string(i % 3 == 0 ? "." : "") + "line " + std::to_string(i) + "\r\n";
  }
  std::string expected = text;
  for (std::size_t at = 0; (at = expected.find("\r\n.", at)) != std::string::npos; at += 4) {
    expected.insert(at + 2, ".");
  }
  EXPECT_EQ(sent_as(text), expected);
}

TEST_F(MailCurl, ATextWithoutALastLineEndGetsOne) {
  EXPECT_EQ(sent_as("Subject: x\r\n\r\nend"), "Subject: x\r\n\r\nend\r\n");
}

TEST_F(MailCurl, StarttlsProtectsTheMessageAndNamesTheServer) {
  SmtpScript script;
  script.username = "tocsin";
  script.password = "secret";
  LoopbackSmtp server(script, starttls(good_));
  auto request = to(server);
  request.security = MailSecurity::starttls;
  request.username = "tocsin";
  request.password = "secret";
  const auto result = send(std::move(request));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_TRUE(result->delivered());
  const auto seen = server.seen();
  EXPECT_TRUE(seen.encrypted);
  EXPECT_EQ(seen.server_name, "server.test");
  const std::vector<std::string> first(seen.commands.begin(), seen.commands.begin() + 4);
  EXPECT_EQ(first, (std::vector<std::string>{"EHLO here.test", "STARTTLS", "EHLO here.test",
                                             "AUTH PLAIN"}));
}

TEST_F(MailCurl, StarttlsIsRequiredWhenConfigured) {
  LoopbackSmtp without({});
  auto request = to(without);
  request.security = MailSecurity::starttls;
  expect_failure(send(std::move(request)), Kind::tls, MailPhase::hello,
                 "the server does not offer STARTTLS");
  EXPECT_EQ(without.seen().message, "");
  LoopbackSmtp refusing(with("STARTTLS", {Act::reply, "454 no TLS today"}), starttls(good_));
  request = to(refusing);
  request.security = MailSecurity::starttls;
  expect_failure(send(std::move(request)), Kind::tls, MailPhase::starttls,
                 "the server refused STARTTLS: 454 no TLS today");
  EXPECT_EQ(refusing.seen().message, "");
}

TEST_F(MailCurl, AHangingOrCutHandshakeIsNamed) {
  LoopbackSmtp hanging(with("STARTTLS", {Act::hang, ""}), starttls(good_));
  auto request = to(hanging);
  request.security = MailSecurity::starttls;
  request.timeout = milliseconds{300};
  expect_failure(send(request), Kind::timeout, MailPhase::starttls,
                 "no TLS handshake within 300ms");
  LoopbackServer::Options later = starttls(good_);
  LoopbackSmtp silent(with("greeting", {Act::hang, ""}), later);
  request.port = silent.port();
  request.security = MailSecurity::tls;
  expect_failure(send(std::move(request)), Kind::timeout, MailPhase::starttls,
                 "no TLS handshake within 300ms");
  LoopbackSmtp plain({});
  request = to(plain);
  request.security = MailSecurity::tls;
  expect_failure(send(std::move(request)), Kind::tls, MailPhase::starttls,
                 "TLS handshake failed: the port does not speak TLS");
}

TEST_F(MailCurl, TlsFromTheFirstByte) {
  LoopbackServer::Options options;
  options.certificate = &good_;
  LoopbackSmtp server({}, options);
  auto request = to(server);
  request.security = MailSecurity::tls;
  const auto result = send(std::move(request));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_TRUE(result->delivered());
  EXPECT_TRUE(server.seen().encrypted);
}

TEST_F(MailCurl, TheCertificateMustBeForTheServerAndTrusted) {
  CertificateWish wish;
  wish.dns_name = "other.test";
  const Certificate other = make_certificate(wish, &authority_);
  LoopbackSmtp wrong_name({}, starttls(other));
  auto request = to(wrong_name);
  request.security = MailSecurity::starttls;
  expect_failure(send(request), Kind::tls, MailPhase::starttls,
                 "certificate is for another host name");
  EXPECT_EQ(wrong_name.seen().message, "");
  LoopbackSmtp good({}, starttls(good_));
  request.port = good.port();
  request.ca_file = "";
  expect_failure(send(request), Kind::tls, MailPhase::starttls,
                 "certificate is not trusted: unable to get local issuer certificate");
  request.ca_file = "/nonexistent/ca.pem";
  expect_failure(send(request), Kind::invalid, MailPhase::starttls,
                 "CA file is unreadable or holds no certificate");
  wish = {};
  wish.valid_from_days = -10;
  wish.valid_until_days = -1;
  const Certificate old = make_certificate(wish, &authority_);
  LoopbackSmtp expired({}, starttls(old));
  request.port = expired.port();
  request.ca_file = ca_file_;
  expect_failure(send(request), Kind::tls, MailPhase::starttls,
                 "certificate is not trusted: certificate has expired");
}

TEST_F(MailCurl, ConnectsToIpv6Addresses) {
  LoopbackServer::Options options;
  options.v6 = true;
  LoopbackSmtp server({}, options);
  auto request = to(server);
  request.address = "::1";
  const auto result = send(std::move(request));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->remote_address, "::1");
}

TEST_F(MailCurl, AHangingServerHoldsUpNoOther) {
  LoopbackSmtp hanging(with(".", {Act::hang, ""}));
  std::vector<Awaited<ports::MailResult>> answers(4);
  loop_.on_loop([&] {
    for (auto& answer : answers) {
      mailer_->send(to(hanging), answer.taker());
    }
  });
  LoopbackSmtp good({});
  EXPECT_TRUE(send(to(good)));
  loop_.on_loop([this] { mailer_.reset(); });
  for (auto& answer : answers) {
    const auto result = answer.get();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, Kind::cancelled);
  }
}

}  // namespace
}  // namespace tocsin::test
