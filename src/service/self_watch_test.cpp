#include "service/self_watch.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "check/assertions.hpp"
#include "notification/outbox.hpp"
#include "support/memory_store.hpp"
#include "support/scripted_courier.hpp"
#include "support/scripted_prober.hpp"
#include "support/virtual_loop.hpp"

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;
using test::ScriptedCourier;
using testing::ElementsAre;
using testing::IsEmpty;

class BodyFormat final : public notification::Format {
 public:
  [[nodiscard]] notification::Audience audience() const override {
    return notification::Audience::machines;
  }
  [[nodiscard]] notification::Work prepare(
      const notification::Message& message,
      const std::optional<notification::Earlier>& /*earlier*/) const override {
    notification::HttpStep step;
    step.url = "channel";
    step.body = message.key;
    notification::Work work;
    work.steps.emplace_back(std::move(step));
    return work;
  }
  [[nodiscard]] notification::Verdict judge(const notification::Work& /*work*/,
                                            std::size_t /*index*/,
                                            const notification::Answer& answer) const override {
    return notification::judge_http(answer);
  }
};

// Two monitors, one channel, a heartbeat: everything that Tocsin looks at in itself.
class SelfWatchTest : public testing::Test {
 protected:
  SelfWatchTest() {
    prober_.set_faults({.flip = 0, .glitch = 0, .unknown = 0, .hang = 0});
    courier_.script = [this](const notification::Step& step) {
      const bool beat = std::get<notification::HttpStep>(step).url == "http://beat";
      beats_ += beat ? 1 : 0;
      return ScriptedCourier::Reply{ScriptedCourier::status(beat ? 200 : channel_), answers_after_,
                                    false};
    };
    watch_.on_notifications([this](const std::vector<ports::OutboxRow>& rows) {
      for (const ports::OutboxRow& row : rows) {
        reports_ += row.sink ? 1 : 0;
      }
    });
    config_.monitors = {monitor("a"), monitor("b")};
    auto outlet = std::make_shared<notification::Outlet>();
    outlet->name = "ops";
    outlet->type = "webhook";
    outlet->format = std::make_shared<BodyFormat>();
    dispatcher_.set_outlets({outlet}, {});
    EXPECT_TRUE(watch_.start(config_));
    config::SelfSettings settings;
    settings.heartbeat_url = "http://beat";
    settings.heartbeat_every = 1min;
    settings.report.emplace_back().sink = "lake";
    settings.report_every = 1min;
    settings.gate = {"b"};
    self_.set_settings(settings);
  }

  static config::Monitor monitor(const std::string& name) {
    config::Monitor out;
    out.name = name;
    auto spec = std::make_shared<check::CheckSpec>();
    spec->target = check::HttpCheck{name, std::make_shared<const check::HttpOptions>()};
    spec->assertions = check::Assertions::none();
    spec->timeout = 1s;
    out.check = spec;
    auto plan = std::make_shared<schedule::Plan>();
    plan->when = schedule::EveryPlan{5s};
    out.plan = plan;
    out.notes = std::make_shared<const config::MonitorNotes>();
    out.thresholds.fail_count = out.thresholds.fail_window = 1;
    return out;
  }

  void run_for(Milliseconds duration) {
    for (Milliseconds passed{0}; passed < duration; passed += 1s) {
      loop_.run_for(1s);
      self_.tick();
    }
  }
  void tell_something() {
    alert::Event event;
    event.id = fmt::format("{:04}", ++told_events_);
    event.type = "went_down";
    event.monitor = "a";
    event.incident = event.key = "a/1";
    event.at = loop_.now();
    auto rows = notification::address(event, {"ops"});
    rows.front().created = loop_.now();
    dispatcher_.deliver(std::move(rows));
  }
  [[nodiscard]] std::vector<std::string> troubles() const {
    std::vector<std::string> out;
    for (const auto& [key, trouble] : troubles_.all()) {
      out.push_back(key);
    }
    return out;
  }

  int channel_ = 200;  // what the channel answers
  Milliseconds answers_after_{5};
  int beats_ = 0, reports_ = 0, told_events_ = 0;
  config::Config config_;
  test::VirtualLoop loop_;
  NullLogger log_;
  test::ScriptedProber prober_{loop_, loop_, 3};
  test::MemoryStore store_{loop_, loop_};
  ScriptedCourier courier_{loop_, loop_};
  Watch watch_{{loop_, loop_, prober_, store_, log_}, 1};
  Dispatcher dispatcher_{
      {loop_, loop_, courier_, log_}, {[](const ports::WriteBatch&) {}, {}}, {}, 2};
  Troubles troubles_{loop_, [](const alert::Event&, const std::vector<std::string>&) {}};
  SelfWatch self_{{loop_, log_, watch_, dispatcher_, courier_, troubles_}};
};

TEST_F(SelfWatchTest, NothingIsWrongWhenAllIsWell) {
  run_for(30min);
  EXPECT_THAT(troubles(), IsEmpty());
  EXPECT_TRUE(self_.well());
}

TEST_F(SelfWatchTest, AStoreThatRefusesIsATroubleUntilItTakesWrites) {
  run_for(1min);
  store_.refuse();
  run_for(20s);
  EXPECT_THAT(troubles(), ElementsAre("store"));
  EXPECT_FALSE(self_.well());
  store_.accept();
  run_for(30s);
  EXPECT_THAT(troubles(), IsEmpty());
}

TEST_F(SelfWatchTest, AChannelIsATroubleWhenItHasFailedForFiveMinutes) {
  channel_ = 500;
  tell_something();
  run_for(4min);
  EXPECT_THAT(troubles(), IsEmpty()) << "that may pass";
  run_for(3min);
  EXPECT_THAT(troubles(), ElementsAre("channel:ops"));
  channel_ = 200;
  run_for(3min);
  EXPECT_THAT(troubles(), IsEmpty());
}

TEST_F(SelfWatchTest, AChannelThatRefusesIsATroubleAtOnce) {
  channel_ = 401;
  tell_something();
  run_for(3s);
  EXPECT_THAT(troubles(), ElementsAre("channel:ops"));
}

TEST_F(SelfWatchTest, ATroubleOfAChannelOutlastsARestartUntilSomethingArrives) {
  alert::Event before;
  before.type = "trouble_started";
  before.incident = before.key = "tocsin/channel:ops";
  before.reason = "channel";
  before.at = loop_.now();
  troubles_.resume({before}, 10min);
  channel_ = 401;
  answers_after_ = 8s;
  tell_something();
  run_for(5s);
  EXPECT_THAT(troubles(), ElementsAre("channel:ops")) << "nobody knows yet";
  run_for(10s);
  EXPECT_THAT(troubles(), ElementsAre("channel:ops"));
  channel_ = 200;
  run_for(11min);
  EXPECT_THAT(troubles(), IsEmpty());
}

// The limit of a minute: more than 1 % and at least 3.
TEST_F(SelfWatchTest, ChecksThatAreLeftOutAreATroubleUntilThreeGoodMinutes) {
  run_for(5min);
  config_.settings.limits.concurrent_checks = 0;
  watch_.reload(config_);
  run_for(2min);
  EXPECT_THAT(troubles(), ElementsAre("lateness"));
  EXPECT_FALSE(self_.well());
  config_.settings.limits.concurrent_checks = 100;
  watch_.reload(config_);
  run_for(2min);
  EXPECT_THAT(troubles(), ElementsAre("lateness")) << "it may come back";
  run_for(3min);
  EXPECT_THAT(troubles(), IsEmpty());
}

TEST_F(SelfWatchTest, AChannelThatLeavesTheConfigurationTakesItsTroubleAlong) {
  channel_ = 401;
  tell_something();
  run_for(3s);
  dispatcher_.set_outlets({}, {});
  run_for(2s);
  EXPECT_THAT(troubles(), IsEmpty());
}

TEST_F(SelfWatchTest, MonitorsThatStayUnknownAreATroubleAfterFiveMinutes) {
  run_for(1min);
  prober_.force("a", check::Status::unknown);
  run_for(4min);
  EXPECT_THAT(troubles(), IsEmpty());
  run_for(2min);
  EXPECT_THAT(troubles(), ElementsAre("unknown"));
  prober_.force("a", check::Status::up);
  run_for(10s);
  EXPECT_THAT(troubles(), IsEmpty());
}

TEST_F(SelfWatchTest, AGateThatIsDownIsATroubleAndNotWell) {
  run_for(1min);
  prober_.force("b", check::Status::down);
  run_for(10s);
  EXPECT_THAT(troubles(), ElementsAre("gate:b"));
  EXPECT_FALSE(self_.well());
  watch_.set_paused("b", true, [](Result<void>) {});
  run_for(2s);
  EXPECT_THAT(troubles(), IsEmpty()) << "it holds nobody back now";
  watch_.set_paused("b", false, [](Result<void>) {});
  run_for(2s);
  EXPECT_THAT(troubles(), ElementsAre("gate:b"));
  prober_.force("b", check::Status::up);
  run_for(10s);
  EXPECT_THAT(troubles(), IsEmpty());
}

TEST_F(SelfWatchTest, BeatsWhileItIsWellAndNotWhileItIsIll) {
  run_for(10min);
  EXPECT_NEAR(beats_, 10, 1);
  store_.refuse();
  run_for(1min);
  const int before = beats_;
  run_for(10min);
  EXPECT_EQ(beats_, before) << "silence is the alarm";
  store_.accept();
  run_for(3min);
  EXPECT_GT(beats_, before);
}

TEST_F(SelfWatchTest, ReportsItsHealthAlsoWhenItIsIll) {
  run_for(5min);
  EXPECT_NEAR(reports_, 5, 1);
  store_.refuse();
  run_for(5min);
  EXPECT_NEAR(reports_, 10, 1);
}

}  // namespace
}  // namespace tocsin::service
