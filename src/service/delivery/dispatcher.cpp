#include "service/delivery/dispatcher.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "notification/outbox.hpp"
#include "service/delivery/formatter.hpp"

namespace tocsin::service {
namespace {

// Told this much after it came about, a notification says that it is late.
constexpr Milliseconds kLateAfter{60'000};
constexpr Milliseconds kGiveUpUnknown{std::chrono::hours{24}};
// Nothing is given up before it was tried for this long: after a long stop, or a sleep of the
// machine, all of it is old, and the network may not be there yet.
constexpr Milliseconds kTriedFor{std::chrono::minutes{10}};
// The events or reports of `rows`; rows that cannot be read are left out.
void fill(notification::Message& message, const std::vector<ports::OutboxRow>& rows, bool sink,
          Milliseconds patience) {
  for (const ports::OutboxRow& row : rows) {
    if (sink) {
      if (auto report = notification::parse_report(row.payload)) {
        message.reports.push_back(std::move(*report));
      }
      continue;
    }
    auto event = alert::parse_event(row.payload);
    if (!event) {
      continue;
    }
    const Milliseconds late = message.now - row.created;
    if (late > kLateAfter + patience) {
      event->late = late;
    }
    message.events.push_back(std::move(*event));
  }
}

}  // namespace

Dispatcher::Dispatcher(Ports ports, Hooks hooks, Bounds bounds, std::uint64_t seed)
    : ports_(ports),
      hooks_(std::move(hooks)),
      bounds_(bounds),
      random_(seed),
      alive_(std::make_shared<int>(0)) {}

Dispatcher::~Dispatcher() {
  if (timer_ != 0) {
    ports_.loop.cancel(timer_);
  }
}

// --- What there is. ---

void Dispatcher::set_outlets(
    const std::vector<std::shared_ptr<const notification::Outlet>>& channels,
    const std::vector<std::shared_ptr<const notification::Outlet>>& sinks) {
  std::map<std::string, std::vector<std::string>, std::less<>> grouped_by;  // of what waits
  for (auto& [name, desk] : desks_) {
    if (desk.line.outlet()) {
      grouped_by.emplace(name, desk.line.outlet()->group_by);
    }
    desk.line.set_outlet(nullptr);
  }
  const MonoTime now = ports_.clock.mono_now();
  for (const auto* list : {&channels, &sinks}) {
    for (const auto& outlet : *list) {
      Desk& desk = desks_[outlet->name];
      desk.sink = outlet->sink;
      desk.line.set_outlet(outlet);
      if (grouped_by[outlet->name] != outlet->group_by) {
        desk.line.regroup([&](const ports::OutboxRow& row) { return group_of(desk.line, row); });
      }
      desk.line.kick(now);
    }
  }
  std::erase_if(desks_, [](const auto& entry) {
    return !entry.second.line.outlet() && entry.second.line.size() == 0;
  });
  for (const auto& [name, desk] : desks_) {
    if (!desk.line.outlet() && desk.line.size() > 0) {
      ports_.log.warn("notifications wait for a channel that the configuration does not have",
                      {{"channel", name}, {"rows", static_cast<std::int64_t>(desk.line.size())}});
    }
  }
  expire();
  wake();
}

void Dispatcher::expire() {
  const Instant oldest = ports_.clock.now() - kGiveUpUnknown;
  for (const auto& [name, desk] : desks_) {
    if (desk.line.outlet()) {
      continue;
    }
    bool expired = false;  // the first of what waits: a look that costs nothing of the rest
    desk.line.visit_waiting(
        0, 1, [&](const Line::RowView& first) { expired = first.row->created < oldest; });
    if (expired) {
      give_up_expired(name, "the configuration has no such channel");
    }
  }
}

void Dispatcher::resume(std::vector<ports::ThreadRow> threads) {
  threads_.resume(std::move(threads));
}

Dispatcher::Desk& Dispatcher::desk_of(const ports::OutboxRow& row) {
  Desk& desk = desks_[row.target];
  if (!desk.line.outlet()) {
    desk.sink = row.sink;
  }
  return desk;
}

const Dispatcher::Desk* Dispatcher::find(std::string_view name) const {
  const auto found = desks_.find(name);
  return found == desks_.end() ? nullptr : &found->second;
}

// --- In and out. ---

void Dispatcher::deliver(std::vector<ports::OutboxRow> rows) {
  const MonoTime now = ports_.clock.mono_now();
  std::vector<std::string> targets;
  for (ports::OutboxRow& row : rows) {
    Desk& desk = desk_of(row);
    if (targets.empty() || targets.back() != row.target) {
      targets.push_back(row.target);
    }
    std::string group = group_of(desk.line, row);
    const Milliseconds age = std::max(ports_.clock.now() - row.created, Milliseconds{0});
    desk.line.add(std::move(row), std::move(group), now, now - age);
  }
  keep_bounds(false);
  keep_bounds(true);
  for (const std::string& target : targets) {
    pump(target);
  }
  arm();
}

void Dispatcher::keep_bounds(bool sink) {
  const auto over = [&] {
    std::size_t rows = 0;
    std::uint64_t bytes = 0;
    for (const auto& [name, desk] : desks_) {
      if (desk.sink == sink) {
        rows += desk.line.size();
        bytes += desk.line.bytes();
      }
    }
    return rows > bounds_.rows || bytes > bounds_.bytes;
  };
  while (over()) {
    const auto fullest = std::ranges::max_element(desks_, {}, [sink](const auto& entry) {
      return entry.second.sink == sink ? entry.second.line.bytes() + 1 : 0;
    });
    const std::size_t some = std::max<std::size_t>(fullest->second.line.size() / 100, 1);
    auto rows =
        fullest->second.line.take_waiting([](const ports::OutboxRow&) { return true; }, some);
    if (rows.empty()) {
      return;  // all of it is under way
    }
    give_up(fullest->first, std::move(rows), "more wait than the outbox may hold");
  }
}

void Dispatcher::pump(const std::string& name) {
  const auto found = desks_.find(name);
  if (found == desks_.end() || stopping_) {
    return;
  }
  while (auto consignment = found->second.line.next(ports_.clock.mono_now())) {
    begin(name, std::move(consignment));
  }
}

void Dispatcher::wake() {
  std::vector<std::string> names;
  for (const auto& [name, desk] : desks_) {
    names.push_back(name);
  }
  for (const std::string& name : names) {
    pump(name);
  }
  arm();
}

void Dispatcher::arm() {
  const MonoTime now = ports_.clock.mono_now();
  std::optional<MonoTime> when;
  if (stopping_) {
    return;
  }
  for (const auto& [name, desk] : desks_) {
    if (const auto at = desk.line.wake_at(now)) {
      when = when ? std::min(*when, *at) : *at;
    }
  }
  if (timer_ != 0 && when && armed_for_ == *when) {
    return;
  }
  if (timer_ != 0) {
    ports_.loop.cancel(timer_);
    timer_ = 0;
  }
  if (when) {
    armed_for_ = *when;
    timer_ = ports_.loop.call_at(*when, [this] {
      timer_ = 0;
      wake();
    });
  }
}

// --- One consignment. ---

ports::Carriage Dispatcher::carriage_of(const notification::Outlet& outlet) {
  return {outlet.timeout, outlet.deny_private_networks, outlet.ca_file, outlet.proxy};
}

void Dispatcher::begin(const std::string& name, std::unique_ptr<Consignment> consignment) {
  const std::uint64_t id = next_flight_++;
  Flight& flight = flights_[id];
  flight.desk = name;
  flight.outlet = find(name)->line.outlet();
  flight.consignment = std::move(consignment);
  if (flight.consignment->attempts > 0) {
    ++desks_.find(name)->second.stats.retries;
  }
  flight.message.key = flight.consignment->key;
  flight.message.now = ports_.clock.now();
  fill(flight.message, flight.consignment->rows, flight.outlet->sink, flight.outlet->group_wait);
  flight.message.formatted = flight.consignment->formatted;
  if (flight.message.events.empty() && flight.message.reports.empty()) {
    ports_.loop.post([this, id, alive = std::weak_ptr(alive_)] {
      if (!alive.expired()) {
        Flight unreadable = std::move(flights_.extract(id).mapped());
        failed(std::move(unreadable), {notification::Verdict::Kind::message_failed,
                                       "the stored notification cannot be read",
                                       {},
                                       {}});
      }
    });
    return;
  }
  format_then_carry(id);
}

void Dispatcher::format_then_carry(std::uint64_t id) {
  Flight& flight = flights_.at(id);
  if (flight.outlet->formatter.empty() || flight.message.formatted || flight.outlet->sink) {
    prepare(flight);
    carry(id);
    return;
  }
  ports_.courier.carry(formatter_step(*flight.outlet, flight.message), formatter_carriage(),
                       [this, id, alive = std::weak_ptr(alive_)](notification::Answer answer) {
                         if (alive.expired()) {
                           return;
                         }
                         Flight& formatted = flights_.at(id);
                         if (auto text = formatted_text(std::move(answer))) {
                           formatted.message.formatted = *text;
                           formatted.consignment->formatted = std::move(*text);
                         } else {
                           ports_.log.warn(
                               "the formatter failed; the default text is sent",
                               {{"channel", formatted.desk}, {"error", text.error().message}});
                         }
                         prepare(formatted);
                         carry(id);
                       });
}

void Dispatcher::prepare(Flight& flight) {
  flight.earlier = earlier_of(*flight.outlet, flight.message);
  flight.message.over = over_with(*flight.outlet, flight.message);
  flight.work = flight.outlet->format->prepare(flight.message, flight.earlier);
}

void Dispatcher::carry(std::uint64_t id) {
  Flight& flight = flights_.at(id);
  const std::size_t step = flight.consignment->next_step;
  if (step >= flight.work.steps.size()) {
    ports_.loop.post([this, id, alive = std::weak_ptr(alive_)] {
      if (!alive.expired()) {
        arrived(std::move(flights_.extract(id).mapped()));
      }
    });
    return;
  }
  ports_.courier.carry(
      flight.work.steps[step], carriage_of(*flight.outlet),
      [this, id, alive = std::weak_ptr(alive_)](const notification::Answer& answer) {
        if (!alive.expired()) {
          answered(id, answer);
        }
      });
}

void Dispatcher::answered(std::uint64_t id, const notification::Answer& answer) {
  Flight& flight = flights_.at(id);
  const std::size_t step = flight.consignment->next_step;
  notification::Verdict verdict = flight.outlet->format->judge(flight.work, step, answer);
  if (verdict.kind != notification::Verdict::Kind::delivered) {
    failed(std::move(flights_.extract(id).mapped()), verdict);
    return;
  }
  if (!verdict.reference.empty()) {
    flight.consignment->reference = std::move(verdict.reference);
  }
  if (!verdict.warning.empty()) {
    ports_.log.warn("a notification did not reach everybody",
                    {{"channel", flight.desk}, {"error", verdict.warning}});
  }
  ++flight.consignment->next_step;
  carry(id);
}

void Dispatcher::arrived(Flight flight) {
  Desk& desk = desks_.find(flight.desk)->second;
  ports::WriteBatch batch;
  for (const ports::OutboxRow& row : flight.consignment->rows) {
    batch.delivered.push_back(row.key);
  }
  remember_threads(flight, batch);
  const bool follows_up = flight.outlet->format->follows_up();
  desk.stats.delivered += flight.consignment->rows.size();
  ++desk.stats.messages;
  if (flight.consignment->rows.size() > 1) {
    desk.stats.grouped += flight.consignment->rows.size();
  }
  desk.stats.late += static_cast<std::uint64_t>(std::ranges::count_if(
      flight.message.events, [](const alert::Event& event) { return event.late.has_value(); }));
  desk.stats.last_delay = ports_.clock.now() - flight.consignment->rows.front().created;
  desk.line.delivered(*flight.consignment, ports_.clock.mono_now());
  if (follows_up) {
    for (const ports::OutboxRow& row : flight.consignment->rows) {
      desk.line.regroup(row.monitor,
                        [&](const ports::OutboxRow& other) { return group_of(desk.line, other); });
    }
  }
  hooks_.record(std::move(batch));
  pump(flight.desk);
  arm();
  finish_stop();
}

void Dispatcher::stop(std::move_only_function<void()> done) {
  stopping_ = true;
  stopped_ = std::move(done);
  finish_stop();
}

void Dispatcher::finish_stop() {
  if (stopping_ && stopped_ && flights_.empty()) {
    std::exchange(stopped_, nullptr)();
  }
}

void Dispatcher::failed(Flight flight, const notification::Verdict& verdict) {
  using Kind = notification::Verdict::Kind;
  Desk& desk = desks_.find(flight.desk)->second;
  const MonoTime now = ports_.clock.mono_now();
  ++desk.stats.failures;
  const std::string name = flight.desk;
  ports_.log.warn("a notification was not delivered",
                  {{"channel", name},
                   {"attempt", static_cast<std::int64_t>(flight.consignment->attempts) + 1},
                   {"error", verdict.message}});
  if (verdict.earlier_gone && flight.earlier) {
    ports::WriteBatch batch;  // they are messages of their own from now on
    threads_.forget(name, flight.earlier->reference, batch);
    hooks_.record(std::move(batch));
  }
  if (verdict.kind == Kind::message_failed) {
    if (flight.consignment->rows.size() > 1) {
      desk.line.take_apart(std::move(flight.consignment), now);
    } else {
      desk.line.dropped(*flight.consignment);
      give_up(name, std::move(flight.consignment->rows), verdict.message);
    }
  } else if (verdict.kind == Kind::channel_failed) {
    desk.line.channel_failed(std::move(flight.consignment), verdict.message, now);
  } else {
    desk.line.retry(std::move(flight.consignment), verdict.retry_after, verdict.message, now,
                    random_);
  }
  if (verdict.kind != Kind::message_failed) {
    give_up_expired(name, verdict.message);
  }
  pump(name);
  arm();
  finish_stop();
}

// --- Giving up. ---

void Dispatcher::give_up_expired(const std::string& name, const std::string& why) {
  Desk& desk = desks_.find(name)->second;
  const auto& outlet = desk.line.outlet();
  const Line::Health& health = desk.line.health();
  if (outlet && health.failing &&
      ports_.clock.mono_now() - health.since < std::min(kTriedFor, outlet->give_up_after)) {
    return;
  }
  const Instant now = ports_.clock.now();
  const Instant oldest = now - (outlet ? outlet->give_up_after : kGiveUpUnknown);
  auto rows = desk.line.take_waiting(
      [oldest](const ports::OutboxRow& row) { return row.created < oldest; }, SIZE_MAX);
  if (!rows.empty()) {
    give_up(name, std::move(rows), why);
  }
}

void Dispatcher::give_up(const std::string& name, std::vector<ports::OutboxRow> rows,
                         const std::string& why) {
  desks_.find(name)->second.stats.dropped += rows.size();
  ports::WriteBatch batch;
  for (const ports::OutboxRow& row : rows) {
    batch.delivered.push_back(row.key);
  }
  ports_.log.error("notifications are given up", {{"channel", name},
                                                  {"rows", static_cast<std::int64_t>(rows.size())},
                                                  {"first", rows.front().key},
                                                  {"why", why}});
  hooks_.record(std::move(batch));
  hooks_.lost(name, rows.size(), why, rows.front());
}

}  // namespace tocsin::service
