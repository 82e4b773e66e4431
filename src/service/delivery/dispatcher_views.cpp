// What people ask of the dispatcher: what waits, try again, give up, send a test.

#include <algorithm>
#include <utility>

#include "service/delivery/dispatcher.hpp"

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
    desk.line.visit_waiting(1, [&](const Line::RowView& row) { view.oldest = row.row->created; });
    view.health = desk.line.health();
    if (view.health.failing && view.health.next_try > now) {
      view.next_try_in = std::chrono::ceil<Milliseconds>(view.health.next_try - now);
    }
    view.stats = desk.stats;
    out.push_back(std::move(view));
  }
  return out;
}

void Dispatcher::visit_waiting(std::string_view outlet, std::size_t most,
                               const std::function<void(const WaitingView&)>& visit) const {
  std::size_t left = most;
  for (const auto& [name, desk] : desks_) {
    if (left == 0 || (!outlet.empty() && name != outlet)) {
      continue;
    }
    desk.line.visit_waiting(left, [&](const Line::RowView& row) {
      --left;
      WaitingView view{row.row, 0, {}};
      if (row.consignment != nullptr) {
        view.attempts = row.consignment->attempts;
        view.error = row.consignment->error;
      }
      visit(view);
    });
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

void Dispatcher::test(std::string_view outlet, alert::Event event,
                      std::move_only_function<void(Result<Tested>)> done) {
  const Desk* desk = find(outlet);
  if (desk == nullptr || !desk->line.outlet() || desk->sink) {
    done(std::unexpected(unknown(outlet)));
    return;
  }
  const auto used = desk->line.outlet();
  notification::Work work =
      used->format->prepare(message_of(std::move(event), ports_.clock.now()), std::nullopt);
  if (work.steps.empty()) {
    done(Tested{true, "nothing is sent for an event of this type", {}});
    return;
  }
  notification::Step first = work.steps.front();
  ports_.courier.carry(
      std::move(first), carriage_of(*used),
      [used, work = std::move(work), done = std::move(done)](notification::Answer answer) mutable {
        const notification::Verdict verdict = used->format->judge(work, 0, answer);
        done(Tested{verdict.kind == notification::Verdict::Kind::delivered, verdict.message,
                    std::move(answer)});
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
