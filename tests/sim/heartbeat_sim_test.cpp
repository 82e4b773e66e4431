// Weeks of heartbeats with random pings, kills, sleeps, clock steps and refusing stores, against a
// ledger that knows only elapsed time: nobody is judged early or twice, nobody is forgotten.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>

#include "base/random.hpp"
#include "sim/heartbeat_world.hpp"
#include "sim/seed.hpp"

namespace tocsin::test {
namespace {

using namespace std::chrono_literals;
using alert::State;
using timer::Action;

constexpr std::size_t kBeats = 4;
constexpr Microseconds kEvery = 30min;
constexpr Microseconds kGrace = 5min;
constexpr Microseconds kMaxRuntime = 20min;
// Until a deadline is judged after whatever kept us: hearing first, a wake-up, a commit.
constexpr Microseconds kSlack = 40s;
constexpr Microseconds kHears = 30s;

// What a job told us, by the monotonic clock that the world shares with us.
struct Job {
  std::optional<MonoTime> spoke;         // last success or failure that was answered
  std::map<std::string, MonoTime> runs;  // answered starts without an answered end
  bool may_be_down = false;              // something came about that allows it
};

class Weeks {
 public:
  explicit Weeks(std::uint64_t seed) : random_(seed), world_(kBeats, ms(kEvery), ms(kGrace)) {
    for (std::size_t i = 0; i < kBeats; ++i) world_.options(i).max_runtime = ms(kMaxRuntime);
    world_.boot();
    heard_since_ = world_.loop.mono_now();
  }

  void step() {
    world_.loop.run_for(Milliseconds{1 + static_cast<std::int64_t>(random_.below(600'000))});
    for (std::size_t i = 0; i < kBeats; ++i) check(i);
    switch (random_.below(40)) {
      case 0:
        world_.kill();
        world_.loop.run_for(Milliseconds{static_cast<std::int64_t>(random_.below(3'600'000))});
        world_.boot();
        heard_since_ = world_.loop.mono_now();
        break;
      case 1:
        world_.loop.suspend(Milliseconds{static_cast<std::int64_t>(random_.below(7'200'000))});
        heard_since_ = world_.loop.mono_now();
        break;
      case 2:
        world_.loop.step_wall(
            Milliseconds{static_cast<std::int64_t>(random_.below(172'800'000)) - 86'400'000});
        world_.loop.run_for(3s);  // noticed, and written down
        break;
      case 3:
        world_.store->refuse();
        world_.loop.run_for(1min);
        world_.store->accept();
        world_.loop.run_for(10s);
        break;
      default:
        ping(random_.below(kBeats));
        break;
    }
    for (std::size_t i = 0; i < kBeats; ++i) check(i);
  }

 private:
  static Milliseconds ms(Microseconds d) { return std::chrono::duration_cast<Milliseconds>(d); }

  void ping(std::size_t i) {
    constexpr std::array kActions{Action::success, Action::success, Action::success,
                                  Action::start,   Action::fail,    Action::log};
    const Action action = kActions[random_.below(kActions.size())];
    const std::string rid = random_.chance(1, 2) ? "" : fmt::format("r{}", random_.below(3));
    const MonoTime now = world_.loop.mono_now();
    ASSERT_TRUE(world_.ping(i, action, rid));
    Job& job = jobs_[i];
    if (action == Action::start) {
      const auto [run, fresh] = job.runs.try_emplace(rid, now);
      // One that took too long was judged and is forgotten, as soon as we had heard enough.
      if (!fresh && now >= std::max(run->second + kMaxRuntime, heard_since_ + kHears)) {
        run->second = now;
      }
    } else if (action != Action::log) {
      job.runs.erase(rid);
      job.spoke = now;
      job.may_be_down = action == Action::fail;
      ASSERT_EQ(world_.state(i), action == Action::success ? State::up : State::down);
    }
  }

  // What must hold of a heartbeat now, from what the job was answered.
  void check(std::size_t i) {
    Job& job = jobs_[i];
    const MonoTime now = world_.loop.mono_now();
    const auto over = [now](const auto& run) { return now > run.second + kMaxRuntime; };
    const bool runs = std::ranges::any_of(job.runs, std::not_fn(over));
    const bool silent = job.spoke && !runs && now > *job.spoke + kEvery + kGrace;
    if (silent || std::ranges::any_of(job.runs, over)) {
      job.may_be_down = true;
    }
    if (now > heard_since_ + kSlack) {
      std::erase_if(job.runs,
                    [&](const auto& run) { return now > run.second + kMaxRuntime + kSlack; });
      if (job.spoke && !runs && now > *job.spoke + kEvery * 2 + kGrace + kSlack) {
        ASSERT_EQ(world_.state(i), State::down) << "h" << i << " was forgotten";
      }
    }
    if (world_.state(i) == State::down) {
      ASSERT_TRUE(job.may_be_down) << "h" << i << " is down too early";
    }
    const schedule::Counters counters = world_.view(i).counters;
    ASSERT_TRUE(counters.balanced());
    ASSERT_EQ(counters.running, 0U);
    tell(i);
  }

  // Openings and recoveries come in turn: nothing is told twice.
  void tell(std::size_t i) {
    const std::string name = fmt::format("h{}", i);
    for (std::size_t at = told_; at < world_.told.size(); ++at) {
      const alert::Event& event = world_.told[at];
      bool& open = open_[event.monitor];
      ASSERT_NE(open, event.type == "went_down") << event.monitor << ' ' << event.type;
      open = event.type == "went_down";
    }
    told_ = world_.told.size();
    ASSERT_EQ(open_[name], world_.state(i) == State::down) << name;
  }

  Random random_;
  HeartbeatWorld world_;
  std::array<Job, kBeats> jobs_;
  std::map<std::string, bool> open_;
  std::size_t told_ = 0;
  MonoTime heard_since_{};
};

TEST(HeartbeatSim, WeeksOfPingsAndTroubleJudgeNobodyEarlyTwiceOrNever) {
  const std::uint64_t first = seed_or(1);
  const std::uint64_t last = first + from_environment("TOCSIN_SIM_SEEDS", 12);
  for (std::uint64_t seed = first; seed < last; ++seed) {
    Weeks weeks(seed);
    for (int i = 0; i < 4'000 / divisor(); ++i) {  // two weeks
      ASSERT_NO_FATAL_FAILURE(weeks.step()) << "seed " << seed << ", step " << i;
    }
  }
}

}  // namespace
}  // namespace tocsin::test
