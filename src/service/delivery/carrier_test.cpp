// Where a step is carried to, and where it never is.

#include "service/delivery/carrier.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/fake_network.hpp"
#include "support/scripted_command_runner.hpp"
#include "support/scripted_mailer.hpp"
#include "support/virtual_loop.hpp"

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;
using notification::Answer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CarrierTest : public testing::Test {
 protected:
  CarrierTest() {
    http_.script = [](const ports::HttpRequest&) {
      return test::FakeHttpClient::Answer{.result = test::http_response(200, "ok")};
    };
    mailer_.script = [](const ports::MailRequest&) { return test::ScriptedMailer::delivers(); };
  }

  Answer carry(notification::Step step, ports::Carriage how) {
    std::optional<Answer> out;
    carrier_.carry(std::move(step), std::move(how),
                   [&out](Answer answer) { out = std::move(answer); });
    loop_.run_for(1min);
    EXPECT_TRUE(out) << "every step has an answer";
    return out.value_or(Answer{});
  }
  Answer post(const std::string& url, ports::Carriage how) {
    notification::HttpStep step;
    step.url = url;
    step.body = "{}";
    return carry(std::move(step), std::move(how));
  }
  static ports::Carriage public_alone() {
    ports::Carriage how;
    how.deny_private_networks = true;
    return how;
  }
  [[nodiscard]] std::vector<std::string> connected_to() const {
    std::vector<std::string> out;
    for (const ports::HttpRequest& request : http_.requests) {
      out.push_back(request.address);
    }
    return out;
  }

  test::VirtualLoop loop_;
  test::FakeResolver resolver_{loop_};
  test::FakeHttpClient http_{loop_};
  test::ScriptedCommandRunner commands_{loop_};
  test::ScriptedMailer mailer_{loop_};
  Carrier carrier_{{loop_, loop_, resolver_, http_, commands_, mailer_}};
};

TEST_F(CarrierTest, APrivateAddressIsReachedUnlessItIsDenied) {
  resolver_.set("h.example", {"10.0.0.1"});
  EXPECT_EQ(post("http://h.example/", {}).status, 200);
  EXPECT_THAT(connected_to(), ElementsAre("10.0.0.1"));
}

TEST_F(CarrierTest, ADeniedPrivateAddressIsNeverConnectedTo) {
  resolver_.set("h.example", {"10.0.0.1", "::1", "169.254.169.254"});
  EXPECT_THAT(post("http://h.example/", public_alone()).failure,
              HasSubstr("h.example is in a private network"));
  EXPECT_THAT(connected_to(), IsEmpty());
}

TEST_F(CarrierTest, OfANameWithAddressesOfBothKindsThePublicOnesAreTriedInTurn) {
  resolver_.set("h.example", {"10.0.0.1", "192.0.3.1", "127.0.0.1", "192.0.3.2"});
  http_.script = [](const ports::HttpRequest&) {
    return test::FakeHttpClient::Answer{
        .result = test::http_failure(ports::HttpFailure::Kind::connect, "connection refused")};
  };
  EXPECT_THAT(post("http://h.example/", public_alone()).failure, HasSubstr("refused"));
  EXPECT_THAT(connected_to(), ElementsAre("192.0.3.1", "192.0.3.2"));
}

TEST_F(CarrierTest, ARedirectIsAnAnswerAndIsNotFollowed) {
  resolver_.set("h.example", {"192.0.3.1"});
  http_.script = [](const ports::HttpRequest&) {
    return test::FakeHttpClient::Answer{
        .result = test::http_response(302, "", {{"location", "http://127.0.0.1/"}})};
  };
  EXPECT_EQ(post("http://h.example/", public_alone()).status, 302);
  EXPECT_EQ(http_.requests.size(), 1U);
}

TEST_F(CarrierTest, AProxyIsConnectedToAndLooksUpTheNameItself) {
  resolver_.set("proxy.example", {"10.0.0.9"});
  ports::Carriage how;
  how.proxy = "http://ana:pw@proxy.example:3128";
  EXPECT_EQ(post("http://h.example/", how).status, 200);
  ASSERT_EQ(http_.requests.size(), 1U);
  EXPECT_EQ(http_.requests[0].proxy, "http://ana:pw@10.0.0.9:3128");
  EXPECT_THAT(resolver_.asked, ElementsAre("proxy.example"));
}

TEST_F(CarrierTest, ThroughAProxyNothingThatDeniesPrivateAddressesIsSent) {
  resolver_.set("proxy.example", {"192.0.3.9"});
  ports::Carriage how = public_alone();
  how.proxy = "http://proxy.example:3128";
  EXPECT_THAT(post("http://169.254.169.254/", how).failure, HasSubstr("proxy"));
  EXPECT_THAT(http_.requests, IsEmpty());
}

// Only what a server says to the message itself is about the message; a size that MAIL FROM names
// is, too.
TEST_F(CarrierTest, OfAMailTellsWhetherTheServerHadSeenTheMessage) {
  using enum ports::MailPhase;
  resolver_.set("mail.example", {"192.0.3.1"});
  notification::MailStep step;
  step.server = "mail.example";
  step.port = 25;
  step.to = {"a@example.com"};
  step.text = "Subject: x\r\n\r\nx\r\n";
  const auto early = [&](int code, ports::MailPhase phase) {
    mailer_.script = [=](const ports::MailRequest&) {
      return test::ScriptedMailer::replies(code, "no", phase);
    };
    return carry(step, {}).before_message;
  };
  EXPECT_TRUE(early(554, greeting));
  EXPECT_TRUE(early(554, recipients));
  EXPECT_TRUE(early(552, recipients)) << "a full mailbox";
  EXPECT_FALSE(early(552, sender)) << "larger than the server takes";
  EXPECT_FALSE(early(554, message));
  mailer_.script = [](const ports::MailRequest&) {
    return test::ScriptedMailer::delivers({{"b@example.com", 550, "no such user"}});
  };
  EXPECT_EQ(carry(step, {}).refused, "b@example.com refused: 550 no such user");
}

TEST_F(CarrierTest, MailIsNotSentToADeniedPrivateAddress) {
  resolver_.set("mail.example", {"192.168.0.5"});
  notification::MailStep step;
  step.server = "mail.example";
  step.port = 25;
  EXPECT_THAT(carry(step, public_alone()).failure, HasSubstr("private network"));
  EXPECT_THAT(mailer_.requests, IsEmpty());
}

}  // namespace
}  // namespace tocsin::service
