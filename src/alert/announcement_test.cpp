#include <gtest/gtest.h>

#include "alert/memory.hpp"

namespace tocsin::alert {
namespace {

using namespace std::chrono_literals;
using Names = std::vector<std::string>;

constexpr Instant kOpened = from_unix_ms(1'795'250'912'007);

Announcement opened() {
  Announcement out;
  out.opening.type = "went_down";
  out.opening.id = "01HF";
  out.opening.at = kOpened;
  return out;
}

Recipient to(std::string channel, Milliseconds after = 0ms) {
  return {std::move(channel), {}, {}, after};
}

TEST(Announcement, TellsAnOpeningAtOnceAndOnce) {
  Announcement announcement = opened();
  const std::vector recipients{to("ops"), to("page"), to("ops")};
  EXPECT_EQ(due_openings(announcement, recipients, kOpened), (Names{"ops", "page"}));
  announcement.told = {"ops"};
  EXPECT_EQ(due_openings(announcement, recipients, kOpened), (Names{"page"}));
}

TEST(Announcement, TellsNobodyWhileItIsHeldAndThenEverybody) {
  Announcement announcement = opened();
  const std::vector recipients{to("ops"), to("page", 10min)};
  for (const Hold hold :
       {Hold::silenced, Hold::flapping, Hold::waits_for_parent, Hold::parent_down}) {
    announcement.hold = hold;
    EXPECT_EQ(due_openings(announcement, recipients, kOpened + 1h), Names{});
  }
  announcement.hold = Hold::none;
  EXPECT_EQ(due_openings(announcement, recipients, kOpened + 1h), (Names{"ops", "page"}));
}

TEST(Announcement, EscalatesAfterItsTimeUnlessAcknowledged) {
  Announcement announcement = opened();
  announcement.told = {"ops"};
  const std::vector recipients{to("ops"), to("page", 10min)};
  EXPECT_EQ(next_escalation(announcement, recipients), kOpened + 10min);
  EXPECT_EQ(due_openings(announcement, recipients, kOpened + 10min - 1ms), Names{});
  EXPECT_EQ(due_openings(announcement, recipients, kOpened + 10min), (Names{"page"}));
  announcement.acknowledgement = {"ann", "", kOpened + 1min, Instant{}};
  EXPECT_EQ(due_openings(announcement, recipients, kOpened + 10min), Names{});
  announcement.acknowledgement->until = kOpened + 20min;
  EXPECT_EQ(due_openings(announcement, recipients, kOpened + 19min), Names{});
  EXPECT_EQ(due_openings(announcement, recipients, kOpened + 20min), (Names{"page"}));
  announcement.told = {"ops", "page"};
  EXPECT_EQ(next_escalation(announcement, recipients), std::nullopt);
}

TEST(Announcement, IsLookedAtAgainWhenTimeAloneMayChangeWhoIsTold) {
  Announcement announcement = opened();
  announcement.told = {"ops"};
  announcement.last_told = kOpened;
  const std::vector recipients{to("ops"), to("page", 10min)};
  EXPECT_EQ(next_look(announcement, recipients, 0ms), kOpened + 10min);
  EXPECT_EQ(next_look(announcement, recipients, 7min), kOpened + 7min);
  EXPECT_EQ(next_look(announcement, std::vector{to("ops")}, 0ms), std::nullopt);
  announcement.hold = Hold::silenced;  // which may end at any time
  EXPECT_EQ(next_look(announcement, recipients, 7min), Instant{});
  announcement = opened();
  EXPECT_EQ(next_look(announcement, std::vector<Recipient>{}, 7min), std::nullopt)
      << "nobody is reminded who was not told";
}

TEST(Announcement, AcknowledgingDoesNotKeepTheFirstFromBeingTold) {
  Announcement announcement = opened();
  announcement.acknowledgement = {"ann", "", kOpened, Instant{}};
  EXPECT_EQ(due_openings(announcement, std::vector{to("ops")}, kOpened), (Names{"ops"}));
}

TEST(Announcement, TellsTheEndToThoseWhoWereToldOfTheOpening) {
  Announcement announcement = opened();
  announcement.told = {"ops", "gone"};
  announcement.hold = Hold::silenced;  // set after it was told
  const std::vector recipients{to("ops"), to("page", 10min)};
  EXPECT_EQ(followers(announcement, recipients, EventType::recovered), (Names{"ops", "gone"}));
  EXPECT_EQ(followers(opened(), recipients, EventType::recovered), Names{});
}

TEST(Announcement, RespectsTypesAndSeveritiesOfAnEntry) {
  Announcement announcement = opened();
  announcement.opening.severity = Severity::warning;
  const std::vector<Recipient> recipients{{"critical", {}, {Severity::critical}, 0ms},
                                          {"opens", {EventType::went_down}, {}, 0ms},
                                          {"both", {}, {Severity::warning, Severity::info}, 0ms}};
  EXPECT_EQ(due_openings(announcement, recipients, kOpened), (Names{"opens", "both"}));
  announcement.told = {"opens", "both"};
  EXPECT_EQ(followers(announcement, recipients, EventType::recovered), (Names{"both"}));
}

TEST(Announcement, UnknownNeverPagesUnlessAsked) {
  EXPECT_FALSE(wants(to("ops"), EventType::became_unknown, Severity::warning));
  EXPECT_TRUE(wants({"ops", {EventType::became_unknown}, {}, 0ms}, EventType::became_unknown,
                    Severity::warning));
  EXPECT_EQ(note_recipients(std::vector{to("ops"), to("page", 1min)}, EventType::flapping_started,
                            Severity::warning),
            (Names{"ops"}));
}

TEST(Announcement, RemindsThoseWhoWereToldUntilAcknowledged) {
  Announcement announcement = opened();
  announcement.last_told = kOpened;
  EXPECT_FALSE(reminder_due(announcement, 1h, kOpened + 1h)) << "nobody was told";
  announcement.told = {"ops"};
  EXPECT_FALSE(reminder_due(announcement, 0ms, kOpened + 1h)) << "no reminders wanted";
  EXPECT_FALSE(reminder_due(announcement, 1h, kOpened + 1h - 1ms));
  EXPECT_TRUE(reminder_due(announcement, 1h, kOpened + 1h));
  announcement.hold = Hold::silenced;
  EXPECT_FALSE(reminder_due(announcement, 1h, kOpened + 1h));
  announcement.hold = Hold::none;
  announcement.acknowledgement = {"ann", "", kOpened, Instant{}};
  EXPECT_FALSE(reminder_due(announcement, 1h, kOpened + 1h));
}

TEST(AlertMemory, IsReadBackAsItWasWritten) {
  AlertMemory memory;
  EXPECT_EQ(to_json(memory), "");
  EXPECT_TRUE(parse_alert_memory("").empty());
  memory.incident = opened();
  memory.incident->told = {"ops", "a \"b\""};
  memory.incident->hold = Hold::parent_down;
  memory.incident->held_by = "database";
  memory.incident->wait_until = kOpened + 10s;
  memory.incident->last_told = kOpened + 1s;
  memory.incident->acknowledgement = {"ann", "on it", kOpened + 2s, kOpened + 1h};
  memory.flap = {0b1011, true};
  memory.flap_told = {"ops"};
  const AlertMemory read = parse_alert_memory(to_json(memory));
  EXPECT_EQ(to_json(read), to_json(memory));
  EXPECT_EQ(read.incident->hold, Hold::parent_down);
  EXPECT_EQ(read.flap, memory.flap);
  EXPECT_TRUE(parse_alert_memory("{garbage").empty());
}

TEST(Flapping, StartsAtSixChangesAmongTwentyAndEndsAtTwo) {
  FlapMemory memory;
  int taken = 0;
  const auto take = [&](bool changed) {
    const FlapStep step = count_change(memory, check::Status::up, changed);
    memory = step.next;
    ++taken;
    return step.event;
  };
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(take(true), std::nullopt);
    EXPECT_EQ(take(false), std::nullopt);
  }
  EXPECT_EQ(take(true), EventType::flapping_started);
  EXPECT_EQ(take(true), std::nullopt) << "told once";
  taken = 0;
  while (taken < 30 && take(false) != EventType::flapping_ended) {
  }
  EXPECT_EQ(taken, 17) << "until all but two changes are older than twenty outcomes";
  EXPECT_FALSE(memory.flapping);
}

TEST(Flapping, PassesOverUnknownOutcomesAndSlowChanges) {
  FlapMemory memory{0b111111, false};
  EXPECT_EQ(count_change(memory, check::Status::unknown, false).next, memory);
  memory = {};
  for (int i = 0; i < 200; ++i) {
    const FlapStep step = count_change(memory, check::Status::up, i % 4 == 0);
    memory = step.next;
    EXPECT_EQ(step.event, std::nullopt);
  }
}

}  // namespace
}  // namespace tocsin::alert
