// Random services over virtual days, polled through faults. Whatever happens: every deployment that
// was announced ends in one way, nothing is told twice, no timeout comes after an end, a quiet
// service says nothing, and when the faults stop the rules know what they would have known.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>

#include "base/random.hpp"
#include "deployment/history.hpp"
#include "deployment/test_story.hpp"

namespace tocsin::deployment::test {
namespace {

constexpr std::int64_t kPoll = 15;

// The service as it really is, moved on by one poll's time.
class Service {
 public:
  explicit Service(std::uint64_t seed) : random_(seed) {
    created_ = -100'000;
    deploy(1);
    main().rollout = RolloutState::completed;
    main().running = main().desired = desired_ = 3;
  }
  void step(std::int64_t now, bool calm) {
    now_ = now;
    if (deleted_) {
      if (calm || random_.below(20) == 0) create();
    } else if (main().rollout == RolloutState::in_progress) {
      roll();
    } else if (!calm) {
      act();
    } else {
      main().running = desired_;
      main().pending = 0;
    }
  }
  [[nodiscard]] std::variant<Unanswered, Missing, Absent, Snapshot> seen() const {
    if (deleted_) return Missing{};
    Snapshot out;
    out.created = second(created_);
    out.desired = desired_;
    out.deployments = {deployments_.begin(), deployments_.end()};
    out.events = events_;
    for (const Deployment& deployment : out.deployments) out.running += deployment.running;
    return out;
  }

 private:
  enum class Fate : std::uint8_t { succeeds, rolls_back, fails };

  Deployment& main() { return deployments_.front(); }
  void deploy(int image) {
    for (Deployment& old : deployments_) old.primary = false;
    Deployment fresh;
    fresh.id = fmt::format("d{}", ++number_);
    fresh.primary = true;
    fresh.task_definition = fmt::format("web:{}", image);
    fresh.desired = desired_;
    fresh.created = second(now_ - static_cast<std::int64_t>(random_.below(10)));
    fresh.rollout = RolloutState::in_progress;
    deployments_.insert(deployments_.begin(), fresh);
    const auto dice = random_.below(10);
    fate_ = dice < 7 ? Fate::succeeds : dice < 9 ? Fate::rolls_back : Fate::fails;
  }
  void roll() {
    if (random_.below(40) == 0) {
      deploy(++image_);  // somebody is impatient
      return;
    }
    if (random_.below(30) == 0) scale();
    main().desired = desired_;
    if (fate_ == Fate::succeeds) {
      main().running = std::min(desired_, main().running + 1);
      if (main().running == desired_ && random_.below(3) != 0) complete();
      return;
    }
    main().failed += 1;
    if (main().failed < 4 + static_cast<std::int64_t>(random_.below(4))) return;
    main().rollout = RolloutState::failed;
    main().rollout_reason = "ECS deployment circuit breaker: tasks failed to start.";
    if (fate_ == Fate::rolls_back) {
      deploy(good_image_);
      fate_ = Fate::succeeds;
      main().rollout_reason = "ECS deployment circuit breaker: rolling back to deploymentId x.";
      events_.insert(events_.begin(), {second(now_), "(service web) rolling back to x."});
    }
  }
  void complete() {
    main().rollout = RolloutState::completed;
    main().rollout_reason = "ECS deployment completed.";
    main().running = main().desired = desired_;
    main().failed = 0;
    good_image_ = std::stoi(main().task_definition.substr(4));
    deployments_.resize(1);
  }
  void act() {
    const auto dice = random_.below(400);
    if (dice < 4) {
      deploy(++image_);
    } else if (dice < 6) {
      deploy(good_image_);
    } else if (dice < 12) {
      scale();
    } else if (dice < 20) {
      main().running =
          static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(desired_) + 1));
    } else if (dice < 21) {
      deleted_ = true;
    } else if (main().rollout == RolloutState::completed && main().running < desired_) {
      main().running += 1;
    } else if (main().rollout == RolloutState::completed) {
      main().running = desired_;
    }
    main().desired = desired_;
  }
  void scale() { desired_ = static_cast<std::int64_t>(random_.below(6)); }
  void create() {
    deleted_ = false;
    created_ = now_;
    deployments_.clear();
    events_.clear();
    desired_ = 2;
    deploy(++image_);
    fate_ = Fate::succeeds;
  }

  Random random_;
  std::int64_t now_ = -50'000;
  std::int64_t created_ = 0;
  std::int64_t desired_ = 0;
  int number_ = 0;
  int image_ = 1;
  int good_image_ = 1;
  bool deleted_ = false;
  Fate fate_ = Fate::succeeds;
  std::vector<Deployment> deployments_;  // the primary first
  std::vector<ServiceEvent> events_;
};

// Watches what is told for what must never be.
class Ledger {
 public:
  void hear(const Notice& notice) {
    record(notice);
    const std::string what = line_of(notice);
    EXPECT_TRUE(keys_.emplace(notice.type, notice.subject, notice.key).second)
        << what << " told twice as " << notice.key;
    switch (notice.type) {
      case NoticeType::deploy_started:
        if (!notice.supersedes.empty()) end(notice.supersedes, "superseded");
        open_.insert(notice.deployment);
        break;
      case NoticeType::rolled_back:
        end(notice.from_deployment, "rolled back");
        open_.insert(notice.to_deployment);
        break;
      case NoticeType::failed:
        end(notice.deployment, "failed");
        break;
      case NoticeType::finished:
        if (notice.subject == Subject::deploy) end(notice.deployment, "finished");
        if (notice.subject == Subject::recover) {
          EXPECT_EQ(crashes_.count(notice.key), 1U) << what;
        }
        break;
      case NoticeType::timeout:
        if (notice.subject == Subject::deploy) {
          EXPECT_EQ(ended_.count(notice.deployment), 0U) << what << " after its end";
        }
        break;
      case NoticeType::recovering:
        crashes_.insert(notice.key);
        break;
      case NoticeType::service_deleted:
        open_.clear();
        break;
      case NoticeType::scaled:
      case NoticeType::service_created:
        break;
    }
  }
  [[nodiscard]] const std::set<std::string>& open() const { return open_; }
  [[nodiscard]] std::size_t ended() const { return ended_.size(); }
  // The history says of each deployment what was told of it.
  void compare_history() const {
    for (const auto& [id, how] : ended_) {
      const auto found = records_.find(id);
      ASSERT_NE(found, records_.end()) << id;
      std::string status(to_string(found->second.outcome));
      std::ranges::replace(status, '_', ' ');
      EXPECT_EQ(status, how) << id;
    }
    for (const auto& [id, record] : records_) {
      EXPECT_EQ(record.outcome == Outcome::going_on, open_.contains(id)) << id;
    }
  }

 private:
  void record(const Notice& notice) {
    for (Record& changed : history_.note(notice, {})) {
      std::string id = changed.id;
      records_.insert_or_assign(std::move(id), std::move(changed));
    }
    EXPECT_TRUE(history_.note(notice, {}).empty()) << line_of(notice) << " a second time";
    history_ = parse_history(to_json(history_));
  }
  void end(const std::string& deployment, const std::string& how) {
    const auto before = ended_.find(deployment);
    const bool undone =
        before != ended_.end() && before->second == "failed" && how == "rolled back";
    EXPECT_TRUE(before == ended_.end() || undone)
        << deployment << " " << how << " after it " << before->second;
    EXPECT_TRUE(undone || open_.contains(deployment)) << deployment << " " << how << " unannounced";
    ended_[deployment] = how;
    open_.erase(deployment);
  }

  std::set<std::tuple<NoticeType, std::optional<Subject>, std::string>> keys_;
  std::set<std::string> open_;
  std::map<std::string, std::string> ended_;
  std::set<std::string> crashes_;
  History history_;
  std::map<std::string, Record> records_;
};

// One who polls, and what is told to him.
struct Watcher {
  Options options;
  ServiceState state;
  Ledger ledger;
  std::size_t told = 0;

  void see(std::int64_t now, std::variant<Unanswered, Missing, Absent, Snapshot> seen) {
    for (const Notice& notice : observe(state, {second(now), std::move(seen)}, options, true)) {
      ledger.hear(notice);
      ++told;
    }
    state = parse_service_state(to_json(state));
  }
};

// Polls that fail, deny the service once, or show it as it was a while ago.
class Faults {
 public:
  explicit Faults(std::uint64_t seed) : random_(seed) {}
  std::variant<Unanswered, Missing, Absent, Snapshot> pass(
      const std::variant<Unanswered, Missing, Absent, Snapshot>& truth) {
    past_.push_back(truth);
    if (past_.size() > kAgo) past_.pop_front();
    const auto dice = random_.below(20);
    if (dice == 0 || outage_ > 0) {
      outage_ = outage_ > 0 ? outage_ - 1 : static_cast<int>(random_.below(30));
      return Unanswered{"Rate exceeded"};
    }
    if (dice == 1) return Absent{};
    if (dice == 2 && !std::exchange(denied_, true)) return Missing{};
    denied_ = false;
    if (dice == 3 && std::holds_alternative<Snapshot>(past_.front())) return past_.front();
    return truth;
  }

 private:
  Random random_;
  bool denied_ = false;
  int outage_ = 0;
  static constexpr std::size_t kAgo = 4;
  std::deque<std::variant<Unanswered, Missing, Absent, Snapshot>> past_;
};

TEST(EcsFleet, EveryAnnouncedDeploymentEndsInOneWayAndFaultsLeaveNoTrace) {
  constexpr std::int64_t kHour = 3600;
  constexpr std::int64_t kDay = 24 * kHour;
  std::size_t ended = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Service service(seed);
    Faults faults(seed + 1000);
    Watcher plain;
    Watcher troubled;
    plain.options.scale_debounce = troubled.options.scale_debounce =
        std::chrono::seconds{seed % 3 * 60};
    for (std::int64_t now = 0; now < 2 * kDay; now += kPoll) {
      service.step(now, false);
      plain.see(now, service.seen());
      troubled.see(now, faults.pass(service.seen()));
    }
    for (std::int64_t now = 2 * kDay; now < 2 * kDay + 4 * kHour; now += kPoll) {
      service.step(now, true);
      plain.see(now, service.seen());
      troubled.see(now, service.seen());
    }
    for (const Watcher* watcher : {&plain, &troubled}) {
      if (watcher->state.phase == Phase::stable) {
        EXPECT_TRUE(watcher->ledger.open().empty()) << *watcher->ledger.open().begin();
      }
      watcher->ledger.compare_history();
      EXPECT_FALSE(watcher->state.recovery.going_on && watcher->state.phase == Phase::stable);
      ended += watcher->ledger.ended();
    }
    EXPECT_EQ(troubled.state.phase, plain.state.phase);
    EXPECT_EQ(troubled.state.deployment, plain.state.deployment);
    EXPECT_EQ(troubled.state.task_definition, plain.state.task_definition);
    EXPECT_EQ(troubled.state.desired, plain.state.desired);
    EXPECT_EQ(troubled.state.running, plain.state.running);
    EXPECT_EQ(troubled.state.scaling, plain.state.scaling);
    EXPECT_EQ(troubled.state.service_created, plain.state.service_created);
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(ended, 200U) << "the seeds try too little";
}

TEST(EcsFleet, AQuietServiceSaysNothingForAWeek) {
  Service service(7);
  Faults faults(8);
  Watcher watcher;
  watcher.see(0, service.seen());
  const std::size_t before = watcher.told;
  for (std::int64_t now = kPoll; now < std::int64_t{7} * 24 * 3600; now += kPoll) {
    service.step(now, true);
    watcher.see(now, faults.pass(service.seen()));
  }
  EXPECT_EQ(watcher.told, before);
}

}  // namespace
}  // namespace tocsin::deployment::test
