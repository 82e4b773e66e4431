// E: once the deployment is finished: scaling, crashes, flapping.

#include <algorithm>

#include "deployment/judge.hpp"

namespace tocsin::deployment {

std::string Judge::episode_key() const {
  return s_.deployment + "/" + std::to_string(unix_ms(s_.recovery.episode));
}

std::string Judge::scaling_key(std::int64_t to, Instant first_seen) const {
  return s_.deployment + "/" + std::to_string(to) + "/" + std::to_string(unix_ms(first_seen));
}

std::string Judge::scaling_key() const { return scaling_key(s_.desired, s_.scaling.first_seen); }

void Judge::steady(const Snapshot& snapshot, const Deployment& primary) {
  if (snapshot.scheduling == Scheduling::daemon) {
    if (snapshot.desired > s_.desired) {
      s_.scaling.since = now_;  // instances came: their tasks take a while
    }
    s_.desired = snapshot.desired;  // follows the fleet: nobody scales it
  } else {
    scale(snapshot, primary);
  }
  crash(snapshot, primary);
}

void Judge::scale(const Snapshot& snapshot, const Deployment& primary) {
  Scaling& scaling = s_.scaling;
  if (snapshot.desired != s_.desired) {
    if (scaling.step != Scaling::Step::pending) {
      Scaling next{Scaling::Step::pending, s_.desired, now_, now_};
      if (scaling.step == Scaling::Step::told) {
        next.told_since = scaling.since;
        next.told_first_seen = scaling.first_seen;
        next.told_late = scaling.timeout_told;
      }
      scaling = next;
    }
    scaling.since = now_;
    s_.desired = snapshot.desired;
  }
  if (scaling.step == Scaling::Step::pending && now_ - scaling.since >= options_.scale_debounce) {
    settle_scaling();
  }
  if (scaling.step == Scaling::Step::told) {
    look_at_scaling(snapshot, primary);
  }
}

// It held for long enough: it is told, or was taken back, and what was told before goes on.
void Judge::settle_scaling() {
  Scaling& scaling = s_.scaling;
  const bool replaces = scaling.told_first_seen != Instant{};
  if (s_.desired == scaling.from) {
    scaling = replaces ? Scaling{Scaling::Step::told, s_.desired, scaling.told_since,
                                 scaling.told_first_seen, scaling.told_late}
                       : Scaling{};
    return;
  }
  Notice scaled = notice(NoticeType::scaled);
  scaled.from = scaling.from;
  scaled.to = s_.desired;
  scaled.key = scaled.thread = scaling_key();
  if (replaces) {
    scaled.replaces = scaling_key(scaling.from, scaling.told_first_seen);
  }
  scaling = Scaling{Scaling::Step::told, scaling.from, now_, scaling.first_seen};
  notices.push_back(std::move(scaled));
}

void Judge::look_at_scaling(const Snapshot& snapshot, const Deployment& primary) {
  Scaling& scaling = s_.scaling;
  if (primary.running == snapshot.desired && primary.pending == 0) {
    Notice finished = notice(NoticeType::finished);
    finished.subject = Subject::scale;
    finished.key = finished.thread = scaling_key();
    finished.duration = now_ - scaling.since;
    scaling = Scaling{};
    notices.push_back(std::move(finished));
  } else if (now_ - scaling.since > options_.timeout && !scaling.timeout_told) {
    scaling.timeout_told = true;
    Notice late = notice(NoticeType::timeout);
    late.subject = Subject::scale;
    late.key = late.thread = scaling_key();
    late.age = now_ - scaling.since;
    late.timeout = options_.timeout;
    notices.push_back(std::move(late));
  }
}

// The tasks of a daemon on instances that came are waited for, as long as none that ran is lost.
bool Judge::grows(const Deployment& primary, bool enough) {
  if (enough || primary.running < s_.running) {
    s_.scaling.since = Instant{};
  }
  return s_.scaling.since != Instant{} && now_ - s_.scaling.since <= options_.timeout &&
         !s_.recovery.going_on;
}

void Judge::crash(const Snapshot& snapshot, const Deployment& primary) {
  const bool enough = primary.running >= snapshot.desired;
  // From nothing to something is a scaling; a daemon's nodes may all be replaced at once.
  const bool outage = primary.running == 0 && snapshot.desired > 0 && s_.running > 0 &&
                      snapshot.scheduling != Scheduling::daemon;
  if (s_.scaling.step != Scaling::Step::none && primary.running != snapshot.desired && !outage) {
    return;
  }
  if (snapshot.scheduling == Scheduling::daemon && grows(primary, enough)) {
    return;
  }
  if (s_.recovery.flapping) {
    flap(enough);
  } else if (outage) {
    run_short(Impact::outage, snapshot, true);
  } else if (enough) {
    s_.dips = 0;
    if (s_.recovery.going_on) {
      recover();
    }
  } else if (!s_.recovery.going_on && ++s_.dips >= options_.partial_crash_polls) {
    run_short(primary.running == 0 ? Impact::outage : Impact::partial, snapshot, true);
  }
}

void Judge::run_short(Impact impact, const Snapshot& snapshot, bool may_flap) {
  Recovery& recovery = s_.recovery;
  if (!recovery.going_on) {
    recovery.began = now_;
  }
  recovery.going_on = true;
  recovery.episode = now_;
  s_.dips = 0;
  std::erase_if(recovery.episodes,
                [this](Instant begun) { return now_ - begun > options_.flap_window; });
  recovery.episodes.push_back(now_);
  Notice crashed = notice(NoticeType::recovering);
  crashed.impact = impact;
  crashed.key = episode_key();
  crashed.thread = s_.deployment + "/" + std::to_string(unix_ms(recovery.began));
  crashed.desired = snapshot.desired;
  const Deployment* primary = snapshot.primary();
  crashed.running = primary != nullptr ? primary->running : 0;
  crashed.failed_tasks = primary != nullptr ? primary->failed : 0;
  const auto episodes = static_cast<std::int64_t>(recovery.episodes.size());
  if (may_flap && episodes >= options_.flap_threshold) {
    recovery.flapping = recovery.short_now = true;
    recovery.flaps = episodes;
    recovery.enough_since = Instant{};
    crashed.flapping = true;
    crashed.episodes = episodes;
  }
  notices.push_back(std::move(crashed));
}

// Counted and not told, until there have been enough tasks for a while.
void Judge::flap(bool enough) {
  Recovery& recovery = s_.recovery;
  if (!enough) {
    recovery.flaps += recovery.short_now ? 0 : 1;
    recovery.short_now = true;
    recovery.enough_since = Instant{};
    return;
  }
  if (recovery.short_now) {
    recovery.short_now = false;
    recovery.enough_since = now_;
  }
  if (now_ - recovery.enough_since >= options_.flap_quiet) {
    recover();
  }
}

void Judge::recover() {
  Recovery& recovery = s_.recovery;
  Notice recovered = notice(NoticeType::finished);
  recovered.subject = Subject::recover;
  recovered.key = episode_key();
  recovered.thread = s_.deployment + "/" + std::to_string(unix_ms(recovery.began));
  recovered.duration = now_ - recovery.began;
  recovered.flapping = recovery.flapping;
  if (recovery.flapping) {
    recovered.episodes = recovery.flaps;
    recovery = Recovery{};
  } else {
    recovery.going_on = false;
  }
  s_.steady_since = now_;
  notices.push_back(std::move(recovered));
}

}  // namespace tocsin::deployment
