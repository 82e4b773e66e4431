#pragma once
// From what a file says of a monitor to the monitor: defaults below, plan and check built,
// everything that repeats shared.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/interner.hpp"
#include "config/model.hpp"
#include "config/monitor_fields.hpp"
#include "schedule/cron.hpp"

namespace tocsin::config {

enum class ReferenceKind : std::uint8_t { channel, sink, monitor };

// A name that a monitor's own keys (not its defaults) refer to.
struct Reference {
  ReferenceKind kind = ReferenceKind::channel;
  NamedReference to;
};

struct Resolved {
  Monitor monitor;
  std::vector<Reference> references;
};

// A monitor that cannot be built: what it refers to is judged all the same.
struct Unusable {
  std::string name;
  std::vector<Reference> references;
};

// The names that the draft's own keys refer to.
[[nodiscard]] std::vector<Reference> references_of(const MonitorDraft& draft);

// Caches of one load. Everything handed out stays valid without it.
class Resolver {
 public:
  // `now` begins the 366 days in which the gaps of a schedule are judged.
  explicit Resolver(Instant now) : now_(now) {}

  // What monitors of each kind start from; not `sound`: the section is broken, so that nothing is
  // built, and nothing judged by what only it decides. Call before resolve().
  void set_defaults(const Defaults& defaults, bool sound);

  struct Place {
    Decoder& own;       // of the file that holds the monitor
    Decoder* defaults;  // of the same file when it also holds the defaults, else null
  };
  // Takes the draft apart. nullopt when something is wrong with it or with the defaults: it is
  // reported, and the draft is as it was.
  [[nodiscard]] std::optional<Resolved> resolve(const Place& place, MonitorDraft& draft);

  [[nodiscard]] std::shared_ptr<const MonitorNotes> intern_notes(MonitorNotes notes);

 private:
  struct PlanEntry {
    std::shared_ptr<const schedule::Plan> plan;  // null: `problem` says why
    std::optional<Milliseconds> gap;             // shortest, where there is one
    std::string problem, zone_problem;           // of the schedule and of its time zone
  };
  using SharedZone = Result<std::shared_ptr<const schedule::Zone>>;
  using SharedCron = Result<std::shared_ptr<const schedule::Cron>>;
  const SharedZone& zone_of(const std::string& name);
  const SharedCron& cron_of(const std::string& key, const std::string& text,
                            const std::shared_ptr<const schedule::Zone>& zone);
  const PlanEntry& plan_of(const Common& common);
  PlanEntry build_plan(const Common& common);
  [[nodiscard]] std::shared_ptr<const check::HttpOptions> http_options(const HttpDraft& draft);
  [[nodiscard]] check::CheckSpec spec_of(MonitorDraft& draft);
  [[nodiscard]] Draft<Common> merge(const MonitorDraft& draft) const;
  void judge_broken(const Place& place, const MonitorDraft& draft);
  void report_defaults(const Place& place, const MonitorDraft& draft, std::string_view key,
                       Position at, const std::string& message) const;
  void report_plan(const Place& place, const MonitorDraft& draft, const Common& merged,
                   std::string_view key, const std::string& problem) const;
  void report_timeout(const Place& place, const MonitorDraft& draft, const Common& merged,
                      Milliseconds gap) const;
  [[nodiscard]] bool settle_timeout(const Place& place, const MonitorDraft& draft,
                                    Draft<Common>& merged, const PlanEntry& plan) const;

  Instant now_;
  bool defaults_sound_ = true;
  Draft<Common> http_base_, tcp_base_, heartbeat_base_;
  Draft<Common> http_own_, tcp_own_;  // of defaults.http and defaults.tcp alone
  Draft<check::HttpOptions> http_options_base_;
  Draft<TcpOptions> tcp_options_base_;
  std::shared_ptr<const check::HttpOptions> plain_http_options_;
  std::map<std::string, PlanEntry> plans_;
  std::map<std::string, SharedZone> zones_;
  std::map<std::string, SharedCron> crons_;
  std::map<std::string, std::optional<Milliseconds>> gaps_;
  Interner<check::HttpOptions> options_;
  Interner<MonitorNotes> notes_;
};

}  // namespace tocsin::config
