// What people ask of the dispatcher: what waits, try again, give up, send a test.

#include <algorithm>
#include <chrono>
#include <utility>

#include "service/delivery/dispatcher.hpp"
#include "service/delivery/formatter.hpp"

namespace tocsin::service {
namespace {

Error unknown(std::string_view outlet) {
  return {ErrorCode::not_found, "there is no channel or sink '" + std::string(outlet) + "'"};
}

notification::Message message_of(alert::Event event, Instant now) {
  notification::Message message;
  message.key = "test/" + event.id;
  message.now = now;
  message.events.push_back(std::move(event));
  return message;
}

}  // namespace

std::vector<OutletView> Dispatcher::outlets() const {
  const MonoTime now = ports_.clock.mono_now();
  std::vector<OutletView> out;
  for (const auto& [name, desk] : desks_) {
    OutletView view;
    view.name = name;
    view.type = desk.line.outlet() ? std::string_view(desk.line.outlet()->type) : "";
    view.sink = desk.sink;
    view.waiting = desk.line.size();
    std::vector<WaitingView> first;
    collect_waiting(name, desk, 0, 1, first);
    if (!first.empty()) {
      view.oldest = first.front().row->created;
    }
    view.health = desk.line.health();
    if (view.health.failing && view.health.next_try > now) {
      view.next_try_in = std::chrono::ceil<Milliseconds>(view.health.next_try - now);
    }
    view.stats = desk.stats;
    out.push_back(std::move(view));
  }
  return out;
}

void Dispatcher::collect_waiting(const std::string& name, const Desk& desk, std::uint64_t after,
                                 std::size_t most, std::vector<WaitingView>& out) const {
  const MonoTime now = ports_.clock.mono_now();
  const Line::Health& health = desk.line.health();
  desk.line.visit_waiting(after, most, [&](const Line::RowView& row) {
    WaitingView view{.number = row.number, .row = row.row};
    MonoTime next = health.failing ? health.next_try : now;
    if (row.consignment != nullptr) {
      view.attempts = row.consignment->attempts;
      view.error = row.consignment->error;
      next = std::max(next, row.consignment->not_before);
    }
    view.next_try_in = std::chrono::ceil<Milliseconds>(std::max(next - now, Microseconds{0}));
    out.push_back(view);
  });
  for (const auto& [id, flight] : flights_) {
    for (std::size_t i = 0; flight.desk == name && i < flight.consignment->rows.size(); ++i) {
      if (flight.consignment->numbers[i] > after) {
        out.push_back({.number = flight.consignment->numbers[i],
                       .row = &flight.consignment->rows[i],
                       .attempts = flight.consignment->attempts,
                       .error = flight.consignment->error,
                       .under_way = true});
      }
    }
  }
  std::ranges::sort(out, {}, &WaitingView::number);
}

void Dispatcher::visit_waiting(std::string_view outlet, const WaitingPlace& after, std::size_t most,
                               const std::function<void(const WaitingView&)>& visit) const {
  std::size_t left = most;
  for (auto at = desks_.lower_bound(after.outlet); at != desks_.end() && left > 0; ++at) {
    const auto& [name, desk] = *at;
    if (!outlet.empty() && name != outlet) {
      continue;
    }
    std::vector<WaitingView> found;
    collect_waiting(name, desk, name == after.outlet ? after.number : 0, left, found);
    found.resize(std::min(found.size(), left));
    left -= found.size();
    std::ranges::for_each(found, visit);
  }
}

Result<void> Dispatcher::retry(std::string_view outlet) {
  const auto found = desks_.find(outlet);
  if (found == desks_.end()) {
    return std::unexpected(unknown(outlet));
  }
  found->second.line.kick(ports_.clock.mono_now());
  pump(found->first);
  arm();
  return {};
}

Result<std::size_t> Dispatcher::drop_key(const std::string& key) {
  for (auto& [name, desk] : desks_) {
    auto rows =
        desk.line.take_waiting([&](const ports::OutboxRow& row) { return row.key == key; }, 1);
    if (!rows.empty()) {
      const std::size_t count = rows.size();
      give_up(name, std::move(rows), "somebody dropped it");
      return count;
    }
  }
  return fail(ErrorCode::not_found, "no notification with the key '" + key + "' waits");
}

Result<std::size_t> Dispatcher::drop_all(std::string_view outlet) {
  const auto found = desks_.find(outlet);
  if (found == desks_.end()) {
    return std::unexpected(unknown(outlet));
  }
  auto rows =
      found->second.line.take_waiting([](const ports::OutboxRow&) { return true; }, SIZE_MAX);
  const std::size_t count = rows.size();
  if (count > 0) {
    give_up(found->first, std::move(rows), "somebody dropped all that waited");
  }
  return count;
}

// The first step alone: what follows it needs its answer to be a real message. `note` goes in front
// of the verdict.
void Dispatcher::send_test(ports::Courier& courier, const OutletPtr& outlet,
                           const notification::Message& message, std::string note, TestDone done) {
  notification::Work work = outlet->format->prepare(message, std::nullopt);
  if (work.steps.empty()) {
    done(Tested{true, "nothing is sent for an event of this type", {}});
    return;
  }
  notification::Step first = work.steps.front();
  courier.carry(std::move(first), carriage_of(*outlet),
                [outlet, note = std::move(note), work = std::move(work),
                 done = std::move(done)](notification::Answer answer) mutable {
                  const notification::Verdict verdict = outlet->format->judge(work, 0, answer);
                  const bool delivered = verdict.kind == notification::Verdict::Kind::delivered;
                  done(Tested{delivered, note + verdict.message, std::move(answer)});
                });
}

void Dispatcher::test(std::string_view outlet, alert::Event event, TestDone done) {
  const Desk* desk = find(outlet);
  if (desk == nullptr || !desk->line.outlet() || desk->sink) {
    done(std::unexpected(unknown(outlet)));
    return;
  }
  const auto used = desk->line.outlet();
  notification::Message message = message_of(std::move(event), ports_.clock.now());
  if (used->formatter.empty()) {
    send_test(ports_.courier, used, message, "", std::move(done));
    return;
  }
  notification::ExecStep step = formatter_step(*used, message);
  ports_.courier.carry(std::move(step), formatter_carriage(),
                       [this, alive = std::weak_ptr(alive_), used, message = std::move(message),
                        done = std::move(done)](notification::Answer answer) mutable {
                         if (alive.expired()) {
                           done(fail(ErrorCode::cancelled, "Tocsin is stopping"));
                           return;
                         }
                         std::string note;
                         if (auto text = formatted_text(std::move(answer))) {
                           message.formatted = std::move(*text);
                         } else {
                           note = "the formatter failed (" + text.error().message +
                                  "), so the default text was sent; ";
                         }
                         send_test(ports_.courier, used, message, std::move(note), std::move(done));
                       });
}

Result<std::vector<notification::Step>> Dispatcher::preview(std::string_view outlet,
                                                            alert::Event event) const {
  const Desk* desk = find(outlet);
  if (desk == nullptr || !desk->line.outlet() || desk->sink) {
    return std::unexpected(unknown(outlet));
  }
  return desk->line.outlet()
      ->format->prepare(message_of(std::move(event), ports_.clock.now()), std::nullopt)
      .steps;
}

std::size_t Dispatcher::waiting() const {
  std::size_t rows = 0;
  for (const auto& [name, desk] : desks_) {
    rows += desk.line.size();
  }
  return rows;
}

}  // namespace tocsin::service
