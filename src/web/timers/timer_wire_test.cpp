#include "web/timers/timer_wire.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/log.hpp"
#include "support/memory_timer_store.hpp"
#include "support/virtual_loop.hpp"

namespace tocsin::web {
namespace {

using namespace std::chrono_literals;

class TimerWireTest : public ::testing::Test {
 protected:
  // "STATUS BODY[ | FIELDS]"
  std::string ask(std::string_view method, std::string_view target,
                  std::string_view authorization = {}) {
    WireRequest request;
    request.method = method;
    request.target = target;
    request.authorization = authorization;
    said_.clear();
    wire_.handle(request, {});
    loop_.run_ready();
    return said_;
  }

  test::VirtualLoop loop_{from_unix_ms(1'700'000'000'250)};
  NullLogger log_;
  test::MemoryTimers kept_;
  test::MemoryTimerStore store_{loop_, loop_, kept_, {.max_timers = 3}};
  service::TimerDesk desk_{{loop_, loop_, store_, log_}, [](const service::Notice&) {}, {}};
  std::string said_;
  config::TimerSettings settings_;
  TimerWire wire_{desk_, settings_, log_, [this](WireTicket, const WireAnswer& answer) {
                    said_ = std::to_string(answer.status) + " " + std::string(answer.body);
                    if (!answer.fields.empty()) {
                      said_ += " | " + std::string(answer.fields);
                    }
                  }};
};

TEST_F(TimerWireTest, AnswersAsItsClientsKnowIt) {
  EXPECT_EQ(ask("GET", "/"), R"(200 {"Status":"OK"})");
  EXPECT_EQ(ask("GET", "/job"), R"(404 {"Message":"Timer not found"})");
  EXPECT_EQ(ask("GET", "/job/60"),
            R"(200 {"TimerId":"job","StartTime":1700000000,"Now":1700000000,"Seconds":60,)"
            R"("SecondsRemaining":60})");
  loop_.run_for(10s);
  EXPECT_EQ(ask("GET", "/job"),
            R"(200 {"TimerId":"job","StartTime":1700000000,"Now":1700000010,"Seconds":60,)"
            R"("SecondsRemaining":50})");
  loop_.run_for(49'999ms);
  EXPECT_TRUE(ask("GET", "/job").ends_with(R"("SecondsRemaining":1})"));
  loop_.run_for(1ms);
  EXPECT_EQ(ask("GET", "/job"), R"(504 {"Message":"Timer expired"})");
  EXPECT_TRUE(ask("POST", "/job/5").starts_with("200 "));
  EXPECT_EQ(ask("DELETE", "/job"), "204 ");
  EXPECT_EQ(ask("DELETE", "/job"), R"(404 {"Message":"Timer not found"})");
  EXPECT_EQ(ask("GET", "/job/0"), R"(400 {"Message":"Invalid number of seconds"})");
  EXPECT_EQ(ask("PUT", "/job"),
            "405 {\"Message\":\"Method not allowed\"} | Allow: GET, HEAD, DELETE\r\n");
}

TEST_F(TimerWireTest, AnIdIsEscapedInItsAnswer) {
  EXPECT_TRUE(ask("GET", "/%22%0a/60").starts_with(R"(200 {"TimerId":"\"\n",)"));
}

TEST_F(TimerWireTest, WhileTheStoreRefusesNothingIsClaimedAboutATimer) {
  ask("GET", "/job/60");
  store_.refuse(true);
  for (const char* target : {"/job/60", "/job", "/other"}) {
    EXPECT_EQ(ask("GET", target), "503 {\"Message\":\"Internal error\"} | Retry-After: 1\r\n")
        << target;
  }
}

TEST_F(TimerWireTest, BeyondTheBoundNewIdsAreRefused) {
  for (const char* target : {"/a/60", "/b/60", "/c/60"}) {
    ask("GET", target);
  }
  EXPECT_EQ(ask("GET", "/d/60"), R"(507 {"Message":"Too many timers"})");
  EXPECT_TRUE(ask("GET", "/a/60").starts_with("200 "));
}

TEST_F(TimerWireTest, WithTokensOnlyTheyArmAndDisarm) {
  settings_.tokens = {{"shop-", "secret"}};
  wire_.apply(settings_);
  EXPECT_EQ(ask("GET", "/shop-1/60"),
            "401 {\"Message\":\"Unauthorized\"} | WWW-Authenticate: Bearer\r\n");
  EXPECT_EQ(ask("GET", "/web-1/60", "Bearer secret"), R"(403 {"Message":"Forbidden"})");
  EXPECT_TRUE(ask("GET", "/shop-1/60", "Bearer secret").starts_with("200 "));
  EXPECT_TRUE(ask("GET", "/shop-1").starts_with("200 "));
  EXPECT_TRUE(ask("DELETE", "/shop-1").starts_with("401 "));
  settings_.open_checks = false;
  wire_.apply(settings_);
  EXPECT_TRUE(ask("GET", "/shop-1").starts_with("401 "));
}

}  // namespace
}  // namespace tocsin::web
