#include "service/delivery/line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "service/delivery/backoff.hpp"

namespace tocsin::service {
namespace {

constexpr std::size_t kMostEvents = 5'000;  // in one message; formats cut what they show
constexpr Microseconds kRefusedRetry = std::chrono::minutes{10};
// While a channel refuses, so many different consignments ask in turn: a receiver that refuses one
// text (a firewall between) must not keep back what it would take.
constexpr std::size_t kMostAsking = 8;
// More stories than this that have waited for so long are a flood.
constexpr std::size_t kMostApart = 20;
constexpr Microseconds kFloodAfter = std::chrono::minutes{1};

std::uint64_t weight(const ports::OutboxRow& row) {
  return row.key.size() + row.target.size() + row.monitor.size() + row.event_id.size() +
         row.payload.size() + 200;  // and what it costs beside its texts
}

}  // namespace

Line::Line(std::shared_ptr<const notification::Outlet> outlet) { set_outlet(std::move(outlet)); }

void Line::set_outlet(std::shared_ptr<const notification::Outlet> outlet) {
  outlet_ = std::move(outlet);
  if (outlet_) {
    rate_ = RateLimit(outlet_->rate_count, outlet_->rate_per);
  }
}

// --- Order per monitor: only the first of each is offered to its group. ---

void Line::schedule_group(const std::string& name, Group& group) {
  due_groups_.erase({group.window_end, name});
  if (!group.heads.empty()) {
    due_groups_.emplace(group.window_end, name);
  }
}

void Line::offer_head(const std::string& monitor) {
  const auto queue = queues_.find(monitor);
  if (queue == queues_.end() || blocked_.contains(monitor)) {
    return;
  }
  const std::uint64_t number = queue->second.front();
  const std::string& name = waiting_.at(number).group;
  Group& group = groups_[name];
  group.heads.insert(number);
  schedule_group(name, group);
}

void Line::withdraw_head(const std::string& monitor) {
  const auto queue = queues_.find(monitor);
  if (queue == queues_.end()) {
    return;
  }
  const std::uint64_t number = queue->second.front();
  const auto group = groups_.find(waiting_.at(number).group);
  if (group != groups_.end() && group->second.heads.erase(number) > 0) {
    if (group->second.heads.empty()) {
      due_groups_.erase({group->second.window_end, group->first});
    }
  }
}

void Line::add(ports::OutboxRow row, std::string group, MonoTime now, MonoTime since) {
  ++rows_;
  bytes_ += weight(row);
  const std::uint64_t number = next_number_++;
  const std::string monitor = row.monitor;
  waiting_.emplace(number, Waiting{std::move(row), std::move(group), now, since, false});
  Queue& queue = queues_[monitor];
  queue.push_back(number);
  if (queue.size() == 1) {
    offer_head(monitor);
  }
}

void Line::put_back(ports::OutboxRow row, std::uint64_t number, std::string group, MonoTime now) {
  const std::string monitor = row.monitor;
  withdraw_head(monitor);
  waiting_.emplace(number, Waiting{std::move(row), std::move(group), now, now, true});
  Queue& queue = queues_[monitor];
  queue.insert(std::ranges::lower_bound(queue, number), number);
  offer_head(monitor);
}

// --- What goes next. ---

bool Line::takes_many() const { return outlet_->format->takes_many(); }

std::unique_ptr<Consignment> Line::next(MonoTime now) {
  const bool may_start = outlet_ && now >= health_.next_try &&
                         under_way_ < (health_.failing ? 1U : outlet_->concurrency) &&
                         rate_.free_at(now) <= now;
  if (!may_start) {
    return nullptr;
  }
  const bool new_first = health_.refused && again_.size() < kMostAsking;
  auto out = new_first ? next_new(now) : next_again(now);
  if (!out) {
    out = new_first ? next_again(now) : next_new(now);
  }
  if (out) {
    rate_.take(now);
    ++under_way_;
  }
  return out;
}

std::unique_ptr<Consignment> Line::next_again(MonoTime now) {
  const auto due = std::ranges::find_if(
      again_, [now](const auto& consignment) { return consignment->not_before <= now; });
  if (due == again_.end()) {
    return nullptr;
  }
  auto out = std::move(*due);
  again_.erase(due);
  return out;
}

void Line::choose_from(std::uint64_t head, bool apart, std::size_t most,
                       std::vector<std::uint64_t>& out) const {
  const std::string& group = waiting_.at(head).group;
  for (const std::uint64_t number : queues_.find(waiting_.at(head).row.monitor)->second) {
    const Waiting& entry = waiting_.at(number);
    const bool belongs = apart ? entry.group.starts_with(kApart) : entry.group == group;
    if (entry.alone || !belongs || out.size() >= most) {
      return;
    }
    out.push_back(number);
  }
}

std::vector<std::uint64_t> Line::choose(const Group& group, MonoTime now) const {
  const std::uint64_t first = *group.heads.begin();
  const Waiting& oldest = waiting_.at(first);
  const bool sink = outlet_->sink;
  const std::size_t most = sink ? outlet_->batch : kMostEvents;
  // It waited for a window, or longer than one: what waits goes together.
  const bool waited = oldest.added < group.window_end || oldest.added + outlet_->group_wait <= now;
  const bool together = takes_many() && most > 1 && !oldest.alone &&
                        (sink || (outlet_->group_wait > Milliseconds{0} && waited));
  std::vector<std::uint64_t> out;
  if (!together) {
    out.push_back(first);
    return out;
  }
  for (const std::uint64_t head : group.heads) {
    choose_from(head, false, most, out);
    if (out.size() >= most) {
      break;
    }
  }
  std::ranges::sort(out);
  return out;
}

// Empty: no flood.
std::vector<std::uint64_t> Line::choose_flood(MonoTime now) const {
  std::vector<std::uint64_t> out;
  if (!takes_many() || outlet_->group_wait <= Milliseconds{0}) {
    return out;
  }
  std::vector<std::uint64_t> heads;
  for (const auto& [window_end, name] : due_groups_) {
    if (window_end > now) {
      break;
    }
    if (!name.starts_with(kApart)) {
      continue;
    }
    for (const std::uint64_t head : groups_.find(name)->second.heads) {
      const Waiting& entry = waiting_.at(head);
      if (!entry.alone && entry.since + kFloodAfter <= now) {
        heads.push_back(head);
      }
    }
  }
  if (heads.size() <= kMostApart) {
    return out;
  }
  std::ranges::sort(heads);  // the oldest first, should there be more than one message holds
  for (const std::uint64_t head : heads) {
    choose_from(head, true, kMostEvents, out);
  }
  std::ranges::sort(out);
  return out;
}

void Line::take(const std::vector<std::uint64_t>& numbers, Consignment& out) {
  for (const std::uint64_t number : numbers) {
    const std::string& monitor = waiting_.at(number).row.monitor;
    if (!blocked_.contains(monitor)) {
      withdraw_head(monitor);
      blocked_.insert(monitor);
    }
  }
  for (const std::uint64_t number : numbers) {
    auto node = waiting_.extract(number);
    Waiting& entry = node.mapped();
    const auto queue = queues_.find(entry.row.monitor);
    queue->second.erase(std::ranges::lower_bound(queue->second, number));
    if (queue->second.empty()) {
      queues_.erase(queue);
    }
    out.numbers.push_back(number);
    out.rows.push_back(std::move(entry.row));
    group_names_[number] = std::move(entry.group);
  }
}

std::unique_ptr<Consignment> Line::next_new(MonoTime now) {
  if (due_groups_.empty() || due_groups_.begin()->first > now) {
    return nullptr;
  }
  std::string name = due_groups_.begin()->second;
  auto out = std::make_unique<Consignment>();
  std::vector<std::uint64_t> numbers;
  if (name.starts_with(kApart)) {
    numbers = choose_flood(now);
  }
  take(numbers.empty() ? choose(groups_.find(name)->second, now) : numbers, *out);
  name = group_names_.at(out->numbers.front());  // of a flood that of another story
  Group& group = groups_.find(name)->second;
  const std::size_t more = out->rows.size() - 1;
  out->key = out->rows.front().key + (more > 0 ? fmt::format("+{}", more) : "");
  due_groups_.erase({group.window_end, name});
  group.window_end = now + outlet_->group_wait;
  schedule_group(name, group);
  if (groups_.size() > 1'000) {  // groups whose time is over say nothing
    std::erase_if(groups_, [now](const auto& entry) {
      return entry.second.heads.empty() && entry.second.window_end <= now;
    });
  }
  return out;
}

std::optional<MonoTime> Line::wake_at(MonoTime now) const {
  if (!outlet_ || under_way_ >= (health_.failing ? 1U : outlet_->concurrency)) {
    return std::nullopt;
  }
  std::optional<MonoTime> when;
  if (!due_groups_.empty()) {
    when = due_groups_.begin()->first;
  }
  for (const auto& consignment : again_) {
    when = when ? std::min(*when, consignment->not_before) : consignment->not_before;
  }
  if (!when) {
    return std::nullopt;
  }
  return std::max({*when, health_.next_try, rate_.free_at(now)});
}

// --- What came of it. ---

void Line::release(const Consignment& consignment) {
  for (std::size_t i = 0; i < consignment.rows.size(); ++i) {
    --rows_;
    bytes_ -= weight(consignment.rows[i]);
    group_names_.erase(consignment.numbers[i]);
  }
  for (const ports::OutboxRow& row : consignment.rows) {
    if (blocked_.erase(row.monitor) > 0) {
      offer_head(row.monitor);
    }
  }
}

void Line::delivered(const Consignment& consignment, MonoTime now) {
  --under_way_;
  release(consignment);
  if (health_.failing) {
    // What failed because nothing got through may go at once; what failed alone keeps its time.
    for (auto& other : again_) {
      if (other->failures_alone <= 1) {
        other->not_before = now;
      }
    }
    health_ = Health{};
  }
}

void Line::note_failure(std::string error, MonoTime now, Milliseconds delay) {
  if (!health_.failing) {
    health_.since = now;
  }
  health_.failing = true;
  ++health_.failures;
  health_.error = std::move(error);
  health_.next_try = now + delay;
}

void Line::retry(std::unique_ptr<Consignment> consignment, std::optional<Milliseconds> retry_after,
                 std::string error, MonoTime now, Random& random) {
  --under_way_;
  ++consignment->attempts;
  const bool was_well = !health_.failing;
  consignment->error = error;
  health_.refused = false;
  note_failure(std::move(error), now, backoff(health_.failures + 1, retry_after, random));
  if (was_well && !retry_after) {
    ++consignment->failures_alone;
  }
  consignment->not_before = health_.next_try;
  if (consignment->failures_alone > 1) {
    const Milliseconds own = backoff(consignment->failures_alone + 1, retry_after, random);
    consignment->not_before = std::max(consignment->not_before, now + own);
  }
  again_.push_back(std::move(consignment));
}

void Line::channel_failed(std::unique_ptr<Consignment> consignment, std::string error,
                          MonoTime now) {
  --under_way_;
  ++consignment->attempts;
  consignment->error = error;
  consignment->failures_alone += health_.failing ? 0 : 1;
  consignment->not_before = now + kRefusedRetry;
  // Others got through since it was refused before: it is not the channel.
  if (consignment->failures_alone <= 1) {
    health_.refused = true;
    note_failure(std::move(error), now, std::chrono::duration_cast<Milliseconds>(kRefusedRetry));
  }
  again_.push_back(std::move(consignment));
}

void Line::dropped(const Consignment& consignment) {
  --under_way_;
  release(consignment);
}

void Line::take_apart(std::unique_ptr<Consignment> consignment, MonoTime now) {
  --under_way_;
  for (const ports::OutboxRow& row : consignment->rows) {
    blocked_.erase(row.monitor);
  }
  for (std::size_t i = 0; i < consignment->rows.size(); ++i) {
    const std::uint64_t number = consignment->numbers[i];
    std::string group = std::move(group_names_[number]);
    group_names_.erase(number);
    put_back(std::move(consignment->rows[i]), number, std::move(group), now);
  }
}

void Line::regroup(const std::string& monitor, const GroupOf& group_of) {
  const auto queue = queues_.find(monitor);
  if (queue == queues_.end()) {
    return;
  }
  withdraw_head(monitor);
  for (const std::uint64_t number : queue->second) {
    Waiting& entry = waiting_.at(number);
    entry.group = group_of(entry.row);
  }
  offer_head(monitor);
}

void Line::regroup(const GroupOf& group_of) {
  for (const auto& [monitor, queue] : queues_) {
    regroup(monitor, group_of);
  }
}

void Line::kick(MonoTime now) {
  health_.next_try = now;
  for (auto& consignment : again_) {
    consignment->not_before = now;
  }
}

// The rest stays under its key: if the attempt did arrive, so did the rest.
void Line::take_from(Consignment& consignment, const Wanted& wanted,
                     std::vector<ports::OutboxRow>& out) {
  Consignment taken;
  Consignment rest;
  for (std::size_t i = 0; i < consignment.rows.size(); ++i) {
    Consignment& to = wanted(consignment.rows[i]) ? taken : rest;
    to.numbers.push_back(consignment.numbers[i]);
    to.rows.push_back(std::move(consignment.rows[i]));
  }
  consignment.rows = std::move(rest.rows);
  consignment.numbers = std::move(rest.numbers);
  if (!taken.rows.empty()) {
    consignment.formatted.reset();  // it speaks of all of them
  }
  release(taken);
  for (const ports::OutboxRow& row : consignment.rows) {
    withdraw_head(row.monitor);
    blocked_.insert(row.monitor);
  }
  std::ranges::move(taken.rows, std::back_inserter(out));
}

std::vector<ports::OutboxRow> Line::take_waiting(const Wanted& wanted, std::size_t most) {
  std::vector<ports::OutboxRow> out;
  for (auto at = again_.begin(); at != again_.end() && out.size() < most;) {
    take_from(**at, wanted, out);
    at = (*at)->rows.empty() ? again_.erase(at) : at + 1;
  }
  for (auto at = waiting_.begin(); at != waiting_.end() && out.size() < most;) {
    if (!wanted(at->second.row)) {
      ++at;
      continue;
    }
    const std::uint64_t number = at->first;
    const std::string monitor = at->second.row.monitor;
    withdraw_head(monitor);
    const auto queue = queues_.find(monitor);
    queue->second.erase(std::ranges::lower_bound(queue->second, number));
    if (queue->second.empty()) {
      queues_.erase(queue);
    }
    --rows_;
    bytes_ -= weight(at->second.row);
    out.push_back(std::move(at->second.row));
    at = waiting_.erase(at);
    offer_head(monitor);
  }
  return out;
}

void Line::visit_waiting(std::uint64_t after, std::size_t most,
                         const std::function<void(const RowView&)>& visit) const {
  std::vector<RowView> again;
  for (const auto& consignment : again_) {
    for (std::size_t i = 0; i < consignment->rows.size(); ++i) {
      if (consignment->numbers[i] > after) {
        again.push_back({consignment->numbers[i], &consignment->rows[i], consignment.get()});
      }
    }
  }
  std::ranges::sort(again, {}, &RowView::number);
  auto tried = again.begin();
  auto fresh = waiting_.upper_bound(after);
  for (std::size_t seen = 0; seen < most; ++seen) {
    if (tried != again.end() && (fresh == waiting_.end() || tried->number < fresh->first)) {
      visit(*tried++);
    } else if (fresh != waiting_.end()) {
      visit({fresh->first, &fresh->second.row, nullptr});
      ++fresh;
    } else {
      return;
    }
  }
}

}  // namespace tocsin::service
