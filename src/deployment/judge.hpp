#pragma once
// The inside of observe(): one observation being judged. The groups are those of docs/ecs.md:
// B first sight, C identity, D while it goes on, E once it is finished.

#include <string>
#include <vector>

#include "deployment/observe.hpp"

namespace tocsin::deployment {

class Judge {
 public:
  Judge(ServiceState& state, Instant now, const Options& options, bool fleet_known)
      : s_(state), now_(now), options_(options), fleet_known_(fleet_known) {}

  // observe.cpp
  void missing();
  void answered(const Snapshot& snapshot);

  std::vector<Notice> notices;

 private:
  // observe.cpp
  void unavailable(const Snapshot& snapshot);
  [[nodiscard]] bool replaced(const Snapshot& snapshot) const;
  [[nodiscard]] bool returns(const Snapshot& snapshot);
  void go();
  void remember(const Snapshot& snapshot, const Deployment& primary);
  // identity.cpp
  void first_sight(const Snapshot& snapshot, const Deployment& primary);
  [[nodiscard]] bool stale(const Snapshot& snapshot, const Deployment& primary);
  void shift_back(const Snapshot& snapshot, const Deployment& primary);
  void adopt(const Deployment& primary);
  void follow(const Snapshot& snapshot, const Deployment& primary);
  void roll_back(const Snapshot& snapshot, const Deployment& primary, const std::string& from);
  void rolled_back_unseen(const Snapshot& snapshot, const Deployment& primary);
  void begin(const Deployment& primary, bool rollback);
  void announce(Notice started);  // what begin() made the one that is followed
  void note_rollback();
  [[nodiscard]] bool rollback_evidence(const Snapshot& snapshot, const Deployment& primary) const;
  [[nodiscard]] std::vector<Skipped> skipped(const Snapshot& snapshot,
                                             const Deployment& primary) const;
  // rollout.cpp
  void going_on(const Snapshot& snapshot, const Deployment& primary);
  void failed(const Snapshot& snapshot);
  void look_for_failure(const Snapshot& snapshot, const Deployment& primary);
  void look_at_age(const Snapshot& snapshot, const Deployment& primary);
  void finish();
  // steady.cpp
  void steady(const Snapshot& snapshot, const Deployment& primary);
  void scale(const Snapshot& snapshot, const Deployment& primary);
  void settle_scaling();
  void look_at_scaling(const Snapshot& snapshot, const Deployment& primary);
  [[nodiscard]] bool grows(const Deployment& primary, bool enough);
  void crash(const Snapshot& snapshot, const Deployment& primary);
  void flap(bool enough);
  void run_short(Impact impact, const Snapshot& snapshot, bool may_flap);
  void recover();

  // Of the deployment that is followed, at this moment.
  [[nodiscard]] Notice notice(NoticeType type) const;
  [[nodiscard]] std::string life_key() const;
  [[nodiscard]] std::string episode_key() const;
  [[nodiscard]] std::string scaling_key() const;
  [[nodiscard]] std::string scaling_key(std::int64_t to, Instant first_seen) const;

  ServiceState& s_;
  Instant now_;
  const Options& options_;
  bool fleet_known_;
};

}  // namespace tocsin::deployment
