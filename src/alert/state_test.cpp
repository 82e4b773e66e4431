#include "alert/state.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tocsin::alert {
namespace {

using namespace std::chrono_literals;
using check::Reason;
using check::Status;

constexpr Instant kBegin = from_unix_ms(1'700'000'000'000);

// Outcomes: `u` up, `d` down, `?` unknown. What each leads to: the state (n new, u, d, ?) and the
// event: ! went_down, + recovered, ~ became_unknown.
struct Row {
  const char* rule;
  Thresholds thresholds;
  std::string_view outcomes;
  std::string_view leads_to;
};

std::string shown(const Step& step) {
  constexpr std::string_view kStates = "nud?";
  std::string out(1, kStates[static_cast<std::size_t>(step.next.state)]);
  if (step.event) {
    out += step.event == EventType::went_down   ? '!'
           : step.event == EventType::recovered ? '+'
                                                : '~';
  }
  return out;
}

Status status_of(char c) {
  return c == 'u' ? Status::up : c == 'd' ? Status::down : Status::unknown;
}
Reason reason_of(char c) {
  return c == 'u' ? Reason::none : c == 'd' ? Reason::connect : Reason::resolver;
}

class Rules : public ::testing::TestWithParam<Row> {};

TEST_P(Rules, LeadFromOutcomesToStatesAndEvents) {
  const Row& row = GetParam();
  MonitorState state;
  std::string seen;
  Instant now = kBegin;
  for (const char c : row.outcomes) {
    const Step step = judge(state, row.thresholds, status_of(c), reason_of(c), now, now + 1s);
    EXPECT_EQ(step.state_changed, step.next.state != state.state) << row.rule;
    seen += (seen.empty() ? "" : " ") + shown(step);
    state = step.next;
    now += 60s;
  }
  EXPECT_EQ(seen, row.leads_to) << row.rule;
}

constexpr Thresholds kDefault{3, 3, 1};
constexpr Thresholds kThreeOfFive{3, 5, 1};

INSTANTIATE_TEST_SUITE_P(
    Table, Rules,
    ::testing::Values(
        Row{"new is up after one success", kDefault, "u", "u"},
        Row{"also where recovery takes more", {3, 3, 5}, "u", "u"},
        Row{"new is down after fail_after failures", kDefault, "ddd", "n n d!"},
        Row{"new is unknown after fail_after unknowns", kDefault, "???", "n n ?~"},
        Row{"new waits while neither is settled", kDefault, "dd??dd", "n n n n d! d"},
        Row{"up goes down after fail_after failures", kDefault, "uddd", "u u u d!"},
        Row{"a success starts the count anew", kDefault, "uddudd", "u u u u u u"},
        Row{"fail_after 1 goes down at once", {1, 1, 1}, "ud", "u d!"},
        Row{"down is told once", kDefault, "ddddd", "n n d! d d"},
        Row{"one success recovers", kDefault, "dddu", "n n d! u+"},
        Row{"recover_after takes successes in a row", {1, 1, 3}, "duuduuu", "d! d d d d d u+"},
        Row{"a failure after recovery is one failure", kDefault, "dddud", "n n d! u+ u"},
        Row{"and the third goes down again", kDefault, "dddudddu", "n n d! u+ u u d! u+"},
        Row{"3 of 5 counts scattered failures", kThreeOfFive, "udududu", "u u u u u d! u+"},
        Row{"3 of 5 forgets the sixth last", kThreeOfFive, "duuduud", "n u u u u u u"},
        Row{"3 of 5 takes the fifth last", kThreeOfFive, "duudd", "n u u u d!"},
        Row{"the window is empty after recovery", kThreeOfFive, "dddudd", "n n d! u+ u u"},
        Row{"and fills again", kThreeOfFive, "dddudduud", "n n d! u+ u u u u d!"},
        Row{"an unknown breaks no run of failures", kDefault, "ud?d?d", "u u u u u d!"},
        Row{"an unknown fills no place in the window", kThreeOfFive, "d?u?u?d?d",
            "n n u u u u u u d!"},
        Row{"an unknown breaks no run of successes", {1, 1, 2}, "du??u", "d! d ?~ ? u+"},
        Row{"few unknowns change nothing", kDefault, "u??u??d", "u u u u u u u"},
        Row{"a known outcome starts the unknowns anew", kDefault, "??d??d??", "n n n n n n n n"},
        Row{"unknown is told once", kDefault, "u?????", "u u u ?~ ? ?"},
        Row{"unknown without incident is up after one success", {2, 2, 3}, "u??u", "u u ?~ u"},
        Row{"unknown without incident stays until failures settle it", kDefault, "u???ddd",
            "u u u ?~ ? ? d!"},
        Row{"failures before unknown count on", kDefault, "udd???d", "u u u u u ?~ d!"},
        Row{"unknown keeps the incident; a failure is down again, untold", kDefault, "ddd???d",
            "n n d! d d ?~ d"},
        Row{"unknown keeps the incident; a success closes it", kDefault, "ddd???u",
            "n n d! d d ?~ u+"},
        Row{"a success of several leaves unknown unknown", {1, 1, 2}, "d?uu", "d! ?~ ? u+"},
        Row{"unknown, down, unknown tells the second too", {1, 1, 1}, "d?d?u", "d! ?~ d ?~ u+"},
        Row{"32 of 32 is the widest window",
            {32, 32, 1},
            "dddddddddddddddddddddddddddddddd",
            "n n n n n n n n n n n n n n n n n n n n n n n n n n n n n n n d!"},
        Row{"thresholds of zero are taken as one", {0, 0, 0}, "du", "d! u+"},
        Row{"a window below the count is taken as the count", {2, 1, 1}, "dd", "n d!"}));

// Judges a script from `state` on, one outcome a minute, each one second long.
struct History {
  MonitorState state;
  Instant now = kBegin;
  Step last;

  void play(std::string_view outcomes, const Thresholds& thresholds) {
    for (const char c : outcomes) {
      last = judge(state, thresholds, status_of(c), reason_of(c), now, now + 1s);
      state = last.next;
      now += 60s;
    }
  }
};

TEST(Incident, OpensAtTheOutcomeThatDecidesAndIsTheSameInRecovery) {
  History run;
  run.play("uddd", kDefault);
  EXPECT_EQ(run.state.incident_opened, kBegin + 181s);
  EXPECT_EQ(run.last.incident, kBegin + 181s);
  EXPECT_EQ(run.state.since, kBegin + 181s);
  EXPECT_EQ(run.state.reason, Reason::connect);
  run.play("u", kDefault);
  EXPECT_EQ(run.last.incident, kBegin + 181s);
  EXPECT_FALSE(run.state.incident_open());
  EXPECT_EQ(run.state.reason, Reason::none);
}

TEST(Incident, OutageLastsFromTheFirstFailureToTheFirstSuccess) {
  History run;
  run.play(
      "u"
      "ddd"
      "d?d"
      "u",
      kDefault);
  EXPECT_EQ(run.last.outage, 6 * 60s);
  History slow;
  slow.play(
      "u"
      "ddd"
      "u"
      "d"
      "uu",
      {3, 3, 2});
  EXPECT_EQ(slow.last.event, EventType::recovered);
  EXPECT_EQ(slow.last.outage, 5 * 60s);  // to the first of the two that count
}

TEST(Incident, OutageCountsTheFailuresThatNoSuccessInterrupted) {
  History run;
  run.play(
      "dudd"
      "u",
      kThreeOfFive);
  EXPECT_EQ(run.last.outage, 2 * 60s);
  History across_unknown;
  across_unknown.play(
      "ud?dd"
      "u",
      kDefault);
  EXPECT_EQ(across_unknown.last.outage, 4 * 60s);
}

TEST(Incident, BecomingUnknownNamesTheOpenIncident) {
  History run;
  run.play("ddd", kDefault);
  const Instant opened = run.state.incident_opened;
  run.play("???", kDefault);
  EXPECT_EQ(run.last.event, EventType::became_unknown);
  EXPECT_EQ(run.last.incident, opened);
  EXPECT_EQ(run.state.reason, Reason::resolver);
  History without;
  without.play("???", kDefault);
  EXPECT_EQ(without.last.incident, Instant{});
}

TEST(Incident, NoOutageIsNegativeWhenTheWallClockStepsBack) {
  History run;
  run.play("ddd", kDefault);
  run.now -= 2h;
  run.play("u", kDefault);
  EXPECT_EQ(run.last.event, EventType::recovered);
  EXPECT_EQ(run.last.outage, 0ms);
}

TEST(Incident, OpensOnAMachineWhoseClockWasNeverSet) {
  const Step step =
      judge({}, {1, 1, 1}, Status::down, Reason::connect, from_unix_ms(0), from_unix_ms(0));
  EXPECT_TRUE(step.next.incident_open());
  EXPECT_EQ(step.incident, step.next.incident_opened);
}

TEST(Reasons, FollowTheLatestOutcomeThatSaysWhy) {
  History run;
  run.play("ddd", kDefault);
  run.state = judge(run.state, kDefault, Status::down, Reason::timeout, run.now, run.now).next;
  EXPECT_EQ(run.state.reason, Reason::timeout);
  run.play("?", kDefault);
  EXPECT_EQ(run.state.reason, Reason::timeout);
}

TEST(ThresholdChange, AppliesToWhatIsRemembered) {
  History run;
  run.play("udd", kDefault);
  run.play("d", {3, 3, 1});
  EXPECT_EQ(run.last.event, EventType::went_down);
  History looser;
  looser.play("udd", kDefault);
  looser.play("d", {5, 5, 1});
  EXPECT_EQ(looser.last.event, std::nullopt);
  History stricter;
  stricter.play("uddudd", {5, 6, 1});
  stricter.play("u", {2, 6, 1});
  EXPECT_EQ(stricter.state.state, State::up) << "a success never goes down";
  stricter.play("d", {2, 6, 1});
  EXPECT_EQ(stricter.last.event, EventType::went_down);
}

TEST(ThresholdChange, OfRecoveryClosesAtTheNextSuccess) {
  History run;
  run.play("duu", {1, 1, 9});
  EXPECT_TRUE(run.state.incident_open());
  run.play("u", {1, 1, 2});
  EXPECT_EQ(run.last.event, EventType::recovered);
  EXPECT_EQ(run.last.outage, 60s);
}

TEST(ThresholdChange, NeverClosesOrOpensAnythingByItself) {
  History run;
  run.play("ddd", kDefault);
  run.play("d", {9, 20, 1});
  EXPECT_EQ(run.state.state, State::down);
  EXPECT_TRUE(run.state.incident_open());
}

TEST(Removal, ClosesTheOpenIncidentOnce) {
  History run;
  run.play("ddd", kDefault);
  const Step step = close_removed(run.state, run.now);
  EXPECT_EQ(step.event, EventType::recovered);
  EXPECT_EQ(step.outage, 3 * 60s);
  EXPECT_EQ(step.incident, run.state.incident_opened);
  EXPECT_FALSE(step.next.incident_open());
  EXPECT_EQ(close_removed(step.next, run.now).event, std::nullopt);
}

TEST(Removal, WithoutAnIncidentChangesNothing) {
  History run;
  run.play("u", kDefault);
  const Step step = close_removed(run.state, run.now);
  EXPECT_EQ(step.event, std::nullopt);
  EXPECT_EQ(step.next, run.state);
  EXPECT_FALSE(step.state_changed);
}

TEST(Retry, IsWantedWhileAFailureIsNotSettled) {
  History run;
  run.play("u", kDefault);
  EXPECT_FALSE(wants_retry(run.state, Status::up));
  run.play("d", kDefault);
  EXPECT_TRUE(wants_retry(run.state, Status::down));
  run.play("?", kDefault);
  EXPECT_FALSE(wants_retry(run.state, Status::unknown));
  run.play("dd", kDefault);
  EXPECT_FALSE(wants_retry(run.state, Status::down)) << "the incident is open";
}

TEST(Names, AreStableAndReadBack) {
  EXPECT_EQ(to_string(State::fresh), "new");
  for (const State state : {State::fresh, State::up, State::down, State::unknown}) {
    EXPECT_EQ(parse_state(to_string(state)), state);
  }
  EXPECT_EQ(parse_state("fresh"), std::nullopt);
  EXPECT_EQ(parse_state(""), std::nullopt);
  EXPECT_EQ(to_string(EventType::went_down), "went_down");
  EXPECT_EQ(to_string(EventType::recovered), "recovered");
  EXPECT_EQ(to_string(EventType::became_unknown), "became_unknown");
}

}  // namespace
}  // namespace tocsin::alert
