#include "timer/wire.hpp"

#include <gtest/gtest.h>

#include <string>

#include "timer/timer.hpp"

namespace tocsin::timer {
namespace {

// "status", "arm ID SECONDS", "check ID", "disarm ID" or "404 MESSAGE[ (ALLOW)]".
std::string read(std::string_view method, std::string_view target, bool post_only = false) {
  std::string decoded;
  const Command command = read_command(method, target, post_only, decoded);
  if (std::holds_alternative<ShowStatus>(command)) {
    return "status";
  }
  if (const auto* arm = std::get_if<Arm>(&command)) {
    return "arm " + std::string(arm->id) + " " + std::to_string(arm->seconds);
  }
  if (const auto* check = std::get_if<Check>(&command)) {
    return "check " + std::string(check->id);
  }
  if (const auto* disarm = std::get_if<Disarm>(&command)) {
    return "disarm " + std::string(disarm->id);
  }
  const auto& refused = std::get<Refused>(command);
  std::string out = std::to_string(refused.status) + " " + std::string(refused.message);
  return refused.allow.empty() ? out : out + " (" + std::string(refused.allow) + ")";
}

TEST(TimerWire, ReadsTheRequestsOfItsClients) {
  EXPECT_EQ(read("GET", "/"), "status");
  EXPECT_EQ(read("HEAD", "/"), "status");
  EXPECT_EQ(read("GET", "/job/60"), "arm job 60");
  EXPECT_EQ(read("POST", "/job/60"), "arm job 60");
  EXPECT_EQ(read("GET", "/job"), "check job");
  EXPECT_EQ(read("HEAD", "/job"), "check job");
  EXPECT_EQ(read("DELETE", "/job"), "disarm job");
  EXPECT_EQ(read("GET", "/60"), "check 60");
}

TEST(TimerWire, PassesOverTheQueryAndTakesTheAbsoluteForm) {
  EXPECT_EQ(read("GET", "/job/60?from=cron"), "arm job 60");
  EXPECT_EQ(read("GET", "/?"), "status");
  EXPECT_EQ(read("GET", "http://timers.example.com:8080/job"), "check job");
  EXPECT_EQ(read("GET", "http://timers.example.com"), "status");
}

TEST(TimerWire, ATargetThatIsNeitherPathNorUrlIsNotTheStatus) {
  for (const char* target : {"job/60", "job", "*", "?", "a/b://c/60", "//"}) {
    EXPECT_FALSE(read("GET", target).starts_with("status")) << target;
  }
  EXPECT_EQ(read("GET", "job/60"), read("GET", "/job/60/1")) << "not found";
}

TEST(TimerWire, AnIdIsWhatThePercentSignsStandFor) {
  EXPECT_EQ(read("GET", "/a%2Fb%20c/5"), "arm a/b c 5");
  EXPECT_EQ(read("GET", "/%C3%BC"), "check \xC3\xBC");
  EXPECT_EQ(read("GET", "/a+b"), "check a+b");
  EXPECT_EQ(read("GET", "/%36%30/%36%30"), "400 Invalid number of seconds");
}

TEST(TimerWire, AnIdHasOneToTheMostBytesOfUtf8) {
  const std::string longest(kLongestId, 'x');
  EXPECT_EQ(read("GET", "/" + longest), "check " + longest);
  EXPECT_EQ(read("GET", "/" + longest + "x"), "400 Invalid timer id");
  EXPECT_EQ(read("GET", "//5"), "400 Invalid timer id");
  for (const char* bad : {"/%FF", "/%C3", "/%", "/%2", "/%zz", "/%ED%A0%80", "/%C0%AF"}) {
    EXPECT_EQ(read("GET", bad), "400 Invalid timer id") << bad;
    EXPECT_EQ(read("DELETE", bad), "400 Invalid timer id") << bad;
  }
}

TEST(TimerWire, SecondsAreAWholePositiveNumberOfAtMostTenYears) {
  for (const char* bad : {"0", "-1", "-0", "1.5", "1e3", "abc", "5s", "0x10", "+-5", "+", "%20",
                          "315360001", "99999999999999999999"}) {
    EXPECT_EQ(read("GET", std::string("/job/") + bad), "400 Invalid number of seconds") << bad;
  }
  EXPECT_EQ(read("GET", "/job/315360000"), "arm job 315360000");
  EXPECT_EQ(read("GET", "/job/007"), "arm job 7");
  EXPECT_EQ(read("GET", "/job/+5"), "arm job 5");
}

TEST(TimerWire, OtherPathsAreNotFound) {
  EXPECT_EQ(read("GET", "/job/"), "404 Not found");
  EXPECT_EQ(read("GET", "/job/5/6"), "404 Not found");
  EXPECT_EQ(read("GET", "/job/5/"), "404 Not found");
}

TEST(TimerWire, OtherMethodsAreNotAllowedAndHeadNeverArms) {
  EXPECT_EQ(read("PUT", "/"), "405 Method not allowed (GET, HEAD)");
  EXPECT_EQ(read("POST", "/job"), "405 Method not allowed (GET, HEAD, DELETE)");
  EXPECT_EQ(read("HEAD", "/job/60"), "405 Method not allowed (GET, POST)");
  EXPECT_EQ(read("DELETE", "/job/60"), "405 Method not allowed (GET, POST)");
  EXPECT_EQ(read("get", "/job"), "405 Method not allowed (GET, HEAD, DELETE)");
}

TEST(TimerWire, WithPostOnlyALinkPreviewArmsNothing) {
  const bool post_only = true;
  EXPECT_EQ(read("GET", "/job/60", post_only), "405 Method not allowed (POST)");
  EXPECT_EQ(read("POST", "/job/60", post_only), "arm job 60");
  EXPECT_EQ(read("GET", "/job", post_only), "check job");
}

}  // namespace
}  // namespace tocsin::timer
