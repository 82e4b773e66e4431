#include "service/recorder.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tocsin::service {
namespace {

ports::EventRow row_of(const alert::Event& event) {
  return {event.id, event.monitor, event.type, event.at, alert::to_json(event)};
}

template <typename T>
void move_into(std::vector<T>& to, std::vector<T>& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  from.clear();
}

void append_delivered(ports::WriteBatch& to, ports::WriteBatch& from) {
  move_into(to.delivered, from.delivered);
  move_into(to.threads, from.threads);
  move_into(to.ended_threads, from.ended_threads);
}

}  // namespace

Recorder::Recorder(ports::Store& store, const ports::Clock& clock, Logger& log, Hooks hooks,
                   Bounds bounds)
    : store_(store),
      clock_(clock),
      log_(log),
      hooks_(std::move(hooks)),
      bounds_(bounds),
      outbox_journal_(bounds.journal_outbox) {}

void Recorder::submit(ports::WriteBatch batch, Change change) {
  InFlight entry{std::move(change), batch.outbox, batch.rollups, {}, batch.deployments, {}, {},
                 batch.memos};
  if (holding_) {
    hold(std::move(entry));
    return;
  }
  commit(std::move(batch), std::move(entry));
}

void Recorder::submit_removal(std::uint32_t slot, ports::WriteBatch batch, Change change) {
  // What the journal holds about this monitor must not be written under a slot that is used again.
  if (const auto held = journal_.by_slot.find(slot); held != journal_.by_slot.end()) {
    move_into(journal_.orphans.events, held->second.events);
    held_rollups_ -= held->second.rollups.size();
    journal_.by_slot.erase(held);
  }
  InFlight entry{std::move(change), batch.outbox, {}, batch.removed,
                 batch.deployments, {},           {}, batch.memos};
  if (holding_) {
    hold(std::move(entry));
    return;
  }
  commit(std::move(batch), std::move(entry));
}

void Recorder::release(std::uint32_t slot) {
  if (const auto held = journal_.by_slot.find(slot); held != journal_.by_slot.end()) {
    move_into(journal_.orphans.events, held->second.events);
    move_into(journal_.orphans.rollups, held->second.rollups);
    journal_.by_slot.erase(held);
  }
}

void Recorder::submit_delivered(ports::WriteBatch batch) {
  InFlight entry;
  entry.delivered = batch;
  if (holding_) {
    hold(std::move(entry));
    return;
  }
  commit(std::move(batch), std::move(entry));
}

void Recorder::submit_command(ports::WriteBatch batch, ports::Store::Done done) {
  if (holding_) {
    done(fail(ErrorCode::unavailable, "the store refuses writes: " + health_.error));
    return;
  }
  InFlight entry;
  entry.change.done = std::move(done);
  commit(std::move(batch), std::move(entry));
}

void Recorder::commit(ports::WriteBatch batch, InFlight entry) {
  for (const alert::Event& event : entry.change.events) {
    batch.events.push_back(row_of(event));
  }
  batch.awaited = static_cast<bool>(entry.change.done);
  in_flight_.push_back(std::move(entry));
  store_.commit(std::move(batch), [this](Result<void> result) { committed(std::move(result)); });
}

void Recorder::committed(Result<void> result) {
  InFlight entry = std::move(in_flight_.front());
  in_flight_.pop_front();
  if (result) {
    hooks_.apply(entry.change);
    std::ranges::for_each(entry.touched, hooks_.written);
    if (!entry.outbox.empty()) {
      hooks_.deliver(std::move(entry.outbox));
    }
    if (entry.change.done) {
      entry.change.done({});
    }
  } else {
    degrade(result.error());
    hold(std::move(entry));
  }
  finish_flush();
}

void Recorder::degrade(const Error& error) {
  health_.error = error.message;
  holding_ = true;
  if (health_.degraded) {
    return;
  }
  health_.degraded = true;
  health_.since = clock_.now();
  log_.error("the store refuses writes; checks go on, changes are held in memory",
             {{"error", error.message}});
}

void Recorder::keep(Held& held, InFlight& entry) {
  for (const alert::Event& event : entry.change.events) {
    if (held_events_ >= bounds_.journal_events) {
      ++lost_events_;
      log_.error("the memory journal is full; an event will not be stored",
                 {{"event", event.id}, {"monitor", event.monitor}});
      continue;
    }
    held.events.push_back(event);
    ++held_events_;
  }
  for (const ports::OutboxRow& row : entry.outbox) {
    if (!outbox_journal_.add(row)) {
      ++lost_events_;  // delivered all the same, unless a kill comes first
    }
  }
  keep_deployments(entry.deployments);
  const std::size_t room =
      bounds_.journal_rollups - std::min(held_rollups_, bounds_.journal_rollups);
  entry.rollups.resize(std::min(entry.rollups.size(), room));
  held_rollups_ += entry.rollups.size();
  move_into(held.rollups, entry.rollups);
}

void Recorder::keep_deployments(std::vector<ports::DeploymentRow>& rows) {
  Deployments& held = journal_.deployments;
  for (ports::DeploymentRow& row : rows) {
    std::pair key{row.monitor, row.id};
    const bool room = held.size() + replaying_.deployments.size() < bounds_.journal_deployments;
    if (!room && !held.contains(key)) {
      log_.error("the memory journal is full; a deployment will not be in the history",
                 {{"deployment", row.id}, {"monitor", row.monitor}});
      continue;
    }
    held.insert_or_assign(std::move(key), std::move(row));
  }
}

void Recorder::take_deployments(const std::string& monitor, ports::WriteBatch& batch) {
  auto at = journal_.deployments.lower_bound({monitor, ""});
  while (at != journal_.deployments.end() && (monitor.empty() || at->first.first == monitor)) {
    batch.deployments.push_back(at->second);
    replaying_.deployments.insert(journal_.deployments.extract(at++));
  }
}

void Recorder::hold_delivered(ports::WriteBatch delivered) {
  std::erase_if(delivered.delivered,
                [this](const std::string& key) { return outbox_journal_.remove(key); });
  append_delivered(journal_.delivered, delivered);
}

void Recorder::hold(InFlight entry) {
  Change& change = entry.change;
  // A command is refused rather than half kept; what was observed is kept.
  if (change.done && !change.has_outcome) {
    change.done(fail(ErrorCode::unavailable, "the store refuses writes: " + health_.error));
    return;
  }
  for (const Touched& touched : entry.touched) {
    touch(touched.slot);
  }
  hold_delivered(std::move(entry.delivered));
  for (ports::MemoRow& memo : entry.memos) {
    journal_.memos.insert_or_assign(std::move(memo.name), std::move(memo.text));
  }
  if (change.slot == Change::kNoSlot) {
    keep(journal_.orphans, entry);
    move_into(journal_.removed, entry.removed);
  } else {
    Held& held = journal_.by_slot[change.slot];
    if (change.has_outcome) {
      // Only the newest outcome of a monitor is kept for its history.
      health_.lost_outcomes += held.last_outcome ? 1 : 0;
      held.last_outcome = true;
    }
    keep(held, entry);
  }
  hooks_.apply(change);
  if (!entry.outbox.empty()) {
    hooks_.deliver(std::move(entry.outbox));
  }
  if (change.done) {
    change.done({});
  }
}

void Recorder::touch(std::uint32_t slot) {
  if (slot >= is_touched_.size()) {
    is_touched_.resize(slot + 1);
  }
  if (!is_touched_[slot]) {
    is_touched_[slot] = true;
    touched_.push_back(slot);
  }
}

void Recorder::write_touched(std::size_t most) {
  for (most = std::min(most, touched_.size()); most > 0 && !health_.degraded;) {
    ports::WriteBatch batch;
    InFlight entry;
    for (; most > 0 && batch.monitors.size() < bounds_.monitors_per_write; --most) {
      const std::uint32_t slot = touched_.front();
      touched_.pop_front();
      is_touched_[slot] = false;
      if (auto snapshot = hooks_.record(slot)) {
        batch.monitors.push_back(std::move(snapshot->record));
        entry.touched.push_back({slot, snapshot->incarnation, snapshot->accounted});
      }
    }
    if (!batch.monitors.empty()) {
      commit(std::move(batch), std::move(entry));
    }
  }
}

void Recorder::sweep() {
  if (health_.degraded) {
    replay();
  } else {
    write_touched(bounds_.touched_per_sweep);
  }
}

ports::WriteBatch Recorder::replay_batch() {
  ports::WriteBatch batch;
  const auto take = [&batch](const Held& held) {
    for (const alert::Event& event : held.events) {
      batch.events.push_back(row_of(event));
    }
    batch.rollups.insert(batch.rollups.end(), held.rollups.begin(), held.rollups.end());
  };
  // The first part asks whether the store is back: small, because the answer is mostly no.
  if (replay_size_ > 1 || journal_.by_slot.empty()) {
    replaying_.orphans = std::exchange(journal_.orphans, {});
    replaying_.removed = std::exchange(journal_.removed, {});
    replaying_.outbox = outbox_journal_.take();
    batch.outbox = replaying_.outbox;
    take(replaying_.orphans);
    batch.removed = replaying_.removed;
    take_deployments("", batch);
    replaying_.memos = std::exchange(journal_.memos, {});
    for (const auto& [name, text] : replaying_.memos) {
      batch.memos.push_back({name, text});
    }
  }
  while (!journal_.by_slot.empty() && batch.monitors.size() < replay_size_) {
    auto node = journal_.by_slot.extract(journal_.by_slot.begin());
    if (auto snapshot = hooks_.record(node.key())) {
      ports::MonitorRecord& record = snapshot->record;
      if (node.mapped().last_outcome) {
        batch.outcomes.push_back({record.name, record.outcome_count, record.last_json});
      }
      take_deployments(record.name, batch);
      batch.monitors.push_back(std::move(record));
    }
    take(node.mapped());
    replaying_.by_slot.insert(std::move(node));
  }
  if (journal_.by_slot.empty() && outbox_journal_.empty()) {
    replaying_.delivered = std::exchange(journal_.delivered, {});
    ports::WriteBatch copy = replaying_.delivered;
    append_delivered(batch, copy);
  }
  return batch;
}

void Recorder::replay() {
  if (replay_in_flight_ || !in_flight_.empty()) {
    return;  // every refused batch must have come back before the order starts anew
  }
  replay_in_flight_ = true;
  store_.retry();
  ports::WriteBatch batch = replay_batch();
  holding_ = !journal_is_empty();
  store_.commit(std::move(batch), [this](Result<void> result) { replayed(std::move(result)); });
}

void Recorder::give_back(Journal part) {
  Journal& journal = journal_;
  const auto prepend = [](auto& to, auto& from) {
    move_into(from, to);
    to = std::move(from);
  };
  outbox_journal_.give_back(std::move(part.outbox));
  prepend(journal.removed, part.removed);
  prepend(journal.delivered.delivered, part.delivered.delivered);
  prepend(journal.delivered.threads, part.delivered.threads);
  prepend(journal.delivered.ended_threads, part.delivered.ended_threads);
  journal.deployments.merge(part.deployments);  // what came since is newer
  journal.memos.merge(part.memos);              // same
  prepend(journal.orphans.events, part.orphans.events);
  prepend(journal.orphans.rollups, part.orphans.rollups);
  for (auto& [slot, held] : part.by_slot) {
    Held& now = journal.by_slot[slot];
    prepend(now.events, held.events);
    prepend(now.rollups, held.rollups);
    now.last_outcome = now.last_outcome || held.last_outcome;
  }
}

void Recorder::replayed(Result<void> result) {
  replay_in_flight_ = false;
  if (!result) {
    replay_size_ = 1;
    holding_ = true;
    health_.error = result.error().message;
    give_back(std::exchange(replaying_, {}));
    finish_flush();
    return;
  }
  const auto settle = [this](const Held& held) {
    held_events_ -= held.events.size();
    held_rollups_ -= held.rollups.size();
  };
  settle(replaying_.orphans);
  for (const auto& [slot, held] : replaying_.by_slot) {
    settle(held);
  }
  replaying_ = {};
  // Each part may be larger: it must outgrow what a busy watch adds meanwhile.
  replay_size_ =
      std::clamp(replay_size_ * 4, bounds_.monitors_per_write, bounds_.monitors_per_replay);
  if (holding_) {
    replay();
    return;
  }
  log_.warn("the store takes writes again; the journal is committed",
            {{"lost_outcomes", static_cast<std::int64_t>(health_.lost_outcomes)}});
  health_.degraded = false;
  replay_size_ = 1;
  health_.error.clear();
  finish_flush();
}

void Recorder::flush(std::move_only_function<void()> done) {
  flush_done_ = std::move(done);
  if (health_.degraded) {
    replay();
  } else {
    write_touched(touched_.size());
  }
  finish_flush();
}

void Recorder::finish_flush() {
  if (flush_done_ && in_flight_.empty() && !replay_in_flight_) {
    if (health_.degraded) {
      log_.error("stopping while the store refuses: what the journal holds is lost",
                 {{"events", static_cast<std::int64_t>(held_events_)}, {"error", health_.error}});
    }
    std::exchange(flush_done_, nullptr)();
  }
}

const std::string* Recorder::outcome_in_flight(std::uint32_t slot,
                                               std::uint32_t incarnation) const {
  for (auto entry = in_flight_.rbegin(); entry != in_flight_.rend(); ++entry) {
    const Change& change = entry->change;
    if (change.slot == slot && change.incarnation == incarnation && change.has_outcome) {
      return &change.last_json;
    }
  }
  return nullptr;
}

StoreHealth Recorder::health() const {
  StoreHealth out = health_;
  out.journal_events = held_events_;
  return out;
}

std::vector<alert::Event> Recorder::journaled_events() const {
  std::vector<alert::Event> out;
  for (const Journal* part : {&journal_, &replaying_}) {
    out.insert(out.end(), part->orphans.events.begin(), part->orphans.events.end());
    for (const auto& [slot, held] : part->by_slot) {
      out.insert(out.end(), held.events.begin(), held.events.end());
    }
  }
  std::ranges::sort(out, {}, &alert::Event::id);
  return out;
}

}  // namespace tocsin::service
