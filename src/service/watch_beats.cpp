// Heartbeats: monitors that are not checked but pinged. Pings and deadlines that pass become
// outcomes, and those take the way of all others.

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "base/json_writer.hpp"
#include "check/excerpt.hpp"
#include "service/redaction.hpp"
#include "service/watch_impl.hpp"

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;

// A job that could not reach us tries again for about this long (curl --retry 5): it is heard
// before it is judged by what we missed.
constexpr Microseconds kHearsFirst = 30s;
// Pings on their way to the store. Each is a connection that waits for its answer.
constexpr std::size_t kMostPingsWaiting = 1'000;

// The first `limit` bytes, or fewer: no half of a character.
std::string cut(std::string text, std::uint64_t limit) {
  if (text.size() > limit) {
    auto end = static_cast<std::size_t>(limit);
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
      --end;
    }
    text.resize(end);
  }
  return text;
}

check::Outcome outcome_of(timer::Verdict& verdict, check::Origin origin, std::string_view text) {
  check::Outcome out;
  out.status = verdict.status;
  out.reason = verdict.reason;
  out.message = std::move(verdict.message);
  out.origin = origin;
  out.started = verdict.began;
  out.duration = verdict.at - verdict.began;
  if (!text.empty()) {
    std::string json;
    append_json_string(json, text);
    out.values.push_back({"output", std::move(json)});
    if (verdict.status == check::Status::down) {
      out.evidence = check::output_excerpt(text);
    }
  }
  return out;
}

}  // namespace

std::optional<std::uint32_t> Watch::Impl::find_beat(const PingOf& of) const {
  if (!of.uuid.empty()) {
    const auto found = by_uuid_.find(of.uuid);
    return found == by_uuid_.end() ? std::nullopt : std::optional(found->second);
  }
  const std::size_t at = lower_bound(of.name);
  if (at == by_name_.size()) {
    return std::nullopt;
  }
  const Slot& s = slots_[by_name_[at]];
  return s.pinged() && s.config.name == of.name ? std::optional(by_name_[at]) : std::nullopt;
}

void Watch::Impl::index_beats() {
  by_uuid_.clear();
  for (const std::uint32_t id : by_name_) {
    const Slot& s = slots_[id];
    if (s.pinged() && !s.heartbeat_rules().options.uuid.empty()) {
      by_uuid_.emplace(s.heartbeat_rules().options.uuid, id);
    }
  }
}

// --- When. ---

void Watch::Impl::plan_beat(std::uint32_t id) {
  Slot& s = slots_[id];
  const auto due = timer::next_due(*s.beat, s.heartbeat_rules());
  s.has_plan = due.has_value();
  s.planned = s.beat->expected;
  if (due) {
    const MonoTime deadline{due->time_since_epoch() - wall_lead_};
    s.due = std::max(deadline, listens_since_ + kHearsFirst);
  }
  index_due(id);
}

void Watch::Impl::resume_beat(std::uint32_t id, Instant now) {
  Slot& s = slots_[id];
  if (s.pinged()) {
    timer::adopt(*s.beat, s.heartbeat_rules(), now);
  }
}

// What the store has is of the clock as it was.
void Watch::Impl::step_beat(std::uint32_t id, Instant before, Instant after) {
  Slot& s = slots_[id];
  timer::shift(*s.beat, s.heartbeat_rules(), before, after);
  if (*s.beat != timer::Heartbeat{}) {
    recorder_.touch(id);
  }
  plan_beat(id);
}

// A deadline that passed. While the store refuses, too: pings are known then, only not durable.
void Watch::Impl::beat_due(std::uint32_t id, MonoTime now) {
  Slot& s = slots_[id];
  const bool late = now - s.due > schedule::on_time_tolerance(*s.config.plan, s.planned);
  const std::string said = s.beat->said ? s.beat->said->text : std::string();
  while (auto verdict = timer::judge_due(*s.beat, s.heartbeat_rules(), wall_of(now))) {
    if (s.paused) {
      const std::uint64_t passed = 1 + verdict->skipped;
      count_planned(s, passed);
      count_skipped(id, schedule::Skip::paused, passed);
      continue;
    }
    count_beat(s, *verdict, late);
    judge_beat(id, std::move(*verdict), check::Origin::scheduled, said, nullptr);
  }
  plan_beat(id);
}

// --- What is said. ---

void Watch::Impl::ping(const PingOf& of, timer::Ping ping, ports::Store::Done done) {
  const auto id = find_beat(of);
  if (!id) {
    done(whole_ ? fail(ErrorCode::not_found, "there is no such heartbeat")
                : fail(ErrorCode::unavailable, "it may be in a drop-in that is ignored"));
    return;
  }
  Slot& s = slots_[*id];
  if (stopping_) {
    done(fail(ErrorCode::unavailable, "Tocsin is stopping"));
    return;
  }
  if (s.heartbeat_rules().options.post_only && !of.by_post) {
    done({});
    return;
  }
  if (pings_waiting_ >= kMostPingsWaiting) {
    done(fail(ErrorCode::exhausted, "too many pings wait for the store"));
    return;
  }
  ping.at = wall_of(ports_.clock.mono_now());
  // A job that shows what it called (curl -v) says who may ping.
  const Redactor of_itself({s.heartbeat_rules().options.uuid});
  ping.text = cut(of_itself.redact(redactor_.redact(ping.text)), of.text_limit);
  const std::string text = ping.text;
  timer::Applied applied = timer::apply(*s.beat, s.heartbeat_rules(), std::move(ping));
  if (!applied.accepted) {
    done(fail(ErrorCode::conflict, "too many runs of this heartbeat are open"));
    return;
  }
  ++stats_.pings;
  ++pings_waiting_;
  auto durable = [this, done = std::move(done)](Result<void> result) mutable {
    --pings_waiting_;
    if (result && recorder_.degraded()) {  // in the journal: known, and lost by a kill
      result = fail(ErrorCode::unavailable, "the store refuses writes");
    }
    done(std::move(result));
  };
  if (applied.verdict && !s.paused) {
    count_beat(s, *applied.verdict, false);
    judge_beat(*id, std::move(*applied.verdict), check::Origin::pushed, text,
               [durable = std::move(durable)](Result<std::string>) mutable { durable({}); });
  } else {
    note_beat(*id, std::move(durable));
  }
  plan_beat(*id);
  if (const auto next = agenda_.earliest(); next && next->due < armed_for_) {
    arm();
  }
}

// An outcome of a heartbeat is a planned run that took place: the schedule's or the job's own.
void Watch::Impl::count_beat(Slot& s, const timer::Verdict& verdict, bool late) {
  count_planned(s, 1 + verdict.skipped);
  ++(late ? s.counters.late : s.counters.on_time);
  ++(late ? stats_.counters.late : stats_.counters.on_time);
  s.counters.skip(schedule::Skip::process_down) += verdict.skipped;
  stats_.counters.skip(schedule::Skip::process_down) += verdict.skipped;
}

void Watch::Impl::judge_beat(std::uint32_t id, timer::Verdict verdict, check::Origin origin,
                             std::string_view text, ManualDone done) {
  const Slot& s = slots_[id];
  const bool timed = verdict.timed;
  check::Outcome outcome = outcome_of(verdict, origin, text);
  redact(outcome, redactor_);
  ++stats_.outcomes[static_cast<std::size_t>(outcome.status)];
  if (timed) {
    stats_.duration_by_kind[s.config.check->target.index()].add(outcome.duration);
  }
  Run run;
  run.slot = id;
  run.generation = s.generation;
  run.origin = origin;
  judge(run, std::move(outcome), std::move(done));
}

// What changes nothing but what is known of the job: a start, a log, a ping while paused.
void Watch::Impl::note_beat(std::uint32_t id, ports::Store::Done done) {
  const Slot& s = slots_[id];
  Change change;
  change.slot = id;
  change.incarnation = s.incarnation;
  change.state = s.state;
  change.accounted = s.accounted();
  change.from = s.state.state;
  change.at = ports_.clock.now();
  change.beat = std::make_shared<const timer::Heartbeat>(*s.beat);
  change.done = [this, id, incarnation = s.incarnation,
                 done = std::move(done)](Result<void> result) mutable {
    if (!result && slots_[id].in_use && slots_[id].incarnation == incarnation) {
      recorder_.touch(id);  // known all the same: written when the store is back
    }
    done(std::move(result));
  };
  ports::WriteBatch batch;
  batch.monitors.push_back(record_of(id));
  recorder_.submit(std::move(batch), std::move(change));
}

}  // namespace tocsin::service
