// What every ports::Resolver promises, against a name server of the test's own.

#include <dirent.h>
#include <sys/resource.h>

#include "adapters/dns_cares/dns_cares.hpp"
#include "contract/loop_fixture.hpp"
#include "support/loopback_dns.hpp"

namespace tocsin::test {
namespace {

using Behaviour = DnsBehaviour::Kind;
using Kind = ports::Resolved::Kind;
using check::IpFamily;

constexpr Milliseconds kLong{20'000};

std::size_t open_descriptors() {
  std::size_t count = 0;
  DIR* const folder = opendir("/proc/self/fd");
  while (readdir(folder) != nullptr) {
    ++count;
  }
  closedir(folder);
  return count;
}

class ResolverContract : public testing::Test {
 protected:
  ResolverContract()
      : server_({{"both.test", {Behaviour::answers, {"192.0.2.1", "192.0.2.2"}, {"2001:db8::1"}}},
                 {"four.test", {Behaviour::answers, {"192.0.2.4"}, {}}},
                 {"empty.test", {Behaviour::answers, {}, {}}},
                 {"failing.test", {Behaviour::failure, {}, {}}},
                 {"refused.test", {Behaviour::refused, {}, {}}},
                 {"silent.test", {Behaviour::silent, {}, {}}},
                 {"garbage.test", {Behaviour::garbage, {}, {}}},
                 {"large.test", {Behaviour::truncated, {"192.0.2.9"}, {}}}}) {
    open({});
  }
  ~ResolverContract() override {
    close();
    runner_.stop();
  }

  void open(adapters::DnsOptions options) {
    options.servers = server_.address();
    runner_.on_loop([&] {
      resolver_ = std::make_unique<adapters::DnsCares>(runner_.loop, runner_.clock,
                                                       runner_.loop.context(), options);
    });
  }
  void close() {
    runner_.on_loop([this] { resolver_.reset(); });
  }

  void ask(const std::string& name, IpFamily family, Milliseconds within,
           Awaited<ports::Resolved>& answer) {
    resolver_->resolve(name, family, runner_.in(within), answer.taker());
    EXPECT_FALSE(answer.ready()) << "ran inline";
  }

  ports::Resolved resolve(const std::string& name, IpFamily family, Milliseconds within = kLong) {
    Awaited<ports::Resolved> answer;
    runner_.on_loop([&] { ask(name, family, within, answer); });
    return answer.get();
  }

  LoopThread runner_;
  LoopbackDns server_;
  std::unique_ptr<adapters::DnsCares> resolver_;
};

TEST_F(ResolverContract, FindsTheAddressesOfTheWantedFamily) {
  const auto four = resolve("both.test", IpFamily::v4);
  EXPECT_EQ(four.kind, Kind::found) << four.message;
  EXPECT_EQ(four.addresses.size(), 2U);
  const auto six = resolve("both.test", IpFamily::v6);
  EXPECT_EQ(six.kind, Kind::found) << six.message;
  EXPECT_EQ(six.addresses, std::vector<std::string>{"2001:db8::1"});
  EXPECT_EQ(resolve("both.test", IpFamily::any).addresses.size(), 3U);
  EXPECT_EQ(resolve("four.test", IpFamily::any).addresses, std::vector<std::string>{"192.0.2.4"});
}

TEST_F(ResolverContract, TellsAMissingNameFromAMissingAddress) {
  EXPECT_EQ(resolve("missing.test", IpFamily::any).kind, Kind::no_name);
  EXPECT_EQ(resolve("empty.test", IpFamily::any).kind, Kind::no_data);
  const auto six = resolve("four.test", IpFamily::v6);
  EXPECT_EQ(six.kind, Kind::no_data);
  EXPECT_EQ(six.message, "the name has no IPv6 address");
  EXPECT_EQ(resolve(std::string(300, 'x') + ".test", IpFamily::v4).kind, Kind::no_name);
  EXPECT_EQ(resolve("a..test", IpFamily::v4).kind, Kind::no_name);
}

TEST_F(ResolverContract, TakesAFailingServerForNoAnswer) {
  for (const char* name : {"failing.test", "refused.test"}) {
    const auto answer = resolve(name, IpFamily::v4);
    EXPECT_EQ(answer.kind, Kind::no_answer) << name << ": " << answer.message;
    EXPECT_NE(answer.message, "");
  }
}

TEST_F(ResolverContract, AnswersAddressesWithoutALookup) {
  for (const char* address : {"127.0.0.1", "::1", "2001:db8::1"}) {
    const auto answer = resolve(address, IpFamily::any);
    EXPECT_EQ(answer.kind, Kind::found);
    EXPECT_EQ(answer.addresses, std::vector<std::string>{address});
  }
  EXPECT_EQ(resolve("127.0.0.1", IpFamily::v6).kind, Kind::no_data);
  EXPECT_EQ(resolve("::1", IpFamily::v4).kind, Kind::no_data);
}

TEST_F(ResolverContract, AsksAgainOverTcpWhenTheAnswerIsTruncated) {
  EXPECT_EQ(resolve("large.test", IpFamily::v4).addresses, std::vector<std::string>{"192.0.2.9"});
  EXPECT_GT(server_.tcp_queries(), 0);
}

TEST_F(ResolverContract, EndsAtEachCallersOwnDeadlineWhenNobodyAnswers) {
  Awaited<ports::Resolved> early;
  Awaited<ports::Resolved> late;
  Awaited<ports::Resolved> healthy;
  const MonoTime begun = runner_.clock.mono_now();
  runner_.on_loop([&] {
    ask("silent.test", IpFamily::v4, Milliseconds{100}, early);
    ask("silent.test", IpFamily::v4, Milliseconds{600}, late);
    ask("four.test", IpFamily::v4, kLong, healthy);
  });
  EXPECT_EQ(healthy.get().kind, Kind::found);
  EXPECT_EQ(early.get().kind, Kind::no_answer);
  EXPECT_GE(runner_.clock.mono_now(), begun + Milliseconds{100});
  EXPECT_EQ(late.get().kind, Kind::no_answer);
  EXPECT_GE(runner_.clock.mono_now(), begun + Milliseconds{600});
}

TEST_F(ResolverContract, EndsByItsOwnTriesWhenNobodyAnswersOrOnlyNoiseComes) {
  close();
  adapters::DnsOptions quick;
  quick.try_timeout = Milliseconds{100};
  quick.tries = 2;
  open(quick);
  EXPECT_EQ(resolve("silent.test", IpFamily::v4).message, "no answer from the name server");
  EXPECT_EQ(server_.queries("silent.test"), 2);
  EXPECT_EQ(resolve("garbage.test", IpFamily::v4).kind, Kind::no_answer);
}

TEST_F(ResolverContract, MakesOneLookupOfEqualOnesInFlight) {
  std::vector<Awaited<ports::Resolved>> answers(50);
  runner_.on_loop([&] {
    for (std::size_t i = 0; i < answers.size(); ++i) {
      ask(i % 2 == 0 ? "four.test" : "FOUR.test", IpFamily::v4, kLong, answers[i]);
    }
    EXPECT_EQ(resolver_->stats().lookups, 1U);
    EXPECT_EQ(resolver_->stats().waiting, answers.size());
  });
  for (auto& answer : answers) {
    EXPECT_EQ(answer.get().kind, Kind::found);
  }
  EXPECT_EQ(server_.queries("four.test"), 1);
  runner_.on_loop([&] { EXPECT_EQ(resolver_->stats().waiting, 0U); });
}

TEST_F(ResolverContract, RefusesLookupsBeyondTheirNumber) {
  close();
  adapters::DnsOptions few;
  few.max_lookups = 1;
  open(few);
  Awaited<ports::Resolved> pending;
  Awaited<ports::Resolved> refused;
  runner_.on_loop([&] {
    ask("silent.test", IpFamily::v4, kLong, pending);
    ask("four.test", IpFamily::v4, kLong, refused);
  });
  EXPECT_EQ(refused.get().message, "too many lookups at a time");
}

TEST_F(ResolverContract, SaysThatDescriptorsRanOutAndRecovers) {
  rlimit old{};
  getrlimit(RLIMIT_NOFILE, &old);
  rlimit none = old;
  none.rlim_cur = 3;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto answer = resolve("four.test", IpFamily::v4);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
  EXPECT_EQ(answer.kind, Kind::no_answer);
  EXPECT_NE(answer.message.find("descriptor"), std::string::npos) << answer.message;
  EXPECT_EQ(resolve("four.test", IpFamily::v4).kind, Kind::found);
}

TEST_F(ResolverContract, LeaksNoDescriptor) {
  resolve("four.test", IpFamily::v4);
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 30; ++i) {
    resolve("both.test", IpFamily::any);
    resolve("large.test", IpFamily::v4);
  }
  EXPECT_LE(open_descriptors(), before + 2);
}

TEST_F(ResolverContract, GivesNoAnswerToWhoWaitsAtItsEnd) {
  Awaited<ports::Resolved> pending;
  runner_.on_loop([&] { ask("silent.test", IpFamily::v4, kLong, pending); });
  close();
  open({});
  EXPECT_EQ(pending.get().kind, Kind::no_answer);
}

}  // namespace
}  // namespace tocsin::test
