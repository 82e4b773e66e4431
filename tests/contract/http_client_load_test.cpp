// Silent targets cost other checks nothing.

#include <algorithm>

#include "contract/http_fixture.hpp"

namespace tocsin::test {
namespace {

using Steady = std::chrono::steady_clock;

TEST(HttpClientLoad, TwoThousandHangingTargetsDelayNoHealthyOne) {
  constexpr std::size_t kHanging = 2'000;
  const std::size_t descriptors = raise_descriptor_limit();
  ASSERT_GE(descriptors, 2 * kHanging + 200) << "raise the hard limit of descriptors";
  LoopbackServer::Options hold;
  hold.hold_all = true;
  LoopbackServer silent(nullptr, hold);
  LoopbackServer healthy(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  adapters::HttpCurl client;
  std::vector<std::future<ports::HttpResult>> hanging;
  for (std::size_t i = 0; i < kHanging; ++i) {
    auto request = get(silent.url());
    request.timeout = Milliseconds{20'000};
    hanging.push_back(begin_fetch(client, std::move(request)));
  }
  std::vector<Steady::duration> times;
  for (int i = 0; i < 200; ++i) {
    const auto begun = Steady::now();
    const auto result = fetch(client, get(healthy.url()));
    ASSERT_TRUE(result) << describe(result);
    times.push_back(Steady::now() - begun);
  }
  std::ranges::sort(times);
  EXPECT_LT(times[times.size() / 2], std::chrono::milliseconds{50});
  EXPECT_LT(times.back(), std::chrono::seconds{5});
  EXPECT_EQ(client.stats().active, kHanging);
  EXPECT_EQ(hanging.front().wait_for(std::chrono::seconds{0}), std::future_status::timeout);
}

TEST(HttpClientLoad, ManyHangingTargetsAllEndAtTheirTimeout) {
  constexpr int kHanging = 500;
  raise_descriptor_limit();
  LoopbackServer::Options hold;
  hold.hold_all = true;
  LoopbackServer silent(nullptr, hold);
  adapters::HttpCurl client;
  const auto begun = Steady::now();
  std::vector<std::future<ports::HttpResult>> hanging;
  for (int i = 0; i < kHanging; ++i) {
    auto request = get(silent.url());
    request.timeout = Milliseconds{400};
    hanging.push_back(begin_fetch(client, std::move(request)));
  }
  for (auto& future : hanging) {
    const auto result = await(future);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, FailureKind::timeout) << describe(result);
    EXPECT_EQ(result.error().message, "connected, but no answer within 400ms");
  }
  EXPECT_GE(Steady::now() - begun, std::chrono::milliseconds{400});
  EXPECT_LT(Steady::now() - begun, std::chrono::seconds{10});
}

}  // namespace
}  // namespace tocsin::test
