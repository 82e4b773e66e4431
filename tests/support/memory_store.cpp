#include "support/memory_store.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <limits>
#include <memory>

namespace tocsin::test {
namespace {

using std::chrono::hours;

int level_number(alert::RollupLevel level) { return level == alert::RollupLevel::hour ? 0 : 1; }

Milliseconds bucket_length(int level) { return level == 0 ? hours{1} : hours{24}; }

void check_record(const ports::MonitorRecord& record) {
  TOCSIN_ASSERT(!record.name.empty());
  TOCSIN_ASSERT(!record.kind.empty());
  TOCSIN_ASSERT(record.counters.balanced());
  TOCSIN_ASSERT(record.state.known_count <= 32);
  // Without an outcome there is nothing to show, and the reverse.
  TOCSIN_ASSERT(record.outcome_count > 0 || record.last_json.empty());
}

void check_rollup(const ports::RollupRow& row) {
  const alert::ClosedBucket& bucket = row.bucket;
  const Milliseconds length = bucket_length(level_number(bucket.level));
  TOCSIN_ASSERT(!row.monitor.empty());
  TOCSIN_ASSERT(unix_ms(bucket.start) % length.count() == 0);
  TOCSIN_ASSERT(bucket.tally.up != 0 || bucket.tally.down != 0 || bucket.tally.unknown != 0);
}

// What the real store takes without complaint but no caller should hand over.
void check_batch(const ports::WriteBatch& batch) {
  std::ranges::for_each(batch.monitors, check_record);
  std::ranges::for_each(batch.rollups, check_rollup);
  for (const ports::OutcomeRow& row : batch.outcomes) {
    TOCSIN_ASSERT(!row.monitor.empty() && !row.json.empty());
    TOCSIN_ASSERT(row.sequence >= 1);
  }
  for (const ports::EventRow& row : batch.events) {
    TOCSIN_ASSERT(!row.id.empty() && !row.type.empty() && !row.json.empty());
  }
  for (const ports::DeploymentRow& row : batch.deployments) {
    TOCSIN_ASSERT(!row.monitor.empty() && !row.id.empty() && !row.json.empty());
    TOCSIN_ASSERT(row.created != Instant{});
  }
  for (const ports::OutboxRow& row : batch.outbox) {
    TOCSIN_ASSERT(!row.key.empty() && !row.target.empty() && !row.payload.empty());
  }
  for (const ports::ThreadRow& row : batch.threads) {
    TOCSIN_ASSERT(!row.channel.empty() && !row.incident.empty() && !row.reference.empty());
  }
  for (const ports::MemoRow& row : batch.memos) {
    TOCSIN_ASSERT(!row.name.empty());
  }
  for (const ports::SilenceRow& row : batch.silences) {
    TOCSIN_ASSERT(!row.id.empty() && !row.json.empty());
  }
}

const std::map<StoreContents::BucketKey, alert::Tally>& rollups_of(const StoreContents& contents,
                                                                   const std::string& monitor) {
  static const std::map<StoreContents::BucketKey, alert::Tally> kNone;
  const auto found = contents.rollups.find(monitor);
  return found == contents.rollups.end() ? kNone : found->second;
}

template <typename Map>
void forget_before(Map& rollups, int level, std::int64_t start) {
  const auto first = rollups.lower_bound({level, std::numeric_limits<std::int64_t>::min()});
  rollups.erase(first, rollups.lower_bound({level, start}));
}

}  // namespace

MemoryStore::MemoryStore(ports::Loop& loop, const ports::Clock& clock, MemoryStoreOptions options,
                         StoreContents contents)
    : loop_(loop), clock_(clock), options_(options), contents_(std::move(contents)) {}

MemoryStore::~MemoryStore() {
  loop_.cancel(flush_timer_);
  for (const auto& [number, timer] : pending_) {
    loop_.cancel(timer);
  }
}

Result<void> MemoryStore::load(const std::function<void(ports::MonitorRecord)>& each) {
  for (const auto& [name, record] : contents_.monitors) {
    each(record);
  }
  return {};
}

Result<void> MemoryStore::load_outbox(const std::function<void(ports::OutboxRow)>& each) {
  std::map<std::uint64_t, const ports::OutboxRow*> ordered;
  for (const auto& [key, row] : contents_.outbox) {
    ordered[contents_.outbox_order.at(key)] = &row;
  }
  for (const auto& [number, row] : ordered) {
    each(*row);
  }
  return {};
}

Result<std::vector<ports::ThreadRow>> MemoryStore::load_threads() {
  std::vector<ports::ThreadRow> out;
  for (const auto& [key, row] : contents_.threads) {
    out.push_back(row);
  }
  return out;
}

Result<std::vector<ports::SilenceRow>> MemoryStore::load_silences() {
  std::vector<ports::SilenceRow> out;
  for (const auto& [id, json] : contents_.silences) {
    out.push_back({id, json});
  }
  return out;
}

Result<std::vector<ports::MemoRow>> MemoryStore::load_memos() {
  std::vector<ports::MemoRow> out;
  for (const auto& [name, text] : contents_.memos) {
    out.push_back({name, text});
  }
  return out;
}

void MemoryStore::commit(ports::WriteBatch batch, Done done) {
  TOCSIN_ASSERT(static_cast<bool>(done));
  check_batch(batch);
  Job job{std::move(batch), std::move(done), epoch_, ++handed_over_, false};
  if (waiting_ >= options_.max_queued_batches) {
    job.refused = true;
    job.batch = {};
  } else {
    ++waiting_;
  }
  queue_.push_back(std::move(job));
  if (flush_timer_ == 0) {
    flush_timer_ = loop_.call_at(clock_.mono_now() + options_.commit_latency, [this] { flush(); });
  }
}

void MemoryStore::flush() {
  flush_timer_ = 0;
  std::deque<Job> group = std::exchange(queue_, {});
  waiting_ = 0;
  // Answers are given by a task of their own, without `this`: durable first, told afterwards.
  std::vector<std::pair<Done, Result<void>>> answers;
  bool wrote = false;
  for (Job& job : group) {
    auto result = write(job);
    wrote = wrote || result.has_value();
    answers.emplace_back(std::move(job.done), std::move(result));
  }
  stats_.commits += wrote ? 1 : 0;
  forget_old();
  later(Microseconds{0}, [answers = std::move(answers)]() mutable {
    for (auto& [done, result] : answers) {
      done(std::move(result));
    }
  });
}

Result<void> MemoryStore::write(Job& job) {
  Result<void> result;
  if (failed_epoch_ && job.epoch <= *failed_epoch_) {
    result = fail(ErrorCode::unavailable, "memory store: not written after an earlier failure");
  } else if (job.refused) {
    result = fail(ErrorCode::exhausted, "memory store: too many batches wait");
  } else if (refuse_from_ && job.number >= *refuse_from_) {
    result = fail(ErrorCode::unavailable, "memory store: told to refuse");
  }
  if (!result) {
    failed_epoch_ = std::max(failed_epoch_.value_or(0), job.epoch);
    ++stats_.failures;
    return result;
  }
  apply(job.batch);
  ++stats_.batches;
  return {};
}

void MemoryStore::apply(ports::WriteBatch& batch) {
  for (const std::string& name : batch.removed) {
    contents_.monitors.erase(name);
    contents_.outcomes.erase(name);
    contents_.rollups.erase(name);
  }
  for (ports::MonitorRecord& record : batch.monitors) {
    std::string name = record.name;
    contents_.monitors.insert_or_assign(std::move(name), std::move(record));
  }
  std::ranges::for_each(batch.outcomes, [this](ports::OutcomeRow& row) { apply_outcome(row); });
  for (const ports::RollupRow& row : batch.rollups) {
    if (contents_.monitors.contains(row.monitor)) {
      const StoreContents::BucketKey key{level_number(row.bucket.level), unix_ms(row.bucket.start)};
      contents_.rollups[row.monitor][key].merge(row.bucket.tally);
    }
  }
  for (ports::EventRow& row : batch.events) {
    contents_.events.try_emplace(row.id, row);
  }
  for (const ports::DeploymentRow& row : batch.deployments) {
    contents_.deployments.insert_or_assign({row.monitor, row.id}, row);
  }
  for (ports::OutboxRow& row : batch.outbox) {
    if (contents_.outbox.try_emplace(row.key, row).second) {
      contents_.outbox_order[row.key] = ++contents_.outbox_rows;
    }
  }
  apply_delivery(batch);
}

void MemoryStore::apply_delivery(ports::WriteBatch& batch) {
  for (const std::string& key : batch.delivered) {
    contents_.outbox.erase(key);
    contents_.outbox_order.erase(key);
  }
  for (ports::ThreadRow& row : batch.threads) {
    contents_.threads.insert_or_assign({row.channel, row.incident}, row);
  }
  for (const auto& key : batch.ended_threads) {
    contents_.threads.erase(key);
  }
  for (const ports::MemoRow& row : batch.memos) {
    if (row.text.empty()) {
      contents_.memos.erase(row.name);
    } else {
      contents_.memos.insert_or_assign(row.name, row.text);
    }
  }
  for (const ports::SilenceRow& row : batch.silences) {
    contents_.silences.insert_or_assign(row.id, row.json);
  }
  for (const std::string& id : batch.ended_silences) {
    contents_.silences.erase(id);
  }
}

void MemoryStore::apply_outcome(ports::OutcomeRow& row) {
  const auto record = contents_.monitors.find(row.monitor);
  if (record == contents_.monitors.end()) {
    return;  // removed meanwhile
  }
  TOCSIN_ASSERT(row.sequence <= record->second.outcome_count);
  auto& ring = contents_.outcomes[row.monitor];
  ring.insert_or_assign(row.sequence, std::move(row.json));
  const std::uint64_t keep = options_.retention.outcomes;
  if (row.sequence > keep) {
    ring.erase(ring.begin(), ring.upper_bound(row.sequence - keep));
  }
}

void MemoryStore::forget_old() {
  const Instant now = clock_.now();
  if (now >= last_forget_ && now - last_forget_ < Milliseconds{60'000}) {
    return;
  }
  last_forget_ = now;
  for (auto& [name, rollups] : contents_.rollups) {
    forget_before(rollups, 0, unix_ms(now - options_.retention.hourly));
    forget_before(rollups, 1, unix_ms(now - options_.retention.daily));
  }
  std::erase_if(contents_.events, [&](const auto& entry) {
    return entry.second.at < now - options_.retention.events;
  });
  std::erase_if(contents_.deployments, [&](const auto& entry) {
    return entry.second.created < now - options_.retention.events;
  });
}

void MemoryStore::later(Microseconds latency, ports::Task task) {
  const std::uint64_t number = ++next_pending_;
  pending_[number] =
      loop_.call_at(clock_.mono_now() + latency, [this, number, task = std::move(task)]() mutable {
        pending_.erase(number);
        // The task may end this store, and with it the timer's own memory.
        ports::Task last = std::move(task);
        last();
      });
}

void MemoryStore::read_outcomes(std::string monitor, std::uint64_t before, std::size_t limit,
                                Answer<std::vector<ports::OutcomeRow>> answer) {
  TOCSIN_ASSERT(limit > 0);
  later(options_.read_latency, [this, monitor = std::move(monitor), before, limit,
                                answer = std::move(answer)]() mutable {
    std::vector<ports::OutcomeRow> found;
    if (const auto ring = contents_.outcomes.find(monitor); ring != contents_.outcomes.end()) {
      auto end = before == 0 ? ring->second.end() : ring->second.lower_bound(before);
      while (end != ring->second.begin() && found.size() < limit) {
        --end;
        found.push_back({monitor, end->first, end->second});
      }
    }
    answer(std::move(found));
  });
}

void MemoryStore::read_events(ports::EventQuery query,
                              Answer<std::vector<ports::EventRow>> answer) {
  TOCSIN_ASSERT(query.limit > 0);
  later(options_.read_latency,
        [this, query = std::move(query), answer = std::move(answer)]() mutable {
          std::vector<ports::EventRow> found;
          auto at = query.before_id.empty() ? contents_.events.end()
                                            : contents_.events.lower_bound(query.before_id);
          while (at != contents_.events.begin() && found.size() < query.limit) {
            --at;
            const ports::EventRow& row = at->second;
            if ((query.monitor.empty() || row.monitor == query.monitor) &&
                (query.type.empty() || row.type == query.type)) {
              found.push_back(row);
            }
          }
          answer(std::move(found));
        });
}

void MemoryStore::read_deployments(ports::DeploymentQuery query,
                                   Answer<std::vector<ports::DeploymentRow>> answer) {
  TOCSIN_ASSERT(query.limit > 0);
  later(options_.read_latency, [this, query = std::move(query),
                                answer = std::move(answer)]() mutable {
    std::map<std::pair<Instant, std::string>, const ports::DeploymentRow*> ordered;
    for (const auto& [key, row] : contents_.deployments) {
      if (row.monitor == query.monitor) {
        ordered[{row.created, row.id}] = &row;
      }
    }
    auto at = query.before == Instant{} ? ordered.end()
                                        : ordered.lower_bound({query.before, query.before_id});
    std::vector<ports::DeploymentRow> found;
    while (at != ordered.begin() && found.size() < query.limit) {
      found.push_back(*(--at)->second);
    }
    answer(std::move(found));
  });
}

void MemoryStore::read_uptime(std::vector<std::string> monitors, Instant now,
                              Answer<std::vector<ports::UptimeSums>> answer) {
  later(options_.read_latency,
        [this, monitors = std::move(monitors), now, answer = std::move(answer)]() mutable {
          std::vector<ports::UptimeSums> sums(monitors.size());
          for (std::size_t i = 0; i < monitors.size(); ++i) {
            for (const auto& [key, tally] : rollups_of(contents_, monitors[i])) {
              const Instant closed = from_unix_ms(key.second) + bucket_length(key.first);
              const auto count = [&](int level, int days, ports::UptimeSums::Sum& sum) {
                if (key.first == level && closed <= now && closed > now - hours{24 * days}) {
                  sum.up += tally.up;
                  sum.down += tally.down;
                }
              };
              count(0, 1, sums[i].day);
              count(0, 7, sums[i].week);
              count(1, 30, sums[i].month);
              count(1, 90, sums[i].quarter);
            }
          }
          answer(std::move(sums));
        });
}

void MemoryStore::read_rollups(std::string monitor, alert::RollupLevel level, Instant from,
                               std::size_t limit, Answer<std::vector<ports::RollupRow>> answer) {
  TOCSIN_ASSERT(limit > 0);
  later(options_.read_latency, [this, monitor = std::move(monitor), level, from, limit,
                                answer = std::move(answer)]() mutable {
    std::vector<ports::RollupRow> found;
    for (const auto& [key, tally] : rollups_of(contents_, monitor)) {
      if (key.first == level_number(level) && key.second >= unix_ms(from) && found.size() < limit) {
        found.push_back({monitor, {level, from_unix_ms(key.second), tally}});
      }
    }
    answer(std::move(found));
  });
}

void MemoryStore::read_outbox_depth(Answer<std::uint64_t> answer) {
  later(options_.read_latency,
        [this, answer = std::move(answer)]() mutable { answer(contents_.outbox.size()); });
}

void MemoryStore::backup(std::string /*path*/, Done done) {
  later(options_.read_latency, [done = std::move(done)]() mutable { done({}); });
}

ports::Store::Stats MemoryStore::stats() const {
  Stats stats = stats_;
  stats.queued = waiting_;
  return stats;
}

}  // namespace tocsin::test
