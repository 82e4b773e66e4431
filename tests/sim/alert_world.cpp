#include "sim/alert_world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "check/assertions.hpp"
#include "schedule/cron.hpp"

namespace tocsin::test {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds kTimeout{10'000};
// A hold may outlive its reason by this: the next look, and what waits for it.
constexpr Milliseconds kHoldSlack{3'000};

// One event per line, as the API shows it; the channel's name is the address.
class PlainFormat final : public notification::Format {
 public:
  PlainFormat(std::string channel, notification::Audience audience)
      : channel_(std::move(channel)), audience_(audience) {}
  [[nodiscard]] notification::Audience audience() const override { return audience_; }
  [[nodiscard]] notification::Work prepare(
      const notification::Message& message,
      const std::optional<notification::Earlier>& /*earlier*/) const override {
    notification::HttpStep step;
    step.url = channel_;
    for (const alert::Event& event : message.events) {
      step.body += alert::to_json(event) + "\n";
    }
    notification::Work work;
    work.steps.emplace_back(std::move(step));
    return work;
  }
  [[nodiscard]] notification::Verdict judge(const notification::Work& /*work*/,
                                            std::size_t /*index*/,
                                            const notification::Answer& answer) const override {
    notification::Verdict verdict = notification::judge_http(answer);
    if (verdict.kind == notification::Verdict::Kind::delivered && answer.body != "ok") {
      verdict = {.kind = notification::Verdict::Kind::retry, .message = "that is not us"};
    }
    return verdict;
  }

 private:
  std::string channel_;
  notification::Audience audience_;
};

std::vector<alert::Event> events_in(const notification::Step& step) {
  std::vector<alert::Event> events;
  std::string_view rest = std::get<notification::HttpStep>(step).body;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    if (auto event = alert::parse_event(rest.substr(0, end))) {
      events.push_back(std::move(*event));
    }
    rest.remove_prefix(end + 1);
  }
  return events;
}

alert::Selector selecting(const std::string& term) { return *alert::Selector::parse({term}); }

}  // namespace

AlertWorld::AlertWorld(const Options& options)
    : prober(loop, loop, options.seed * 31 + 7),
      ledger([this](const std::string& what) { require(false, what); }),
      random_(options.seed) {
  if (options.steady) {
    prober.set_faults({.flip = 0, .glitch = 0, .unknown = 0, .hang = 0});
  } else {
    prober.set_faults({.flip = 120, .glitch = 200, .unknown = 100, .hang = 40});
  }
  store.emplace(loop, loop);
  if (options.channels.empty()) {
    make_channels();
  } else {
    own_channels_ = false;
    channels_ = options.channels;
  }
  for (const auto& channel : channels_) {
    moods_[channel->name] = Mood::takes;
  }
  make_fleet(options);
  if (!options.steady && random_.chance(1, 4)) {
    gate_.push_back(fleet_[2].name);
  }
  auto hourly = schedule::Cron::parse("0 * * * *", *schedule::find_zone("UTC"));
  maintenance_.push_back({"every hour", std::make_shared<const schedule::Cron>(std::move(*hourly)),
                          10min, selecting("team=c")});
}

void AlertWorld::make_channels() {
  struct Row {
    const char* name;
    Milliseconds group_wait;
    std::uint32_t rate_count;
  };
  for (const Row& row :
       {Row{"hook", 0s, 0}, Row{"lead", 0s, 0}, Row{"ops", 10s, 0}, Row{"page", 0s, 30}}) {
    auto outlet = std::make_shared<notification::Outlet>();
    outlet->name = row.name;
    outlet->type = "webhook";
    outlet->format = std::make_shared<PlainFormat>(row.name, notification::Audience::machines);
    outlet->group_wait = row.group_wait;
    outlet->rate_count = row.rate_count;
    outlet->rate_per = 1min;
    outlet->give_up_after = 30 * 24h;  // what is given up is told, not counted here
    channels_.push_back(std::move(outlet));
  }
}

config::Monitor AlertWorld::make_monitor(std::size_t number, bool steady) {
  config::Monitor monitor;
  monitor.name = fmt::format("m{:05}", number);
  auto spec = std::make_shared<check::CheckSpec>();
  spec->target = check::HttpCheck{monitor.name, std::make_shared<const check::HttpOptions>()};
  spec->assertions = check::Assertions::none();
  spec->timeout = kTimeout;
  monitor.check = spec;
  auto plan = std::make_shared<schedule::Plan>();
  plan->when = schedule::EveryPlan{Milliseconds{10s} * static_cast<int>(1 + random_.below(3))};
  plan->retry_every = random_.chance(1, 3) ? 3s : 0s;
  monitor.plan = plan;
  monitor.thresholds.fail_count = static_cast<std::uint8_t>(1 + random_.below(3));
  monitor.thresholds.fail_window = monitor.thresholds.fail_count;
  auto notes = std::make_shared<config::MonitorNotes>();
  notes->labels = {{"team", std::string(1, static_cast<char>('a' + random_.below(3)))}};
  notes->severity = random_.chance(1, 3) ? alert::Severity::warning : alert::Severity::critical;
  notes->remind_every = random_.chance(1, 2) ? 7min : 0s;
  notes->flapping = !steady && random_.chance(2, 3);
  notes->notify = {{"ops", {}, {}, 0s}, {"page", {}, {alert::Severity::critical}, 0s}};
  if (random_.chance(1, 2)) notes->notify.push_back({"hook", {}, {}, 0s});
  if (random_.chance(1, 2)) notes->notify.push_back({"lead", {}, {}, 5min});
  if (!own_channels_) {
    notes->notify = {{channels_.front()->name, {}, {}, 0s}};
  }
  if (!steady && number > 2 && random_.chance(1, 3)) {
    notes->depends_on = {fmt::format("m{:05}", random_.below(3))};
  }
  monitor.notes = notes;
  return monitor;
}

void AlertWorld::make_fleet(const Options& options) {
  for (std::size_t i = 0; i < options.monitors; ++i) {
    fleet_.push_back(make_monitor(i, options.steady));
  }
  present_.assign(options.monitors, true);
}

config::Config AlertWorld::current() const {
  config::Config out;
  for (std::size_t i = 0; i < fleet_.size(); ++i) {
    if (present_[i]) out.monitors.push_back(fleet_[i]);
  }
  out.channels = channels_;
  out.maintenance = maintenance_;
  out.settings.self.gate = gate_;
  out.whole = whole_;
  return out;
}

// --- The process. ---

void AlertWorld::boot() {
  courier.emplace(loop, loop);
  courier->script = [this](const notification::Step& step) { return receive(step); };
  watch = std::make_unique<service::Watch>(service::Watch::Ports{loop, loop, prober, *store, log_},
                                           ++boots_ * 7919);
  service::Dispatcher::Hooks hooks;
  hooks.record = [this](ports::WriteBatch batch) { watch->record_delivered(std::move(batch)); };
  hooks.lost = [this](std::string_view outlet, std::size_t rows, const std::string& why,
                      const ports::OutboxRow& /*first*/) {
    require(false, fmt::format("{} rows for {} were given up: {}", rows, outlet, why));
  };
  dispatcher = std::make_unique<service::Dispatcher>(
      service::Dispatcher::Ports{loop, loop, *courier, log_}, std::move(hooks),
      service::Dispatcher::Bounds{}, boots_ * 104'729);
  watch->on_notifications([this](std::vector<ports::OutboxRow> rows) { deliver(std::move(rows)); });
  const config::Config config = current();
  dispatcher->set_outlets(config.channels, config.sinks);
  dispatcher->resume(*store->load_threads());
  std::vector<ports::OutboxRow> waiting;
  require(store->load_outbox([&](ports::OutboxRow row) { waiting.push_back(std::move(row)); })
              .has_value(),
          "what waits is loaded");
  deliver(std::move(waiting));
  require(watch->start(config).has_value(), "the watch starts on what the store holds");
}

void AlertWorld::deliver(std::vector<ports::OutboxRow> rows) {
  for (const ports::OutboxRow& row : rows) {
    ledger.issued(row);
    const auto event = alert::parse_event(row.payload);
    const auto monitor =
        std::ranges::find(fleet_, event ? event->monitor : "", &config::Monitor::name);
    const bool wakes = event && event->type != "recovered" && event->type != "flapping_ended";
    require(monitor == fleet_.end() || !wakes || !silenced(*monitor, row.created),
            fmt::format("{} is not told while it is silenced", row.key));
  }
  dispatcher->deliver(std::move(rows));
}

void AlertWorld::reopen() {
  watch.reset();
  dispatcher.reset();
  StoreContents durable = store->contents();
  store.emplace(loop, loop, MemoryStoreOptions{}, std::move(durable));
  loop.clear();
  prober.forget_in_flight();
}

void AlertWorld::kill() {
  ++kills_;
  ledger.killed(store->contents());
  reopen();
}

void AlertWorld::shut_down() {
  bool stopped = false;
  dispatcher->stop([&] { watch->stop([&stopped] { stopped = true; }); });
  for (int i = 0; i < 20'000 && !stopped; ++i) {
    loop.run_for(1ms);
  }
  require(stopped, "an orderly stop ends");
  reopen();
}

void AlertWorld::run_for(Milliseconds duration) {
  const MonoTime until = loop.mono_now() + duration;
  while (healthy() && loop.run_one(until)) {
    look();
  }
  loop.run_until(until);
}

void AlertWorld::run_steps(std::uint64_t steps) {
  for (std::uint64_t i = 0; i < steps && loop.run_one(MonoTime::max()); ++i) {
    look();
  }
}

// --- The receivers. ---

ScriptedCourier::Reply AlertWorld::receive(const notification::Step& step) {
  const std::string& channel =
      own_channels_ ? std::get<notification::HttpStep>(step).url : channels_.front()->name;
  const Milliseconds takes{1 + static_cast<std::int64_t>(random_.below(300))};
  ScriptedCourier::Reply reply{ScriptedCourier::ok(), takes, false};
  reply.answer.body = "ok";
  const Mood mood = moods_.at(channel);
  if (own_channels_ && (mood == Mood::takes || mood == Mood::takes_and_fails)) {
    for (const alert::Event& event : events_in(step)) {
      ledger.arrived(channel, event, loop.now());
      if (mood == Mood::takes_and_fails) ledger.unanswered(channel, event);
    }
  }
  switch (mood) {
    case Mood::takes:
      break;
    case Mood::refuses:
      reply.answer = {};
      reply.answer.failure = "connection refused";
      break;
    case Mood::hangs:
      reply.never = true;
      break;
    case Mood::fails:
      reply.answer = ScriptedCourier::status(500);
      break;
    case Mood::asks_for_patience:
      reply.answer = ScriptedCourier::status(429);
      reply.answer.headers = {{"retry-after", "20"}};
      break;
    case Mood::revoked:
      reply.answer = ScriptedCourier::status(401);
      break;
    case Mood::garbage:
      reply.answer.body = "<html>Please log in</html>";
      break;
    case Mood::takes_and_fails:
      reply.answer = ScriptedCourier::status(503);
      break;
  }
  return reply;
}

// --- What may happen. ---

const std::string& AlertWorld::any_monitor() { return fleet_[random_.below(fleet_.size())].name; }

void AlertWorld::add_silence() {
  alert::Silence silence;
  silence.match = random_.chance(1, 2) ? selecting("monitor=" + any_monitor())
                                       : selecting(fmt::format("team={}", "abc"[random_.below(3)]));
  silence.from = loop.now();
  silence.until = loop.now() + Milliseconds{1min} * static_cast<int>(1 + random_.below(40));
  watch->add_silence(std::move(silence), [this](Result<alert::Silence> added) {
    if (added) quiet_.push_back({added->id, added->match, loop.now(), added->until});
  });
}

void AlertWorld::end_silence() {
  if (quiet_.empty()) return;
  Quiet& quiet = quiet_[random_.below(quiet_.size())];
  quiet.until = std::min(quiet.until, loop.now());
  watch->end_silence(quiet.id, [](Result<void>) {});
}

void AlertWorld::acknowledge() {
  const std::string& name = any_monitor();
  const std::size_t at = watch->find(name);
  if (at == watch->size() || watch->view(at).incident == nullptr) return;
  const std::string incident = watch->view(at).incident->opening.incident;
  const Instant now = loop.now();
  watch->acknowledge(name, alert::Acknowledgement{"somebody", "on it", now, {}},
                     [this, incident, now](Result<void> done) {
                       if (done) ledger.acknowledged(incident, now);
                     });
}

void AlertWorld::pause_or_resume() {
  const std::size_t at = watch->find(any_monitor());
  if (at == watch->size()) return;
  const service::MonitorView view = watch->view(at);
  watch->set_paused(view.config->name, !view.paused, [](Result<void>) {});
}

// Somebody edits the monitor: all that may change while its incident is open.
void AlertWorld::change(std::size_t which) {
  auto notes = std::make_shared<config::MonitorNotes>(*fleet_[which].notes);
  notes->flapping = random_.chance(1, 2);
  notes->remind_every = random_.chance(1, 2) ? 7min : 0s;
  notes->depends_on.clear();
  if (random_.chance(1, 2)) notes->depends_on = {fmt::format("m{:05}", random_.below(3))};
  fleet_[which].notes = notes;
  fleet_[which].thresholds.fail_count = static_cast<std::uint8_t>(1 + random_.below(3));
  fleet_[which].thresholds.fail_window = fleet_[which].thresholds.fail_count;
}

void AlertWorld::reload() {
  const std::size_t which = 3 + random_.below(fleet_.size() - 3);  // parents stay
  if (random_.chance(1, 2)) {
    change(which);
  } else {
    present_[which] = !present_[which];
  }
  if (random_.chance(1, 4)) {
    gate_.empty() ? gate_.push_back(fleet_[2].name) : gate_.clear();
  }
  whole_ = !random_.chance(1, 3);
  const config::Config config = current();
  watch->reload(config);
  dispatcher->set_outlets(config.channels, config.sinks);
}

void AlertWorld::reload_channels() { dispatcher->set_outlets(channels_, {}); }

void AlertWorld::trouble_store() {
  store->refuse();
  run_for(Milliseconds{1s} * static_cast<int>(1 + random_.below(300)));
  store->accept();
  run_for(30s);  // the journal is memory: only what it holds may be lost
}

void AlertWorld::disturb() {
  const auto channel = [this]() -> const std::string& {
    return channels_[random_.below(channels_.size())]->name;
  };
  switch (random_.below(14)) {
    case 0:
    case 1:
      moods_[channel()] = static_cast<Mood>(random_.below(kMoods));
      break;
    case 2:
    case 3:
      moods_[channel()] = Mood::takes;
      break;
    case 4:
      add_silence();
      break;
    case 5:
      end_silence();
      break;
    case 6:
      acknowledge();
      break;
    case 7:
      pause_or_resume();
      break;
    case 8:
      reload();
      break;
    case 9:
      trouble_store();
      break;
    case 10:
      run_steps(random_.below(40));
      kill();
      boot();
      break;
    case 11:
      shut_down();
      boot();
      break;
    case 12:
      prober.force(fleet_[random_.below(3)].name, check::Status::down);
      break;
    default:
      prober.release(fleet_[random_.below(3)].name);
      break;
  }
}

// --- What must hold at every moment. ---

bool AlertWorld::silenced(const config::Monitor& monitor, Instant at) const {
  return std::ranges::any_of(quiet_, [&](const Quiet& quiet) {
    return quiet.known < at && at < quiet.until &&
           quiet.match.matches(monitor.name, "http", monitor.notes->labels);
  });
}

// Why a hold has no reason (any more); "" when it has.
std::string AlertWorld::unjustified(const service::MonitorView& view) const {
  const alert::Announcement& incident = *view.incident;
  const config::Monitor& monitor = *view.config;
  const auto parent_is = [&](const auto& wanted) {
    const auto holds = [&](const std::string& name) {
      const std::size_t at = watch->find(name);
      return at < watch->size() && wanted(watch->view(at));
    };
    return std::ranges::any_of(monitor.notes->depends_on, holds) ||
           (std::ranges::find(gate_, monitor.name) == gate_.end() &&
            std::ranges::any_of(gate_, holds));
  };
  switch (incident.hold) {
    case alert::Hold::none:
      for (const alert::Recipient& recipient : monitor.notes->notify) {
        const bool at_once =
            recipient.after == 0ms &&
            alert::wants(recipient, alert::EventType::went_down, incident.opening.severity);
        if (at_once && std::ranges::find(incident.told, recipient.channel) == incident.told.end()) {
          return "nothing holds it back, but " + recipient.channel + " was not told";
        }
      }
      return {};
    case alert::Hold::silenced: {
      const bool maintained =
          std::ranges::any_of(maintenance_, [&](const alert::Maintenance& window) {
            return window.active(loop.now()) &&
                   window.match.matches(monitor.name, "http", monitor.notes->labels);
          });
      return view.paused || maintained || silenced(monitor, loop.now()) ? "" : "no silence";
    }
    case alert::Hold::flapping:
      return view.flapping ? "" : "it does not flap";
    case alert::Hold::parent_down:
      return parent_is([](const auto& parent) { return parent.incident != nullptr; })
                 ? ""
                 : "no parent is down";
    case alert::Hold::waits_for_parent:
      return loop.now() <= incident.wait_until ? "" : "it waited long enough for its parent";
  }
  return {};
}

void AlertWorld::look_at(const service::MonitorView& view) {
  const std::string& name = view.config->name;
  if (view.incident == nullptr) {
    held_without_reason_.erase(name);
    return;
  }
  ++holds_.at(static_cast<std::size_t>(view.incident->hold));
  const std::string why = unjustified(view);
  if (why.empty()) {
    held_without_reason_.erase(name);
    return;
  }
  const auto [since, added] = held_without_reason_.try_emplace(name, loop.now());
  require(loop.now() - since->second <= kHoldSlack,
          fmt::format("{} is told of in time ({}): {}", view.incident->opening.incident,
                      alert::to_string(view.incident->hold), why));
}

void AlertWorld::look() {
  if (loop.mono_now() < next_look_ || !watch || !own_channels_) return;
  next_look_ = loop.mono_now() + 1s;
  for (std::size_t i = 0; healthy() && i < watch->size(); ++i) {
    look_at(watch->view(i));
  }
}

void AlertWorld::settle() {
  store->accept();
  whole_ = true;  // what was parked goes
  watch->reload(current());
  for (auto& [channel, mood] : moods_) {
    mood = Mood::takes;
  }
  for (std::size_t i = 0; i < watch->size(); ++i) {
    const service::MonitorView view = watch->view(i);
    prober.release(view.config->name);
    if (view.paused) watch->set_paused(view.config->name, false, [](Result<void>) {});
  }
  prober.heal();
  run_for(1h);
  if (own_channels_) ledger.settle(store->contents(), fleet_);
}

void AlertWorld::require(bool held, const std::string& what) {
  if (!held && problem_.empty()) {
    problem_ = fmt::format("{} (at {})", what, format_rfc3339(loop.now()));
  }
}

}  // namespace tocsin::test
