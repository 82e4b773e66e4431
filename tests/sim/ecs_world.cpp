#include "sim/ecs_world.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "alert/memory.hpp"
#include "service/ecs/service_memory.hpp"

namespace tocsin::test {
namespace {

using namespace std::chrono_literals;
using deployment::Phase;

constexpr std::size_t kMostTopics = 16;  // of one monitor
constexpr std::size_t kMostMemory =
    std::size_t{24} * 1024;  // bytes of what is remembered of one service

// What a process that ended may have left to be delivered.
std::vector<ports::OutboxRow> waiting_in(const StoreContents& contents) {
  std::vector<std::pair<std::uint64_t, const ports::OutboxRow*>> order;
  for (const auto& [key, row] : contents.outbox) {
    order.emplace_back(contents.outbox_order.at(key), &row);
  }
  std::ranges::sort(order, {}, [](const auto& one) { return one.first; });
  std::vector<ports::OutboxRow> out;
  for (const auto& [number, row] : order) out.push_back(*row);
  return out;
}

bool is_written(const ports::WriteBatch& batch, const StoreContents& contents) {
  if (!batch.events.empty()) return contents.events.contains(batch.events.front().id);
  if (!batch.outbox.empty()) return contents.outbox.contains(batch.outbox.front().key);
  return !batch.removed.empty() && !contents.monitors.contains(batch.removed.front());
}

}  // namespace

// --- What is durable. ---

void DurableTap::commit(ports::WriteBatch batch, Done done) {
  auto kept = std::make_shared<ports::WriteBatch>();
  kept->events = batch.events;
  kept->outbox = batch.outbox;
  kept->removed = batch.removed;
  pending_.push_back(std::move(kept));
  store_.commit(std::move(batch), [this, done = std::move(done)](Result<void> result) mutable {
    const auto heard = std::move(pending_.front());
    pending_.pop_front();
    if (result) heard_(*heard);
    done(std::move(result));
  });
}

void DurableTap::hear_the_rest() {
  for (const auto& batch : pending_) {
    if (is_written(*batch, store_.contents())) heard_(*batch);
  }
  pending_.clear();
}

// --- One process. ---

struct EcsWorld::Process {
  struct Account {
    Account(VirtualLoop& loop, EcsCloud& cloud)
        : budget(loop, loop, {}),
          inquiry(loop, loop, cloud, budget),
          parts{cloud.region(), cloud.region(), cloud, budget, inquiry} {}
    service::CallBudget budget;
    service::Inquiry inquiry;
    service::EcsAccount parts;
  };

  Process(EcsWorld& world, std::uint64_t seed)
      : store(world.loop, world.loop, {}, std::move(world.contents_)),
        tap(store, [&world](const ports::WriteBatch& batch) { world.ledger.durable(batch); }),
        watch({world.loop, world.loop, world.prober_, tap, world.log_}, seed),
        troubles(world.loop, [](const alert::Event&, const std::vector<std::string>&) {}),
        fleet(std::in_place,
              service::Fleet::Ports{
                  world.loop, world.loop, watch, troubles, world.log_,
                  [this](const config::EcsCluster& cluster) -> Result<service::EcsAccount*> {
                    return &accounts.at(cluster.region)->parts;
                  }}) {
    for (const auto& cloud : world.clouds_) {
      accounts[cloud->region()] = std::make_unique<Account>(world.loop, *cloud);
    }
  }

  MemoryStore store;
  DurableTap tap;
  service::Watch watch;
  service::Troubles troubles;
  std::map<std::string, std::unique_ptr<Account>> accounts;
  std::optional<service::Fleet> fleet;  // none once nobody is looked at any more
};

EcsWorld::EcsWorld(const Options& options)
    : ledger([this](const std::string& what) { require(false, what); }),
      random_(options.seed),
      prober_(loop, loop, options.seed),
      quiet_(options.quiet) {
  make_clouds(options);
  make_config();
}

EcsWorld::~EcsWorld() {
  if (process_) kill();
}

void EcsWorld::make_clouds(const Options& options) {
  const std::size_t clouds = 1 + random_.below(3);
  for (std::size_t i = 0; i < clouds; ++i) {
    auto cloud =
        std::make_unique<EcsCloud>(loop, fmt::format("r{}", i), random_.next(),
                                   [this](const std::string& what) { require(false, what); });
    cloud->may_deny = [this](const std::string& cluster, const std::string& service) {
      const auto& monitors = process_->store.contents().monitors;
      const auto found = monitors.find(fmt::format("{}/{}", cluster, service));
      return !store_refuses_ && found != monitors.end() &&
             service::parse_service_memory(found->second.memory).state.missing == 0;
    };
    clouds_.push_back(std::move(cloud));
  }
  const std::size_t clusters = 1 + random_.below(4);
  for (std::size_t i = 0; i < options.services; ++i) {
    const std::size_t cluster = random_.below(clusters);
    const auto dice = random_.below(10);
    EcsTruth::Traits traits;
    traits.daemon = dice == 0;
    traits.shifts = dice == 1;
    traits.stateless = dice == 2;
    traits.pace = 1 + random_.below(4);
    clouds_[cluster % clouds]->add(fmt::format("c{}", cluster), fmt::format("s{:02}", i), traits);
  }
  if (quiet_) {
    for (const auto& cloud : clouds_) cloud->set_calm(true);
  }
}

config::EcsCluster EcsWorld::entry(std::size_t cloud, const std::string& cluster) {
  config::EcsCluster out;
  out.name = cluster;
  out.region = clouds_[cloud]->region();
  out.notes = notes_;
  out.announce_start = config::EcsCluster::AnnounceStart::never;
  out.check_interval = Milliseconds{15s} * static_cast<int>(1 + random_.below(4));
  out.refresh_interval = Milliseconds{1min} * static_cast<int>(2 + random_.below(20));
  out.options.scale_debounce = Milliseconds{30s} * static_cast<int>(random_.below(4));
  out.options.partial_crash_polls = static_cast<std::int64_t>(1 + random_.below(3));
  return out;
}

void EcsWorld::make_config() {
  using alert::EventType;
  notes_ = std::make_shared<config::MonitorNotes>();
  notes_->notify = {
      {"ops", {}, {}, 0s},
      {"pager",
       {EventType::recovering, EventType::failed, EventType::timeout, EventType::rolled_back,
        EventType::finished, EventType::service_deleted, EventType::recovered},
       {},
       0s},
      {"worst", {}, {alert::Severity::critical}, 0s},
      {"lead", {}, {}, 10min}};
  for (std::size_t i = 0; i < clouds_.size(); ++i) {
    for (const auto& [cluster, services] : clouds_[i]->clusters()) {
      config::EcsCluster first = entry(i, cluster);
      if (random_.chance(1, 4)) {  // another entry takes the rest
        config::EcsCluster some = entry(i, cluster);
        some.services.include = {"s?[0-4]"};
        entries_.push_back(std::move(some));
      }
      entries_.push_back(std::move(first));
    }
  }
  present_.assign(entries_.size(), true);
}

void EcsWorld::apply() {
  config::EcsSettings settings;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (present_[i]) settings.clusters.push_back(entries_[i]);
  }
  for (const auto& cloud : clouds_) cloud->expect_change();
  process_->fleet->apply(settings);
}

void EcsWorld::boot() {
  std::vector<ports::OutboxRow> left = waiting_in(contents_);
  process_ = std::make_unique<Process>(*this, random_.next() + ++boots_);
  process_->watch.on_notifications(
      [this](const std::vector<ports::OutboxRow>& rows) { deliver(rows); });
  if (!process_->watch.start(config::Config{})) require(false, "the watch starts");
  deliver(left);
  apply();
  tick();
}

void EcsWorld::deliver(const std::vector<ports::OutboxRow>& rows) {
  ports::WriteBatch batch;
  for (const ports::OutboxRow& row : rows) {
    ledger.delivered(row);
    batch.delivered.push_back(row.key);
  }
  if (batch.delivered.empty()) return;
  loop.call_at(loop.mono_now() + Milliseconds{50}, [this, batch = std::move(batch)]() mutable {
    process_->watch.record_delivered(std::move(batch));
  });
}

void EcsWorld::tick() {
  loop.call_at(loop.mono_now() + Milliseconds{1s}, [this] {
    if (process_->fleet) process_->fleet->tick();
    tick();
  });
}

void EcsWorld::kill() {
  if (process_->fleet) looks_ += process_->fleet->stats().looks;
  process_->tap.hear_the_rest();
  contents_ = process_->store.contents();
  ledger.killed();
  loop.clear();
  process_.reset();
  for (const auto& cloud : clouds_) cloud->forget_caller();
  ++kills_;
}

void EcsWorld::shut_down() {
  bool done = false;
  looks_ += process_->fleet->stats().looks;
  process_->fleet.reset();
  process_->watch.stop([&done] { done = true; });
  run_for(5s);
  require(done, "the watch stops");
  kill();
}

void EcsWorld::run_for(Milliseconds duration) { loop.run_for(duration); }

std::uint64_t EcsWorld::happenings() const {
  std::uint64_t out = 0;
  for (const auto& cloud : clouds_) {
    for (const auto& [cluster, services] : cloud->clusters()) {
      for (const auto& [name, service] : services) out += service.truth.happenings();
    }
  }
  return out;
}

std::size_t EcsWorld::names() const {
  std::size_t out = 0;
  for (const auto& cloud : clouds_) {
    for (const auto& [cluster, services] : cloud->clusters()) out += services.size();
  }
  return out;
}

std::uint64_t EcsWorld::calls() const {
  std::uint64_t out = 0;
  for (const auto& cloud : clouds_) out += cloud->calls();
  return out;
}

// --- What goes wrong. ---

void EcsWorld::bad_weather() {
  EcsCloud::Faults faults;
  const auto dice = random_.below(12);
  faults.unanswered = dice == 0;
  faults.throttled = dice == 1;
  faults.denied = dice == 2;
  faults.slow = dice == 3;
  faults.odd = dice < 8 ? 10 : 100;
  clouds_[random_.below(clouds_.size())]->faults = faults;
}

void EcsWorld::good_weather() {
  for (const auto& cloud : clouds_) cloud->faults = {};
}

void EcsWorld::reload() {
  const std::size_t which = random_.below(entries_.size());
  config::EcsCluster& changed = entries_[which];
  switch (random_.below(5)) {
    case 0:
      present_[which] = !present_[which];
      break;
    case 1:
      changed.services.exclude = {fmt::format("s?{}", random_.below(10))};
      break;
    case 2:
      changed.services.exclude.clear();
      changed.services.tags.clear();
      break;
    case 3:
      changed.services.tags = {{"owner", "team-[0-6]"}};
      break;
    default:
      changed.check_interval = Milliseconds{15s} * static_cast<int>(1 + random_.below(4));
      break;
  }
  apply();
}

const std::string& EcsWorld::any_monitor() {
  chosen_.clear();
  if (process_->watch.size() > 0) {
    chosen_ = process_->watch.view(random_.below(process_->watch.size())).config->name;
  }
  return chosen_;
}

void EcsWorld::pause_or_resume() {
  const std::size_t at = process_->watch.find(any_monitor());
  if (at == process_->watch.size()) return;
  const service::MonitorView view = process_->watch.view(at);
  process_->watch.set_paused(view.config->name, !view.paused, [](Result<void>) {});
}

void EcsWorld::add_silence() {
  alert::Silence silence;
  silence.match = *alert::Selector::parse({"monitor=*" + any_monitor()});
  silence.from = loop.now();
  silence.until = loop.now() + Milliseconds{1min} * static_cast<int>(1 + random_.below(180));
  process_->watch.add_silence(std::move(silence), [](const Result<alert::Silence>&) {});
}

void EcsWorld::end_silence() {
  const auto& silences = process_->watch.silences();
  if (silences.empty()) return;
  process_->watch.end_silence(silences[random_.below(silences.size())].id, [](Result<void>) {});
}

void EcsWorld::trouble_store() {
  store_refuses_ = true;
  process_->store.refuse();
  run_for(Milliseconds{1s} * static_cast<int>(1 + random_.below(600)));
  process_->store.accept();
  run_for(30s);
  store_refuses_ = false;
}

void EcsWorld::disturb() {
  switch (random_.below(quiet_ ? 11 : 14)) {
    case 0:
    case 1:
    case 2:
      bad_weather();
      break;
    case 3:
    case 4:
      good_weather();
      break;
    case 5:
      kill();
      run_for(Milliseconds{1s} * static_cast<int>(random_.below(1800)));
      boot();
      break;
    case 6:
      shut_down();
      boot();
      break;
    case 7:
      loop.step_wall(Milliseconds{static_cast<std::int64_t>(random_.below(3'600'000)) - 1'800'000});
      break;
    case 8:
      loop.suspend(Milliseconds{1s} * static_cast<int>(random_.below(3600)));
      break;
    case 9:
      trouble_store();
      break;
    case 10:
      pause_or_resume();
      break;
    case 11:
      reload();
      break;
    case 12:
      add_silence();
      break;
    default:
      end_silence();
      break;
  }
  look_at_counters();
}

// --- What must hold. ---

void EcsWorld::look_at_counters() {
  for (std::size_t i = 0; i < process_->watch.size(); ++i) {
    const service::MonitorView view = process_->watch.view(i);
    require(view.counters.balanced(), view.config->name + ": its runs are accounted for");
  }
}

void EcsWorld::settle() {
  settled_ = true;
  process_->store.accept();
  good_weather();
  run_for(1h);
  require(process_->fleet->stats().services <= names(),
          "what is not there is not looked at for ever");
  for (auto& changed : entries_) {
    changed.services.exclude.clear();
    changed.services.tags.clear();
  }
  present_.assign(entries_.size(), true);
  apply();
  std::vector<std::string> silences;
  for (const alert::Silence& silence : process_->watch.silences()) silences.push_back(silence.id);
  for (const std::string& id : silences) process_->watch.end_silence(id, [](Result<void>) {});
  for (std::size_t i = 0; i < process_->watch.size(); ++i) {
    const service::MonitorView view = process_->watch.view(i);
    if (view.paused) process_->watch.set_paused(view.config->name, false, [](Result<void>) {});
  }
  for (const auto& cloud : clouds_) cloud->set_calm(true);
  run_for(4h);
  if (!healthy()) return;
  look_at_counters();
  compare();
  ledger.settle(process_->store.contents());
}

void EcsWorld::compare() {
  std::size_t expected = 0;
  for (const auto& cloud : clouds_) {
    cloud->live();
    for (const auto& [cluster, services] : cloud->clusters()) {
      for (const auto& [name, service] : services) {
        compare_service(cluster, service.truth, expected);
      }
    }
  }
  const auto& monitors = process_->store.contents().monitors;
  require(monitors.size() == expected,
          fmt::format("{} services are monitors, not {}", expected, monitors.size()));
  require(process_->fleet->stats().services == expected,
          fmt::format("{} services are looked at, not {}", expected,
                      process_->fleet->stats().services));
  require(process_->fleet->stats().clusters_failing == 0, "no cluster fails");
}

void EcsWorld::compare_service(const std::string& cluster, const EcsTruth& truth,
                               std::size_t& expected) {
  const std::string monitor = cluster + "/" + truth.name();
  const auto& monitors = process_->store.contents().monitors;
  const auto found = monitors.find(monitor);
  if (!truth.listed()) {
    require(found == monitors.end(), monitor + ": it is gone, and no monitor any more");
    return;
  }
  ++expected;
  if (found == monitors.end()) {
    require(false, monitor + ": it is a monitor");
    return;
  }
  const service::ServiceMemory memory = service::parse_service_memory(found->second.memory);
  const deployment::ServiceState& state = memory.state;
  require(state.phase == Phase::stable,
          fmt::format("{}: it is stable, not {}", monitor, to_string(state.phase)));
  require(state.deployment == truth.main().id,
          fmt::format("{}: {} runs, not {}", monitor, truth.main().id, state.deployment));
  require(state.task_definition == truth.main().task_definition, monitor + ": its task definition");
  require(state.desired == truth.desired(),
          fmt::format("{}: {} tasks are wanted, not {}", monitor, truth.desired(), state.desired));
  require(state.running == truth.main().running,
          fmt::format("{}: {} tasks run, not {}", monitor, truth.main().running, state.running));
  require(!state.recovery.going_on, monitor + ": nothing recovers");
  require(state.scaling.step == deployment::Scaling::Step::none, monitor + ": nothing scales");
  require(found->second.state.state == alert::State::up, monitor + ": it is up");
  require(found->second.memory.size() < kMostMemory, monitor + ": memory does not grow");
  const auto topics = alert::parse_alert_memory(found->second.alerting).topics;
  require(topics.size() <= kMostTopics, monitor + ": topics do not grow");
  for (const alert::Topic& topic : topics) {
    require(!topic.wrong(), monitor + ": nothing is wrong by " + topic.incident());
  }
}

// A failure that names a monitor shows what happened to it and what was told, by AWS's clock.
std::string EcsWorld::story_of(const std::string& what) const {
  const std::string monitor = what.substr(0, what.find(':'));
  std::vector<std::string> lines = ledger.story(monitor);
  for (std::string& line : lines) line.insert(line.find(' '), " told:");
  for (const auto& cloud : clouds_) {
    for (const auto& [cluster, services] : cloud->clusters()) {
      for (const auto& [name, service] : services) {
        if (fmt::format("{}/{}", cluster, name) != monitor) continue;
        for (const std::string& line : service.truth.story()) lines.push_back(line);
      }
    }
  }
  std::sort(lines.begin(), lines.end());
  return lines.empty() ? "" : fmt::format("\n  {}\n", fmt::join(lines, "\n  "));
}

void EcsWorld::require(bool held, const std::string& what) {
  if (held || !problem_.empty()) return;
  problem_ = fmt::format("should hold: {} (at {} of AWS's clock{}){}", what,
                         format_rfc3339(clouds_.front()->now()),
                         settled_ ? ", when all is well" : "", story_of(what));
}

}  // namespace tocsin::test
