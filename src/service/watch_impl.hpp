#pragma once
// The inside of service::Watch, shared by its .cpp files only.

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/event_id.hpp"
#include "base/redactor.hpp"
#include "check/spec.hpp"
#include "service/agenda.hpp"
#include "service/recorder.hpp"
#include "service/slot.hpp"
#include "service/watch.hpp"

namespace tocsin::service {

// Index in check::kKindNames of monitors that no configuration names.
inline constexpr std::size_t kFoundKind = 3;
static_assert(check::kKindNames[kFoundKind] == "ecs");

class Watch::Impl {
 public:
  Impl(Ports ports, std::uint64_t seed);

  // watch.cpp: life and reading
  Result<void> start(const config::Config& config);
  void stop(std::move_only_function<void()> done);
  [[nodiscard]] MonitorView view(std::size_t index) const;
  [[nodiscard]] std::size_t lower_bound(std::string_view name) const;
  void set_paused(std::uint32_t id, bool paused, ports::Store::Done done);

  // watch_reload.cpp: which monitors there are
  void reload(const config::Config& config);

  // watch_run.cpp: one check from start to judgement
  void check_now(std::uint32_t id, std::move_only_function<void(Result<std::string>)> done);
  // watch_beats.cpp: what is not checked, but pings
  void ping(const PingOf& of, timer::Ping ping, ports::Store::Done done);
  // watch_found.cpp: what no configuration names
  [[nodiscard]] std::vector<FoundRecord> left_behind() const;
  [[nodiscard]] Result<void> follow(const config::Monitor& monitor);
  [[nodiscard]] bool takes_findings(std::uint32_t id);
  void report(std::uint32_t id, Finding finding);
  void unfollow(std::uint32_t id, Finding finding);
  void abandon(std::string_view name);
  [[nodiscard]] Result<void> load_memos();
  void keep_in_mind(std::vector<ports::MemoRow> memos, ports::WriteBatch& batch);
  // watch_alerts.cpp: who is told
  void acknowledge(std::uint32_t id, const std::optional<alert::Acknowledgement>& acknowledgement,
                   ports::Store::Done done);
  void add_silence(alert::Silence silence, SilenceDone done);
  void end_silence(std::string_view id, ports::Store::Done done);
  // Publishes an event that is not of a monitor.
  void publish(alert::Event event, const std::vector<std::string>& channels,
               std::move_only_function<void()> shown);
  [[nodiscard]] std::optional<std::string> silenced_by(std::string_view name, std::string_view kind,
                                                       const alert::Labels& labels) const;

  Ports ports_;
  Recorder recorder_;
  std::vector<std::uint32_t> by_name_;  // slots in name order
  WatchStats stats_;
  std::move_only_function<void(const StateChange&)> observer_;
  Deliver deliver_;
  std::vector<alert::Silence> silences_;
  std::map<std::string, std::string> memos_;
  Redactor redactor_;

  [[nodiscard]] const Slot& slot(std::uint32_t id) const { return slots_[id]; }

 private:
  using ManualDone = std::move_only_function<void(Result<std::string>)>;

  // One check in flight. `started` is wall time, `began` the same moment on the monotonic clock.
  struct Run {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
    check::Origin origin = check::Origin::scheduled;
    bool late = false;
    Instant started{};
    MonoTime began{};
  };

  // watch_plan.cpp: when
  void wake();
  void arm();
  void housekeeping(MonoTime now);
  void notice_sleep(MonoTime now);
  void notice_wall_step(MonoTime now);
  void due(std::uint32_t id, MonoTime now);
  void scheduled_due(std::uint32_t id, MonoTime now);
  void plan_after(std::uint32_t id, Instant after);
  void plan_at(std::uint32_t id, Instant planned);
  void plan_first(std::uint32_t id);
  void index_due(std::uint32_t id);
  void count_planned(Slot& s, std::uint64_t runs);
  void count_skipped(std::uint32_t id, schedule::Skip why, std::uint64_t runs);

  // watch_run.cpp
  struct Start {
    check::Origin origin = check::Origin::scheduled;
    bool late = false;
    bool derived = true;  // of a scheduled run: a restart would know that it was planned
  };
  void start_run(std::uint32_t id, Start start, ManualDone manual);
  void note_start(std::uint32_t id);
  void finish_run(const Run& run, check::Outcome outcome, ManualDone manual);
  void settle_run(Slot& s, const Run& run);
  void excuse_own_stall(const Run& run, check::Outcome& outcome) const;
  void judge(const Run& run, check::Outcome outcome, ManualDone manual);
  void plan_retry(std::uint32_t id, check::Status latest);
  void apply(Change& change);
  void announce(const Change& change);
  [[nodiscard]] alert::Event make_event(const Slot& s, const alert::Step& step, Instant at,
                                        std::string_view reason, std::string_view message);
  // What every event of a monitor has: id, type, severity, who, where, its incident if one is open.
  [[nodiscard]] alert::Event event_of(const Slot& s, alert::EventType type, Instant at);

  // watch_beats.cpp
  [[nodiscard]] std::optional<std::uint32_t> find_beat(const PingOf& of) const;
  void index_beats();
  void plan_beat(std::uint32_t id);
  void beat_due(std::uint32_t id, MonoTime now);
  void resume_beat(std::uint32_t id, Instant now);
  void step_beat(std::uint32_t id, Instant before, Instant after);
  void judge_beat(std::uint32_t id, timer::Verdict verdict, check::Origin origin,
                  std::string_view text, ManualDone done);
  void count_beat(Slot& s, const timer::Verdict& verdict, bool late);
  void note_beat(std::uint32_t id, ports::Store::Done done);

  // What is to be written and sent beside the monitor's own record.
  struct Telling {
    std::vector<alert::Event> events;
    std::vector<ports::OutboxRow> outbox;
  };

  // watch_found.cpp
  [[nodiscard]] std::vector<std::uint32_t> take_found(const config::Config& config);
  void take_outcome(Slot& s, check::Outcome outcome, Change& change, ports::WriteBatch& batch,
                    Telling& telling);
  void tell_news(std::uint32_t id, News news, Instant now, Telling& telling);
  [[nodiscard]] alert::Event event_of_news(const Slot& s, News& news);
  void tell_end(std::uint32_t id, const News& news, alert::Event& event, Instant now,
                Telling& telling);
  void tell_topic(std::uint32_t id, const News& news, alert::Event& event, Instant now,
                  Telling& telling);
  [[nodiscard]] alert::Event reminder_of(const Slot& s, const alert::Topic& topic, Instant now);
  [[nodiscard]] bool settle_topics(std::uint32_t id, Instant now, Telling& telling);
  void index_topics(std::uint32_t id);
  void close_topics(alert::Event event, const alert::Topics& topics, Instant now, Telling& telling);

  // watch_alerts.cpp
  struct ParentVerdict {
    alert::Hold hold = alert::Hold::none;
    std::string name;
    std::uint32_t look_at = 0;  // whose next outcome decides
    Milliseconds wait{0};       // at most so long
  };
  static constexpr Milliseconds kKeepEndedSilences{std::chrono::hours{24 * 7}};
  alert::AlertMemory& memory_of(Slot& s);
  static void forget_if_empty(Slot& s);
  static void address(const alert::Event& event, const std::vector<std::string>& channels,
                      Instant now, Telling& telling);
  [[nodiscard]] std::optional<std::string> quiet_name(const Slot& s) const;
  [[nodiscard]] bool is_gate(const Slot& s) const;
  [[nodiscard]] ParentVerdict ask_parents(const Slot& s) const;
  [[nodiscard]] ParentVerdict ask_parents(const Slot& s,
                                          const std::vector<std::string>& names) const;
  alert::Hold find_hold(std::uint32_t id, alert::Announcement& incident, Instant now);
  void look_again(std::uint32_t id);
  bool settle_incident(std::uint32_t id, Instant now, Telling& telling);
  void count_flap(std::uint32_t id, const alert::Step& step, check::Status status, Instant now,
                  Telling& telling);
  void tell_of(std::uint32_t id, const alert::Step& step, check::Status status, Instant now,
               alert::Event* event, Telling& telling);
  static void tell_recovery(Slot& s, const alert::Event& event, Instant now, Telling& telling);
  void settle_children(std::uint32_t id, bool changed);
  void settle_held();
  void settle_now(std::uint32_t id, Instant now);
  void submit_telling(std::uint32_t id, Instant now, Telling telling, ports::Store::Done done);
  void refresh_quiet(Instant now);
  void alert_tick(Instant now);
  void settle_due(Instant now);
  [[nodiscard]] Result<void> load_silences();
  void index_children();
  void resume_incident(std::uint32_t id);
  void drop_old_silences(Instant now);
  void report_outcome(const Slot& s, check::Status status, const std::string& outcome, Instant at,
                      std::vector<ports::OutboxRow>& outbox) const;

  void resume_accounting(std::uint32_t id, Instant now);

  // watch_reload.cpp
  std::uint32_t take_slot(const config::Monitor& monitor);
  void release_slot(std::uint32_t id);
  void remove_monitor(std::uint32_t id);
  void park_monitor(std::uint32_t id);
  [[nodiscard]] bool unpark_monitor(std::uint32_t id, Instant now);
  void remove_parked();
  void replace_config(std::uint32_t id, const config::Monitor& monitor);
  void drop_runs(std::uint32_t id);
  void sort_names();
  void forget_removed(const std::vector<std::string>& gone,
                      const std::map<std::string, ports::MonitorRecord>& incidents);

  [[nodiscard]] ports::MonitorRecord record_of(std::uint32_t id) const;
  [[nodiscard]] Instant wall_of(MonoTime at) const;

  EventIds ids_;
  config::Limits limits_;
  std::deque<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  Agenda agenda_;
  ports::TimerId timer_ = 0;
  MonoTime armed_for_{};
  bool stopping_ = false;
  std::set<std::uint32_t> open_;  // monitors with an open incident
  // Those of them whose recipients may change with time alone, and when to look again.
  std::map<std::uint32_t, Instant> timed_;
  // From where they are to be looked at; none when all were since the last tick.
  std::optional<std::uint32_t> settle_next_;
  std::map<std::string, std::vector<std::uint32_t>, std::less<>> children_;  // by parent's name
  // Monitors that nobody may look at, while a drop-in that may hold them is broken: neither checked
  // nor shown nor removed.
  struct Parked {
    ports::MonitorRecord record;
    bool counted = false;  // its counters are in stats_
  };
  std::map<std::string, Parked, std::less<>> parked_;
  // Of kind ecs, from the store, until somebody follows or abandons them.
  std::map<std::string, ports::MonitorRecord, std::less<>> left_behind_;
  std::vector<std::string> gates_;  // names; every other monitor depends on each
  std::vector<alert::Maintenance> maintenance_;
  // Who is silenced now, by which name. Points into silences_ and maintenance_.
  std::vector<std::pair<std::string, const alert::Selector*>> quiet_;
  std::uint32_t quiet_epoch_ = 1;  // changes with what is silenced, and with every reload

  std::map<std::string, std::uint32_t, std::less<>> by_uuid_;  // heartbeats
  bool whole_ = true;  // false: a heartbeat that is not known may be in a drop-in that is ignored
  std::size_t pings_waiting_ = 0;  // for the store
  MonoTime listens_since_{};  // nobody could ping before: the process or the machine did not run

  // The wall clock's lead over the monotonic one, as last seen.
  Microseconds wall_lead_{0};
  MonoTime last_wake_{};
  MonoTime next_housekeeping_{};
  MonoTime woke_from_sleep_{};  // a run that began before it did not run all the time
};

}  // namespace tocsin::service
