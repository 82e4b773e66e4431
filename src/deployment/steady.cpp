// E: once the deployment is finished: scaling, crashes, flapping.

#include <algorithm>

#include "deployment/judge.hpp"

namespace tocsin::deployment {

std::string Judge::episode_key() const {
  return s_.deployment + "/" + std::to_string(unix_ms(s_.recovery.episode));
}

std::string Judge::scaling_key() const {
  return s_.deployment + "/" + std::to_string(s_.desired) + "/" +
         std::to_string(unix_ms(s_.scaling.first_seen));
}

void Judge::steady(const Snapshot& snapshot, const Deployment& primary) {
  if (snapshot.scheduling == Scheduling::daemon) {
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
      scaling = Scaling{Scaling::Step::pending, s_.desired, now_, now_, false};
    }
    scaling.since = now_;
    s_.desired = snapshot.desired;
  }
  if (scaling.step == Scaling::Step::pending && now_ - scaling.since >= options_.scale_debounce) {
    if (s_.desired == scaling.from) {
      scaling = Scaling{};
    } else {
      scaling.step = Scaling::Step::told;
      scaling.since = now_;
      Notice scaled = notice(NoticeType::scaled);
      scaled.from = scaling.from;
      scaled.to = s_.desired;
      scaled.key = scaled.thread = scaling_key();
      notices.push_back(std::move(scaled));
    }
  }
  if (scaling.step == Scaling::Step::told) {
    look_at_scaling(snapshot, primary);
  }
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

void Judge::crash(const Snapshot& snapshot, const Deployment& primary) {
  const bool enough = primary.running >= snapshot.desired;
  // From nothing to something is a scaling; a daemon's nodes may all be replaced at once.
  const bool outage = primary.running == 0 && snapshot.desired > 0 && s_.running > 0 &&
                      snapshot.scheduling != Scheduling::daemon;
  if (s_.scaling.step != Scaling::Step::none && primary.running != snapshot.desired && !outage) {
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
