#pragma once
// Where timers are armed, asked for and disarmed, and where it is noticed that one expired. Lives
// on the timers' loop; what people are to hear goes to the main loop as a Notice and comes back
// when it is in the outbox.
//
// An expiry is claimed in the store before it is told and marked when it is told, so that it is
// told once, whoever dies in between, and also when nobody ran at the deadline.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "ports/loop.hpp"
#include "ports/timer_store.hpp"
#include "service/timers/notice.hpp"
#include "timer/answer.hpp"

namespace tocsin::service {

class TimerDesk {
 public:
  struct Ports {
    ports::Loop& loop;
    const ports::Clock& clock;
    ports::TimerStore& store;
    Logger& log;
  };
  struct Bounds {
    std::size_t singly = 5'000;      // expiries told one by one in a second; more are told together
    std::size_t together = 100'000;  // timers in one notice
    std::size_t marks = 1'000;       // written at once: arming goes on between
    Milliseconds gather{250};        // how long more are awaited when they are told together
  };
  // Takes what is to be told; any thread's business from there. told() follows.
  using Tell = std::move_only_function<void(Notice)>;

  TimerDesk(Ports ports, Tell tell, Bounds bounds);
  ~TimerDesk();
  TimerDesk(const TimerDesk&) = delete;
  TimerDesk& operator=(const TimerDesk&) = delete;

  // At the start and on reload. Without rules nobody hears of expiries. `quiet` as of set_quiet().
  void apply(std::vector<timer::Rule> rules, std::vector<bool> quiet);
  // Of each rule, whether something silences it now; a silenced expiry waits.
  void set_quiet(std::vector<bool> quiet);

  // --- Answers come in the call itself or later. Errors as of ports::TimerStore. ---
  template <typename T>
  using Answer = std::move_only_function<void(Result<T>)>;
  void arm(std::string_view id, std::int64_t seconds, Answer<timer::Answer> answer);
  // nullopt: no such timer. Expired: `remaining` is 0.
  void check(std::string_view id, Answer<std::optional<timer::Answer>> answer);
  // Whether there was one.
  void disarm(std::string_view id, Answer<bool> answer);
  struct Listed {
    std::string id;
    timer::Answer answer;
    std::string rule;  // "" none
  };
  // "" when nobody hears of it.
  [[nodiscard]] std::string rule_name(std::string_view id) const;
  struct List {
    std::vector<Listed> timers;
    std::string next;
  };
  void list(ports::TimerQuery query, Answer<List> answer);
  [[nodiscard]] ports::TimerStore& store() { return ports_.store; }

  // The notice is in the outbox, or nobody wants it.
  void told(Notice notice);

  struct Stats {
    std::uint64_t expired = 0;    // told, each timer counted
    std::uint64_t late = 0;       // of these: more than a second after they were due
    std::uint64_t recovered = 0;  // told
    std::uint64_t waiting = 0;    // expired, in grace or silenced
  };
  [[nodiscard]] Stats stats() const;

 private:
  struct Follow {
    std::string id;
    Instant start{};
    Instant announced{};
    Instant due{};
  };
  // When, and of which id: one that is followed twice is followed once.
  using Followed = std::map<std::pair<Instant, std::string>, Follow>;

  // Timers on their way to be claimed; `together` when they are told as one.
  struct Claim {
    std::vector<timer::Timer> timers;
    std::size_t done = 0;  // of them: the store was asked
    Instant now{};
    Notice together;
  };
  // Until a silence, or a store that refuses, is looked at again.
  static constexpr Milliseconds kLookAgain{1'000};

  void wake();
  void wake_at(Instant due);
  void schedule();
  void take(Result<std::vector<timer::Timer>> due);
  void consider(timer::Timer timer, Instant now);
  void await_grace(timer::Timer timer, Instant now);
  void move_waiting(Instant now);
  void take_ready(timer::Timer timer, const timer::Rule& rule);
  [[nodiscard]] std::vector<timer::Timer> take_silenced();
  // timer_desk_tell.cpp
  void tell_ready(Instant now);
  [[nodiscard]] bool gathering(Instant now);
  [[nodiscard]] Instant name_group(Instant now);
  void claim(std::unique_ptr<Claim> claim);
  void claimed(std::unique_ptr<Claim> claim, const Result<std::vector<bool>>& taken);
  void tell_one(Claim& claim, timer::Timer timer);
  void tell_claimed(Notice notice);
  void tell_recovery(timer::Timer timer, const timer::Missed& missed, Notice::Kind kind,
                     bool suspect);
  void write_marks();
  [[nodiscard]] std::set<const timer::Rule*> told_singly(const std::vector<timer::Timer>& ready);
  // timer_desk_follow.cpp
  void follow(const timer::Timer& timer, const timer::Rule& rule, Instant after);
  void remind(Instant now);
  void remind_again(const Follow& followed);
  void remind_of(timer::Timer timer, const Follow& followed);
  using Groups = std::set<std::pair<std::string, Instant>>;  // rule's name, when it was told
  void count_groups_later();
  void take_census(std::string cursor, Groups seen, bool first);
  void count(const timer::Timer& timer, Groups& seen, bool first);
  void let_go(const timer::Timer& timer);
  void let_go_groups();
  void end_census(Groups seen);
  [[nodiscard]] const timer::Rule* rule_of(std::string_view id) const;
  [[nodiscard]] bool quiet(const timer::Rule& rule) const;
  [[nodiscard]] Notice notice_of(Notice::Kind kind, const timer::Rule& rule) const;

  Ports ports_;
  Tell tell_;
  Bounds bounds_;
  TimerRules rules_;
  TimerRules former_;  // those before, until all timers were looked at once
  std::vector<bool> quiet_;
  std::uint64_t rules_epoch_ = 0;

  ports::TimerId timer_ = 0;
  MonoTime armed_for_ = MonoTime::max();
  bool taking_ = false;
  Instant empty_until_{};
  // Expired, by when it may be told.
  std::multimap<Instant, timer::Timer> waiting_;
  std::vector<timer::Timer> ready_;
  // They may be told but for a silence; by their rule, as in quiet_.
  std::vector<std::vector<timer::Timer>> silenced_;
  Followed followed_;
  Groups groups_;
  bool census_planned_ = false;
  ports::TimerId census_timer_ = 0;
  Instant second_{};  // in which `singly_` were told
  std::size_t singly_ = 0;
  Instant gather_until_{};
  Instant last_group_{};
  std::deque<ports::TimerMark> marks_;  // of what was told, until the store holds them
  bool marking_ = false;
  bool marks_refused_ = false;
  ports::TimerId mark_timer_ = 0;
  Stats stats_;
};

}  // namespace tocsin::service
