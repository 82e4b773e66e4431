#include "service/probe/tcp_prober.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "check/assertions.hpp"
#include "service/probe/probers.hpp"
#include "support/fake_network.hpp"

namespace tocsin::service {
namespace {

using check::Reason;
using check::Status;
using ports::TcpFailure;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Answer = test::FakeTcpClient::Answer;

Answer failing(TcpFailure::Kind kind, std::string received = "", std::string message = "seen") {
  TcpFailure failure;
  failure.kind = kind;
  failure.message = std::move(message);
  failure.received = std::move(received);
  return {std::unexpected(std::move(failure))};
}

class TcpProberTest : public testing::Test {
 protected:
  TcpProberTest() {
    client.script = [](const ports::TcpRequest&) { return Answer{ports::TcpResponse{}}; };
    http.script = [](const ports::HttpRequest&) {
      return test::FakeHttpClient::Answer{test::http_response(200)};
    };
  }
  void answer(Answer with) {
    client.script = [with = std::move(with)](const ports::TcpRequest&) { return with; };
  }

  check::Outcome run(check::TcpCheck target, const std::vector<std::string>& conditions = {}) {
    auto spec = std::make_shared<check::CheckSpec>();
    spec->target = std::move(target);
    spec->assertions =
        check::Assertions::compile(conditions, {}, check::placeholders_of("tcp")).assertions;
    return run(spec);
  }
  check::Outcome run(std::shared_ptr<const check::CheckSpec> spec) {
    std::optional<check::Outcome> outcome;
    probers->start(std::move(spec), [&](check::Outcome o) { outcome = std::move(o); });
    EXPECT_FALSE(outcome) << "answered inline";
    const MonoTime began = loop.mono_now();
    while (!outcome && loop.run_one(began + seconds{1000})) {
    }
    loop.run_ready();
    took = loop.mono_now() - began;
    return outcome.value_or(check::Outcome{});
  }

  test::VirtualLoop loop;
  test::FakeResolver resolver{loop};
  test::FakeHttpClient http{loop};
  test::FakeTcpClient client{loop};
  std::unique_ptr<Probers> probers =
      std::make_unique<Probers>(ProbeNetwork{loop, loop, resolver, http, client});
  Microseconds took{0};
};

TEST_F(TcpProberTest, ConnectingIsEnough) {
  ports::TcpResponse response;
  response.timings.connect = milliseconds{7};
  answer({response, milliseconds{8}});
  resolver.set("db.internal", {"10.0.0.5"}, milliseconds{2});
  const check::Outcome outcome =
      run({"db.internal", 5432, {}, "", ""},
          {"[CONNECTED] == true", "[IP] == 10.0.0.5", "[RESPONSE_TIME] == 10ms"});
  EXPECT_EQ(outcome.status, Status::up) << outcome.message;
  EXPECT_EQ(outcome.timings.dns, milliseconds{2});
  EXPECT_EQ(outcome.timings.connect, milliseconds{9});
  EXPECT_EQ(outcome.timings.total, milliseconds{10});
  EXPECT_EQ(outcome.duration, milliseconds{10});
}

TEST_F(TcpProberTest, SendAndExpectReachTheClient) {
  run({"10.0.0.5", 25, {}, "EHLO\r\n", "220"});
  ASSERT_EQ(client.requests.size(), 1U);
  EXPECT_EQ(client.requests[0].address, "10.0.0.5");
  EXPECT_EQ(client.requests[0].port, 25);
  EXPECT_EQ(client.requests[0].send, "EHLO\r\n");
  EXPECT_EQ(client.requests[0].expect, "220");
  EXPECT_TRUE(resolver.asked.empty());
}

TEST_F(TcpProberTest, RefusedConnectionNamesNameAndAddress) {
  resolver.set("db.internal", {"10.0.0.5"});
  answer(failing(TcpFailure::Kind::connect, "", "connection refused"));
  const check::Outcome outcome = run({"db.internal", 5432, {}, "", ""});
  EXPECT_EQ(outcome.reason, Reason::connect);
  EXPECT_EQ(outcome.message, "connect to db.internal (10.0.0.5:5432): connection refused");
}

TEST_F(TcpProberTest, EveryFailureHasItsReason) {
  using Kind = TcpFailure::Kind;
  struct Row {
    Kind kind;
    Status status;
    Reason reason;
    std::string message;
  };
  for (const Row& row :
       {Row{Kind::connect, Status::down, Reason::connect, "seen"},
        Row{Kind::timeout, Status::down, Reason::timeout, "no connection within 10s"},
        Row{Kind::closed, Status::down, Reason::protocol,
            "connected, but the peer closed before \"220\" came, received \"554 no\\n\""},
        Row{Kind::mismatch, Status::down, Reason::assertion,
            "connected, but \"220\" was not in the first 7 bytes, received \"554 no\\n\""},
        Row{Kind::resources, Status::unknown, Reason::resources, "out of resources here: seen"},
        Row{Kind::cancelled, Status::unknown, Reason::interrupted, "the check was stopped"},
        Row{Kind::internal, Status::unknown, Reason::internal, "seen"}}) {
    answer(failing(row.kind, "554 no\n"));
    const check::Outcome outcome = run({"10.0.0.5", 25, {}, "", "220"});
    EXPECT_EQ(outcome.status, row.status) << row.message;
    EXPECT_EQ(outcome.reason, row.reason) << row.message;
    EXPECT_EQ(outcome.message, "connect to 10.0.0.5:25: " + row.message);
  }
}

TEST_F(TcpProberTest, SilenceAfterConnectingIsATimeoutThatSaysSo) {
  answer({{}, {}, false, true});
  const check::Outcome outcome = run({"10.0.0.5", 25, {}, "", "220"});
  EXPECT_EQ(outcome.reason, Reason::timeout);
  EXPECT_EQ(outcome.message,
            "connect to 10.0.0.5:25: connected, but \"220\" did not come within 10s, nothing was "
            "received");
  EXPECT_EQ(took, seconds{10});
}

TEST_F(TcpProberTest, AddressesAreTriedInOrderWithinTheTimeout) {
  resolver.set("db.internal", {"10.0.0.5", "10.0.0.6"});
  client.script = [](const ports::TcpRequest& request) -> Answer {
    if (request.address == "10.0.0.5") {
      return {{}, {}, true};
    }
    return {ports::TcpResponse{}, milliseconds{1}};
  };
  const check::Outcome outcome = run({"db.internal", 5432, {}, "", ""});
  EXPECT_EQ(outcome.status, Status::up);
  EXPECT_EQ(client.requests[0].connect_timeout, seconds{5});
  EXPECT_EQ(client.requests[0].timeout, seconds{10});
  EXPECT_EQ(outcome.duration, milliseconds{5001});
  answer({{}, {}, true});
  EXPECT_EQ(run({"db.internal", 5432, {}, "", ""}).message,
            "connect to db.internal (10.0.0.6:5432): no connection within 10s, as the last of 2 "
            "addresses");
  EXPECT_EQ(took, seconds{10});
}

TEST_F(TcpProberTest, FailedConditionIsAnAssertion) {
  answer({ports::TcpResponse{}, milliseconds{900}});
  const check::Outcome outcome = run({"10.0.0.5", 25, {}, "", ""}, {"[RESPONSE_TIME] < 800ms"});
  EXPECT_EQ(outcome.reason, Reason::assertion);
  EXPECT_EQ(outcome.message,
            "connect to 10.0.0.5:25: condition failed: [RESPONSE_TIME] (900ms) < 800ms");
}

TEST_F(TcpProberTest, LookupFailuresAreJudged) {
  EXPECT_EQ(run({"nowhere.example", 25, {}, "", ""}).reason, Reason::dns);
  test::FakeResolver::Answer v6;
  v6.resolved.kind = ports::Resolved::Kind::no_data;
  resolver.set("v4.example", v6);
  EXPECT_EQ(run({"v4.example", 25, check::IpFamily::v6, "", ""}).message,
            "connect to v4.example: lookup of v4.example: the name exists without an IPv6 address");
}

TEST_F(TcpProberTest, StoppedBetweenStepsIsInterrupted) {
  resolver.set("db.internal", {"10.0.0.5"}, milliseconds{50});
  auto spec = std::make_shared<check::CheckSpec>();
  spec->target = check::TcpCheck{"db.internal", 5432, {}, "", ""};
  spec->assertions = check::Assertions::none();
  std::optional<check::Outcome> outcome;
  probers->start(spec, [&](check::Outcome o) { outcome = std::move(o); });
  probers.reset();
  loop.run_for(seconds{1});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->reason, Reason::interrupted);
  EXPECT_TRUE(client.requests.empty());
}

TEST_F(TcpProberTest, ProbersDispatchByKind) {
  auto spec = std::make_shared<check::CheckSpec>();
  spec->target = check::HttpCheck{"http://10.0.0.1/", std::make_shared<const check::HttpOptions>()};
  spec->assertions = check::Assertions::none();
  EXPECT_EQ(run(spec).status, Status::up);
  EXPECT_EQ(http.requests.size(), 1U);
  EXPECT_TRUE(client.requests.empty());
  EXPECT_EQ(run({"10.0.0.5", 25, {}, "", ""}).status, Status::up);
  EXPECT_EQ(client.requests.size(), 1U);
}

}  // namespace
}  // namespace tocsin::service
