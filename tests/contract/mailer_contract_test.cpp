// What every ports::Mailer promises: run on the real one and on the scripted one.

#include <optional>

#include "adapters/mail_curl/mail_curl.hpp"
#include "contract/loop_fixture.hpp"
#include "support/loopback_smtp.hpp"
#include "support/scripted_mailer.hpp"

namespace tocsin::test {
namespace {

using Kind = ports::MailFailure::Kind;
using ports::MailPhase;
using std::chrono::milliseconds;

constexpr std::size_t kMaxSending = 2;
constexpr std::size_t kMaxWaiting = 2;

// What the server of this suite does.
enum class Server : std::uint8_t {
  good,
  busy,           // 421 as greeting
  no_such_user,   // 550 to b@x
  nobody,         // 550 to everybody
  full,           // 452 to the message
  silent,         // no greeting
  forgets_reply,  // takes the message, says nothing
  absent          // refuses connections
};

struct Answered {
  std::optional<ports::MailResult> result;
  int times = 0;
};

class RealMail {
 public:
  RealMail() {
    loop_.on_loop([this] {
      mailer_ = std::make_unique<adapters::MailCurl>(
          loop_.loop, loop_.clock, adapters::MailCurlOptions{"here", kMaxSending, kMaxWaiting});
    });
  }
  ~RealMail() {
    end();
    loop_.stop();
  }
  void serve(Server server) {
    SmtpScript script;
    using Act = SmtpAct::Kind;
    if (server == Server::busy) script.acts["greeting"] = {Act::reply, "421 too busy"};
    if (server == Server::no_such_user) {
      script.acts["RCPT TO:<b@x>"] = {Act::reply, "550 no such user"};
    }
    if (server == Server::nobody) script.acts["RCPT"] = {Act::reply, "550 no such user"};
    if (server == Server::full) script.acts["."] = {Act::reply, "452 disk full"};
    if (server == Server::silent) script.acts["greeting"] = {Act::hang, ""};
    if (server == Server::forgets_reply) script.acts["."] = {Act::hang, ""};
    server_ = std::make_unique<LoopbackSmtp>(std::move(script));
    port_ = server == Server::absent ? closed_port() : server_->port();
  }
  void send(ports::MailRequest request, const std::shared_ptr<Answered>& answered) {
    request.port = port_;
    loop_.on_loop([&] {
      mailer_->send(std::move(request), [answered](ports::MailResult result) {
        ++answered->times;
        answered->result = std::move(result);
      });
      EXPECT_EQ(answered->times, 0) << "ran inline";
    });
  }
  void end() {
    loop_.on_loop([this] { mailer_.reset(); });
  }
  bool wait_until(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    for (bool now = false; std::chrono::steady_clock::now() < end;) {
      Awaited<int> pause;
      loop_.on_loop([&] {
        now = holds();
        loop_.loop.call_at(loop_.in(milliseconds{2}),
                           [taker = pause.taker()]() mutable { taker(0); });
      });
      if (now) return true;
      pause.get();
    }
    return false;
  }

 private:
  std::unique_ptr<LoopbackSmtp> server_;
  std::uint16_t port_ = 0;
  LoopThread loop_;
  std::unique_ptr<adapters::MailCurl> mailer_;
};

class ScriptedMail {
 public:
  void serve(Server server) {
    mailer_->script = [server](const ports::MailRequest& request) { return play(server, request); };
  }
  void send(ports::MailRequest request, const std::shared_ptr<Answered>& answered) {
    request.port = 25;
    mailer_->send(std::move(request), [answered](ports::MailResult result) {
      ++answered->times;
      answered->result = std::move(result);
    });
    EXPECT_EQ(answered->times, 0) << "ran inline";
  }
  void end() {
    mailer_.reset();
    loop_.run_ready();
  }
  bool wait_until(const std::function<bool()>& holds) {
    loop_.run_ready();
    while (!holds() && loop_.run_one(MonoTime::max())) {
    }
    return holds();
  }

 private:
  static ScriptedMailer::Answer play(Server server, const ports::MailRequest& request) {
    using Mailer = ScriptedMailer;
    switch (server) {
      case Server::good:
        return Mailer::delivers();
      case Server::busy:
        return Mailer::replies(421, "too busy", MailPhase::greeting);
      case Server::no_such_user:
        return Mailer::delivers({{"b@x", 550, "no such user"}});
      case Server::nobody: {
        auto answer = Mailer::replies(550, "no such user", MailPhase::recipients);
        for (const auto& recipient : request.recipients) {
          answer.result->refused.push_back({recipient, 550, "no such user"});
        }
        return answer;
      }
      case Server::full:
        return Mailer::replies(452, "disk full", MailPhase::message);
      case Server::silent:
        return Mailer::hangs(MailPhase::greeting);
      case Server::forgets_reply:
        return Mailer::hangs(MailPhase::message);
      case Server::absent:
        return Mailer::fails(Kind::connect, "connection refused");
    }
    return Mailer::delivers();
  }

  VirtualLoop loop_;
  std::unique_ptr<ScriptedMailer> mailer_ =
      std::make_unique<ScriptedMailer>(loop_, kMaxSending, kMaxWaiting);
};

template <typename Mail>
class MailerContract : public testing::Test {
 protected:
  static ports::MailRequest request() {
    ports::MailRequest out;
    out.server = "mail.test";
    out.address = "127.0.0.1";
    out.security = ports::MailSecurity::none;
    out.from = "tocsin@x";
    out.recipients = {"a@x", "b@x"};
    out.text = "Subject: checkout is down\r\n\r\nconnection refused\r\n";
    out.timeout = milliseconds{20'000};
    return out;
  }
  std::shared_ptr<Answered> begin(ports::MailRequest request) {
    auto answered = std::make_shared<Answered>();
    mail_.send(std::move(request), answered);
    return answered;
  }
  ports::MailResult await(const std::shared_ptr<Answered>& answered) {
    EXPECT_TRUE(mail_.wait_until([&] { return answered->times > 0; })) << "no answer";
    EXPECT_EQ(answered->times, 1);
    return answered->result.value_or(std::unexpected(ports::MailFailure{}));
  }
  ports::MailResult send_to(Server server, milliseconds timeout = milliseconds{20'000}) {
    mail_.serve(server);
    auto request = this->request();
    request.timeout = timeout;
    return await(begin(std::move(request)));
  }
  void expect_failure(const ports::MailResult& result, Kind kind, MailPhase phase) {
    ASSERT_FALSE(result) << result->code << " " << result->text;
    EXPECT_EQ(result.error().kind, kind) << result.error().message;
    EXPECT_EQ(result.error().phase, phase) << result.error().message;
    EXPECT_NE(result.error().message, "");
  }

  Mail mail_;
};

using Both = testing::Types<RealMail, ScriptedMail>;
TYPED_TEST_SUITE(MailerContract, Both);

TYPED_TEST(MailerContract, DeliversAndTellsTheReply) {
  const auto result = this->send_to(Server::good);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_TRUE(result->delivered());
  EXPECT_EQ(result->code, 250);
  EXPECT_EQ(result->text.substr(0, 6), "queued");
  EXPECT_TRUE(result->refused.empty());
  EXPECT_EQ(result->remote_address, "127.0.0.1");
}

TYPED_TEST(MailerContract, DeliversToTheOthersWhenARecipientIsRefused) {
  const auto result = this->send_to(Server::no_such_user);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_TRUE(result->delivered());
  ASSERT_EQ(result->refused.size(), 1U);
  EXPECT_EQ(result->refused[0].recipient, "b@x");
  EXPECT_EQ(result->refused[0].code, 550);
  EXPECT_EQ(result->refused[0].text, "no such user");
}

TYPED_TEST(MailerContract, IsNotDeliveredWhenAllRecipientsAreRefused) {
  const auto result = this->send_to(Server::nobody);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_FALSE(result->delivered());
  EXPECT_EQ(result->code, 550);
  EXPECT_EQ(result->phase, MailPhase::recipients);
  EXPECT_EQ(result->refused.size(), 2U);
}

TYPED_TEST(MailerContract, TellsAReplyThatEndsTheExchange) {
  auto result = this->send_to(Server::busy);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_FALSE(result->delivered());
  EXPECT_EQ(result->code, 421);
  EXPECT_EQ(result->text, "too busy");
  EXPECT_EQ(result->phase, MailPhase::greeting);
  result = this->send_to(Server::full);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_FALSE(result->delivered());
  EXPECT_EQ(result->code, 452);
  EXPECT_EQ(result->phase, MailPhase::message);
}

TYPED_TEST(MailerContract, TimesOutAndSaysWhere) {
  const auto result = this->send_to(Server::silent, milliseconds{100});
  this->expect_failure(result, Kind::timeout, MailPhase::greeting);
  EXPECT_FALSE(result.error().maybe_delivered);
}

TYPED_TEST(MailerContract, SaysWhenItMayHaveBeenDelivered) {
  const auto result = this->send_to(Server::forgets_reply, milliseconds{300});
  this->expect_failure(result, Kind::timeout, MailPhase::message);
  EXPECT_TRUE(result.error().maybe_delivered);
}

TYPED_TEST(MailerContract, NamesRefusedConnections) {
  const auto result = this->send_to(Server::absent);
  this->expect_failure(result, Kind::connect, MailPhase::connecting);
  EXPECT_EQ(result.error().message, "connection refused");
  EXPECT_EQ(result.error().remote_address, "");
}

TYPED_TEST(MailerContract, RefusesMessagesThatServersTakeForSeveral) {
  this->mail_.serve(Server::good);
  auto request = this->request();
  request.text = "a\r\n.\nMAIL FROM:<x@x>\r\n";
  this->expect_failure(this->await(this->begin(std::move(request))), Kind::invalid,
                       MailPhase::connecting);
  request = this->request();
  request.recipients.clear();
  this->expect_failure(this->await(this->begin(std::move(request))), Kind::invalid,
                       MailPhase::connecting);
}

TYPED_TEST(MailerContract, OthersWaitNoLongerForATurnThanTheirTimeout) {
  this->mail_.serve(Server::silent);
  const auto first = this->begin(this->request());
  const auto second = this->begin(this->request());
  auto impatient = this->request();
  impatient.timeout = milliseconds{50};
  this->expect_failure(this->await(this->begin(std::move(impatient))), Kind::resources,
                       MailPhase::connecting);
  EXPECT_EQ(first->times + second->times, 0);
}

TYPED_TEST(MailerContract, OthersGetTheirTurn) {
  this->mail_.serve(Server::silent);
  auto slow = this->request();
  slow.timeout = milliseconds{100};
  std::vector<std::shared_ptr<Answered>> all;
  for (std::size_t i = 0; i < kMaxSending; ++i) all.push_back(this->begin(slow));
  for (std::size_t i = 0; i < kMaxWaiting; ++i) {
    auto patient = slow;
    patient.timeout = milliseconds{2'000};
    all.push_back(this->begin(std::move(patient)));
  }
  for (const auto& answered : all) {
    this->expect_failure(this->await(answered), Kind::timeout, MailPhase::greeting);
  }
}

TYPED_TEST(MailerContract, OnlySoManyWait) {
  this->mail_.serve(Server::silent);
  std::vector<std::shared_ptr<Answered>> kept;
  for (std::size_t i = 0; i < kMaxSending + kMaxWaiting; ++i) {
    kept.push_back(this->begin(this->request()));
  }
  this->expect_failure(this->await(this->begin(this->request())), Kind::resources,
                       MailPhase::connecting);
}

TYPED_TEST(MailerContract, ItsEndAnswersEveryMessage) {
  this->mail_.serve(Server::silent);
  std::vector<std::shared_ptr<Answered>> all;
  for (std::size_t i = 0; i < kMaxSending + kMaxWaiting; ++i) {
    all.push_back(this->begin(this->request()));
  }
  this->mail_.end();
  for (const auto& answered : all) {
    const auto result = this->await(answered);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, Kind::cancelled) << result.error().message;
  }
}

}  // namespace
}  // namespace tocsin::test
