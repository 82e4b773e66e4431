#include "app/far_ports.hpp"

#include <gtest/gtest.h>

#include "support/fake_network.hpp"
#include "support/scripted_command_runner.hpp"
#include "support/virtual_loop.hpp"

namespace tocsin::app {
namespace {

class FarPorts : public testing::Test {
 protected:
  test::VirtualLoop near_;
  test::VirtualLoop far_;
};

TEST_F(FarPorts, ANameIsLookedUpThereAndAnsweredHere) {
  test::FakeResolver there(far_);
  there.set("db.internal", {"10.0.0.1"});
  FarResolver resolver(near_, far_, there);
  std::vector<std::string> found;
  resolver.resolve("db.internal", check::IpFamily::any, far_.mono_now() + Milliseconds{1000},
                   [&](ports::Resolved answer) { found = std::move(answer.addresses); });
  near_.run_ready();
  EXPECT_TRUE(there.asked.empty());
  far_.run_for(Milliseconds{10});
  EXPECT_TRUE(found.empty()) << "answered on the other loop";
  near_.run_ready();
  EXPECT_EQ(found, std::vector<std::string>{"10.0.0.1"});
}

TEST_F(FarPorts, AProgramRunsThereAndIsCancelledByItsNumberHere) {
  test::ScriptedCommandRunner there(far_);
  there.script = [](const ports::CommandRequest&) {
    return test::ScriptedCommandRunner::exits(0, "out", Milliseconds{5'000});
  };
  FarCommandRunner runner(near_, far_, there);
  std::vector<ports::CommandExit::Cause> ends;
  const auto start = [&] {
    ports::CommandRequest request;
    request.argv = {"/bin/x"};
    return runner.start(std::move(request),
                        [&](const ports::CommandResult& result) { ends.push_back(result->cause); });
  };
  (void)start();
  const auto second = start();
  far_.run_ready();
  runner.cancel(second);
  runner.cancel(99);
  far_.run_for(Milliseconds{1'000});
  near_.run_ready();
  EXPECT_EQ(ends, std::vector{ports::CommandExit::Cause::cancelled});
  far_.run_for(Milliseconds{9'000});
  near_.run_ready();
  ASSERT_EQ(ends.size(), 2U);
  EXPECT_EQ(ends[1], ports::CommandExit::Cause::itself);
}

}  // namespace
}  // namespace tocsin::app
