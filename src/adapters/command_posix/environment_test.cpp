#include "adapters/command_posix/environment.hpp"

#include <gtest/gtest.h>

namespace tocsin::adapters {
namespace {

TEST(CommandEnvironment, TakesNothingOfOursBesideTheNamedVariables) {
  const std::vector<std::string> own{"TOCSIN_TOKEN=secret",
                                     "SLACK_WEBHOOK_URL=https://hooks.example.com/secret",
                                     "AWS_SECRET_ACCESS_KEY=secret",
                                     "LD_PRELOAD=/tmp/evil.so",
                                     "PATHS=secret",
                                     "PATH=/bin",
                                     "HOME=/home/tocsin",
                                     "LC_TIME=de_CH.UTF-8",
                                     "TZ=UTC",
                                     "no equals sign"};
  const Environment expected{
      {"HOME", "/home/tocsin"}, {"LC_TIME", "de_CH.UTF-8"}, {"PATH", "/bin"}, {"TZ", "UTC"}};
  EXPECT_EQ(inheritable(own), expected);
}

TEST(CommandEnvironment, TheRequestWins) {
  ports::CommandRequest request;
  request.environment = {{"TZ", "Europe/Zurich"}, {"EVENT", "a=b"}};
  const auto out = environment_of({{"TZ", "UTC"}, {"PATH", "/bin"}}, request);
  const Environment expected{{"EVENT", "a=b"}, {"PATH", "/bin"}, {"TZ", "Europe/Zurich"}};
  EXPECT_EQ(out, expected);
}

TEST(CommandEnvironment, APathIsAlwaysThere) { EXPECT_NE(environment_of({}, {}).at("PATH"), ""); }

TEST(CommandEnvironment, RefusesWhatTheKernelWouldCutShort) {
  ports::CommandRequest request;
  EXPECT_EQ(invalid_words(request), "cannot run a command without a program's name");
  request.argv = {"say", std::string("a\0b", 3)};
  EXPECT_EQ(invalid_words(request), "cannot run the command: its word 2 holds a NUL byte");
  request.argv = {"say"};
  EXPECT_EQ(invalid_words(request), "");
  request.environment = {{"A=B", "secret"}};
  EXPECT_EQ(invalid_words(request),
            "cannot run say: its environment variable `A=B` needs a name without `=`, and no NUL "
            "byte");
}

}  // namespace
}  // namespace tocsin::adapters
