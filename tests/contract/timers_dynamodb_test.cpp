// What only a shared table has: other programs that write into it, other processes that announce,
// tables that lack something, and a network that loses, doubles and delays.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <set>

#include "contract/dynamodb_backend.hpp"

namespace tocsin::test {
namespace {

using namespace std::chrono_literals;
using ports::TimerMark;
using testing::AllOf;
using testing::HasSubstr;
using timer::Timer;
using timers_dynamodb::TimersDynamoDb;
using timers_dynamodb::TimersDynamoDbOptions;

class KeptLog final : public Logger {
 public:
  void log(LogLevel /*level*/, std::string_view message,
           std::initializer_list<LogField> /*fields*/) override {
    lines.emplace_back(message);
  }
  std::vector<std::string> lines;
};

class DynamoDbTimers : public ::testing::TestWithParam<const char*> {
 protected:
  DynamoDbTimers() {
    loop_.stand_still();
    loop_.pass_when_stuck(50ms);
    aws::ClientOptions options;
    options.most_attempts = 8;
    options.first_delay = 20ms;
    dynamodb_ = std::make_unique<DynamoDb>(loop_, stand_in_url(GetParam()), options);
  }

  std::unique_ptr<TimersDynamoDb> open(const std::string& table) {
    TimersDynamoDbOptions options;
    options.table = table;
    options.request_deadline = 10min;  // virtual time runs ahead of real answers
    return std::make_unique<TimersDynamoDb>(loop_, loop_, dynamodb_->client(), random_, log_,
                                            options);
  }
  // A process that announces everything.
  std::unique_ptr<TimersDynamoDb> announcer(const std::string& table) {
    auto store = open(table);
    store->watch([](std::string_view) { return true; });
    return store;
  }
  void put(const std::string& table, const std::string& item) {
    const auto done = dynamodb_->call(aws::operation::kPutItem,
                                      R"({"TableName":")" + table + R"(","Item":)" + item + "}");
    ASSERT_TRUE(done) << aws::to_string(done.error());
  }
  std::string foreign(const std::string& id, std::int64_t seconds) {
    return R"({"Timer":{"S":")" + id + R"("},"StartTime":{"N":")" +
           std::to_string(unix_ms(loop_.now()) / 1000) + R"("},"Seconds":{"N":")" +
           std::to_string(seconds) + R"("}})";
  }
  std::vector<std::string> due(TimersDynamoDb& store) {
    std::vector<std::string> ids;
    for (const Timer& timer : take_due(loop_, store)) {
      ids.push_back(timer.id);
    }
    return ids;
  }
  // What becomes due, once what is under way in the background got there.
  std::vector<std::string> due_soon(TimersDynamoDb& store) {
    std::vector<std::string> ids;
    for (int i = 0; i < 300 && ids.empty(); ++i) {
      ids = due(store);
    }
    return ids;
  }

  PumpLoop loop_;
  KeptLog log_;
  Random random_{42};
  std::unique_ptr<DynamoDb> dynamodb_;
};

using Ids = std::vector<std::string>;

TEST_P(DynamoDbTimers, SharesATableWithTheServiceThatItReplaces) {
  const std::string table = fresh_table();
  dynamodb_->create_table(table, false);  // as that service's
  auto store = open(table);
  put(table, foreign("theirs", 30));
  const auto found = find(loop_, *store, "theirs");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->seconds, 30);
  loop_.advance(5s);
  const auto armed = arm(loop_, *store, "theirs", 60);
  ASSERT_TRUE(armed) << armed.error().message;
  EXPECT_EQ(armed->previous->seconds, 30);
  // They arm it again, in place of ours, and know nothing of our attributes.
  loop_.advance(5s);
  put(table, foreign("theirs", 90));
  EXPECT_EQ(find(loop_, *store, "theirs").value()->seconds, 90);
  ASSERT_TRUE(arm(loop_, *store, "theirs", 10));
  EXPECT_EQ(find(loop_, *store, "theirs").value()->seconds, 10);
}

TEST_P(DynamoDbTimers, AnnouncesWhatAnotherProgramArmedAfterTheNextScan) {
  const std::string table = fresh_table();
  dynamodb_->create_table(table, true);
  auto store = announcer(table);
  EXPECT_EQ(due(*store), Ids{});
  put(table, foreign("runs-on", 3'600));
  put(table, foreign("expires-between-scans", 60));
  loop_.advance(2min);
  EXPECT_EQ(due(*store), Ids{}) << "not known yet";
  loop_.advance(8min);
  EXPECT_EQ(due_soon(*store), (Ids{"expires-between-scans"}));
  loop_.advance(1h);
  EXPECT_EQ(due_soon(*store), (Ids{"runs-on"}));
}

TEST_P(DynamoDbTimers, AnotherProgramsNewArmIsNotAnnouncedAtTheEndOfTheOldOne) {
  const std::string table = fresh_table();
  dynamodb_->create_table(table, true);
  auto store = announcer(table);
  ASSERT_TRUE(arm(loop_, *store, "a", 10));
  loop_.advance(5s);
  // In place: our attributes stay, the index among them.
  const auto updated = dynamodb_->call(
      aws::operation::kUpdateItem,
      R"({"TableName":")" + table + R"(","Key":{"Timer":{"S":"a"}},)" +
          R"("UpdateExpression":"SET StartTime = :s","ExpressionAttributeValues":{":s":{"N":")" +
          std::to_string(unix_ms(loop_.now()) / 1000) + R"("}}})");
  ASSERT_TRUE(updated) << aws::to_string(updated.error());
  loop_.advance(6s);
  EXPECT_EQ(due(*store), Ids{});
  loop_.advance(4s);
  EXPECT_EQ(due_soon(*store), (Ids{"a"}));
}

TEST_P(DynamoDbTimers, OneOfManyProcessesWinsAClaimAndAnotherTakesItOverFromTheDead) {
  const std::string table = fresh_table();
  dynamodb_->create_table(table, true);
  auto first = announcer(table);
  auto second = announcer(table);
  const Timer timer = arm(loop_, *first, "a", 10)->timer;
  loop_.advance(11s);
  EXPECT_EQ(due(*first), (Ids{"a"}));
  EXPECT_EQ(due(*second), (Ids{"a"}));
  const auto claim = [&](TimersDynamoDb& store) {
    return mark(loop_, store, {{timer, TimerMark::Kind::claimed, loop_.now(), false}});
  };
  EXPECT_EQ(claim(*first), std::vector<bool>{true});
  EXPECT_EQ(claim(*second), std::vector<bool>{false});
  EXPECT_EQ(claim(*first), std::vector<bool>{true}) << "its own: the answer may have been lost";
  first.reset();
  loop_.advance(4min);
  EXPECT_EQ(due(*second), Ids{});
  loop_.advance(1min);
  const std::vector<Timer> left = take_due(loop_, *second);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_NE(left[0].announced, Instant{});
  // Under the time of the first announcement, so that a message is recognised as the same.
  EXPECT_EQ(mark(loop_, *second, {{left[0], TimerMark::Kind::claimed, left[0].announced, false}}),
            std::vector<bool>{true});
  EXPECT_EQ(find(loop_, *second, "a").value()->announced, left[0].announced);
  EXPECT_EQ(mark(loop_, *second, {{timer, TimerMark::Kind::told, {}, false}}),
            std::vector<bool>{true});
  loop_.advance(10min);
  EXPECT_EQ(due(*announcer(table)), Ids{});
}

TEST_P(DynamoDbTimers, OneOfManyProcessesReminds) {
  const std::string table = fresh_table();
  dynamodb_->create_table(table, true);
  auto first = announcer(table);
  auto second = announcer(table);
  const Timer timer = arm(loop_, *first, "a", 10).value().timer;
  loop_.advance(20s);
  const auto reminds = [&](TimersDynamoDb& store, Instant at) -> bool {
    return mark(loop_, store, {{timer, TimerMark::Kind::reminded, at, false}}).at(0);
  };
  const Instant at = loop_.now();
  EXPECT_FALSE(reminds(*first, at)) << "nobody was told yet";
  EXPECT_EQ(mark(loop_, *first, {{timer, TimerMark::Kind::claimed, at, false}}),
            std::vector<bool>{true});
  EXPECT_TRUE(reminds(*first, at));
  EXPECT_FALSE(reminds(*second, at));
  EXPECT_TRUE(reminds(*first, at)) << "its own: the answer may have been lost";
  EXPECT_TRUE(reminds(*second, at + 1min));
  EXPECT_FALSE(reminds(*first, at + 1min));
  ASSERT_TRUE(arm(loop_, *first, "a", 60));
  EXPECT_FALSE(reminds(*first, at + 2min)) << "of an earlier arm";
}

TEST_P(DynamoDbTimers, WhoWaitsNoLongerWhileTheIndexIsReadIsHandedNothing) {
  const std::string table = fresh_table();
  dynamodb_->create_table(table, true);
  auto store = announcer(table);
  EXPECT_EQ(due(*store), Ids{});
  ASSERT_TRUE(arm(loop_, *store, "a", 10));
  loop_.advance(20s);
  std::optional<std::size_t> handed_out;
  store->take_due(10, [&](const Result<std::vector<Timer>>& due) {
    ASSERT_TRUE(due);
    handed_out = due->size();
  });
  store->watch({});  // a reload that took the rules away
  ASSERT_TRUE(loop_.run_until([&] { return handed_out.has_value(); }));
  EXPECT_EQ(handed_out, 0U);
}

TEST_P(DynamoDbTimers, AsksForALookOftenAndAtItsOwnDeadlines) {
  const std::string table = fresh_table();
  dynamodb_->create_table(table, true);
  auto store = announcer(table);
  auto other = announcer(table);
  EXPECT_EQ(due(*store), Ids{});
  EXPECT_EQ(store->next_due(), loop_.now() + 1s) << "others may arm";
  ASSERT_TRUE(arm(loop_, *other, "theirs", 2));
  loop_.advance(500ms);
  EXPECT_EQ(due(*store), Ids{});
  EXPECT_EQ(store->next_due(), loop_.now() + 1s);
  loop_.advance(1s);
  EXPECT_EQ(due(*store), Ids{});
  EXPECT_EQ(store->next_due(), loop_.now() + 500ms) << "seen ahead";
  ASSERT_TRUE(arm(loop_, *store, "ours", 1));
  loop_.advance(500ms);
  EXPECT_EQ(due(*store), (Ids{"ours", "theirs"}));
}

TEST_P(DynamoDbTimers, SaysThatWithoutTheIndexExpiriesAreNotAnnounced) {
  const std::string table = fresh_table();
  dynamodb_->create_table(table, false);
  auto store = announcer(table);
  ASSERT_TRUE(arm(loop_, *store, "a", 10));
  loop_.advance(11s);
  EXPECT_EQ(due(*store), Ids{});
  EXPECT_EQ(store->next_due(), loop_.now() + 1min) << "when the table is looked at again";
  ASSERT_EQ(log_.lines.size(), 1U);
  EXPECT_THAT(log_.lines[0],
              AllOf(HasSubstr("it has no index Due by deadline"),
                    HasSubstr("expiries are not announced"), HasSubstr("docs/timers-dynamodb.md")));
}

TEST_P(DynamoDbTimers, NamesTheTableThatIsMissing) {
  auto store = open("nowhere");
  const auto refused = arm(loop_, *store, "a", 10);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("there is no table 'nowhere'"),
                                             HasSubstr("dynamodb:PutItem in us-east-1")));
}

TEST_P(DynamoDbTimers, ARequestThatComesLateUndoesNoLaterOne) {
  const std::string table = fresh_table();
  dynamodb_->create_table(table, true);
  auto store = open(table);
  BadHttpClient& network = dynamodb_->network();
  const auto with_late_copy = [&](auto call) {
    network.fate = [once = true](const ports::HttpRequest& request) mutable {
      const bool write = request.body.find("ConditionExpression") != std::string::npos;
      return write && std::exchange(once, false) ? BadHttpClient::Fate::doubled
                                                 : BadHttpClient::Fate::carried;
    };
    call();
    network.fate = nullptr;
  };
  const auto late_copy_arrives = [&] {
    EXPECT_TRUE(network.carry_late());
    EXPECT_TRUE(loop_.run_until([&] { return network.on_their_way == 0; }));
  };
  // Within one second, so that the starts do not tell them apart.
  with_late_copy([&] { ASSERT_TRUE(arm(loop_, *store, "a", 10)); });
  ASSERT_TRUE(arm(loop_, *store, "a", 300));
  late_copy_arrives();
  EXPECT_EQ(find(loop_, *store, "a").value()->seconds, 300);

  with_late_copy([&] { ASSERT_TRUE(arm(loop_, *store, "a", 20)); });
  ASSERT_TRUE(disarm(loop_, *store, "a"));
  late_copy_arrives();
  EXPECT_EQ(find(loop_, *store, "a").value(), std::nullopt) << "invented";

  ASSERT_TRUE(arm(loop_, *store, "a", 40));
  with_late_copy([&] { ASSERT_TRUE(disarm(loop_, *store, "a")); });
  ASSERT_TRUE(arm(loop_, *store, "a", 50));
  late_copy_arrives();
  EXPECT_EQ(find(loop_, *store, "a").value()->seconds, 50) << "lost";
}

TEST_P(DynamoDbTimers, AProcessWhoseClockIsBehindStillArms) {
  const std::string table = fresh_table();
  dynamodb_->create_table(table, true);
  loop_.advance_wall(30s);
  auto ahead = open(table);
  ASSERT_TRUE(arm(loop_, *ahead, "a", 10));
  loop_.advance_wall(-30s);
  auto behind = open(table);
  const auto armed = arm(loop_, *behind, "a", 300);
  ASSERT_TRUE(armed) << armed.error().message;
  EXPECT_EQ(find(loop_, *ahead, "a").value(), armed->timer);
}

TEST_P(DynamoDbTimers, TombstonesGoWhenNoRequestCanComeSoLateAnyMore) {
  const std::string table = fresh_table();
  dynamodb_->create_table(table, true);
  auto store = announcer(table);
  ASSERT_TRUE(arm(loop_, *store, "a", 10));
  ASSERT_TRUE(disarm(loop_, *store, "a"));
  const auto items = [&] {
    const auto scanned =
        dynamodb_->call(aws::operation::kScan, R"({"TableName":")" + table + "\"}");
    return scanned ? check::parse_json(scanned->body)->find("Items").size() : 99;
  };
  EXPECT_EQ(items(), 1U);
  EXPECT_EQ(due(*store), Ids{});
  loop_.advance(10min);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(items(), 1U);
  }
  loop_.advance(10min);
  for (int i = 0; i < 300 && items() != 0; ++i) {
  }
  EXPECT_EQ(items(), 0U);
}

// --- A bad network, by seed. ---

// Clients of two processes that arm, disarm and look, one after another, and what each timer may be
// as far as they can know.
class Clients {
 public:
  using State = std::optional<std::pair<Instant, std::int64_t>>;

  Clients(PumpLoop& loop, Random& random, TimersDynamoDb& one, TimersDynamoDb& two)
      : loop_(loop), random_(random), stores_{&one, &two} {}

  void step(int number) {
    const std::string id = "t" + std::to_string(random_.below(5));
    TimersDynamoDb& store = *stores_.at(random_.below(2));
    possible_.try_emplace(id, std::set<State>{std::nullopt});
    loop_.advance(Milliseconds{random_.below(700)});
    const std::uint64_t what = random_.below(10);
    done_ = false;
    if (what < 5) {
      arm(store, id, 1'000 + number);
    } else if (what < 7) {
      disarm(store, id);
    } else {
      look(store, id);
    }
    ASSERT_TRUE(loop_.run_until([this] {
      loop_.advance(50ms);
      return done_;
    }));
  }

  void check_in_the_end() {
    for (const auto& [id, possible] : possible_) {
      const auto found = find(loop_, *stores_[0], id);
      ASSERT_TRUE(found);
      EXPECT_TRUE(possible.contains(of(*found))) << id << " in the end";
    }
  }

  int acknowledged = 0;

 private:
  static State of(const std::optional<Timer>& timer) {
    return timer ? State(std::pair(timer->start, timer->seconds)) : std::nullopt;
  }

  void arm(TimersDynamoDb& store, const std::string& id, std::int64_t seconds) {
    const State asked(
        std::pair(Instant(std::chrono::floor<std::chrono::seconds>(loop_.now())), seconds));
    possible_[id].insert(asked);
    store.arm(id, seconds, [this, id, asked](const Result<ports::Armed>& armed) {
      done_ = true;
      if (armed) {
        ++acknowledged;
        EXPECT_EQ(of(armed->timer), asked);
        possible_[id] = {asked};
      }
    });
  }
  void disarm(TimersDynamoDb& store, const std::string& id) {
    possible_[id].insert(std::nullopt);
    store.disarm(id, [this, id](const Result<std::optional<Timer>>& disarmed) {
      done_ = true;
      if (disarmed) {
        possible_[id] = {std::nullopt};
      }
    });
  }
  void look(TimersDynamoDb& store, const std::string& id) {
    store.find(id, [this, id](const Result<std::optional<Timer>>& found) {
      done_ = true;
      if (found) {
        EXPECT_TRUE(possible_[id].contains(of(*found))) << id;
      }
    });
  }

  PumpLoop& loop_;
  Random& random_;
  std::array<TimersDynamoDb*, 2> stores_;
  std::map<std::string, std::set<State>> possible_;
  bool done_ = false;
};

TEST_P(DynamoDbTimers, ANetworkThatLosesDoublesAndDelaysLosesNoArmAndInventsNone) {
  const std::string table = fresh_table();
  dynamodb_->create_table(table, true);
  const std::uint64_t seed = std::string_view(GetParam()) == "TOCSIN_MOTO" ? 7 : 8;
  Random random(seed);
  SCOPED_TRACE(seed);
  using Fate = BadHttpClient::Fate;
  BadHttpClient& network = dynamodb_->network();
  network.fate = [&](const ports::HttpRequest& /*request*/) {
    if (random.chance(1, 3)) {
      network.carry_late();
    }
    const std::uint64_t roll = random.below(100);
    return roll < 55   ? Fate::carried
           : roll < 65 ? Fate::never_sent
           : roll < 78 ? Fate::answer_lost
           : roll < 91 ? Fate::late
                       : Fate::doubled;
  };
  auto one = open(table);
  auto two = open(table);
  Clients clients(loop_, random, *one, *two);
  for (int number = 0; number < 300; ++number) {
    clients.step(number);
  }
  network.fate = nullptr;
  while (network.carry_late()) {
    ASSERT_TRUE(loop_.run_until([&] { return network.on_their_way == 0; }));
  }
  clients.check_in_the_end();
  EXPECT_GT(clients.acknowledged, 50);
  for (const Fate fate : {Fate::never_sent, Fate::answer_lost, Fate::late, Fate::doubled}) {
    EXPECT_GT(network.fates[fate], 10);
  }
}

TEST_P(DynamoDbTimers, EveryExpiryIsClaimedOnceWhateverTheNetworkDoes) {
  const std::string table = fresh_table();
  dynamodb_->create_table(table, true);
  auto one = open(table);
  auto two = open(table);
  std::vector<Timer> timers;
  for (int i = 0; i < 12; ++i) {
    timers.push_back(arm(loop_, *one, "t" + std::to_string(i), 5)->timer);
  }
  loop_.advance(6s);
  Random random(5);
  BadHttpClient& network = dynamodb_->network();
  network.fate = [&](const ports::HttpRequest& /*request*/) {
    network.carry_late();
    const std::uint64_t roll = random.below(4);
    return roll == 0   ? BadHttpClient::Fate::answer_lost
           : roll == 1 ? BadHttpClient::Fate::doubled
           : roll == 2 ? BadHttpClient::Fate::late
                       : BadHttpClient::Fate::carried;
  };
  for (const Timer& timer : timers) {
    int winners = 0;
    int answers = 0;
    for (TimersDynamoDb* store : {one.get(), two.get()}) {
      store->mark({{timer, TimerMark::Kind::claimed, loop_.now(), false}},
                  [&](const Result<std::vector<bool>>& applied) {
                    ++answers;
                    ASSERT_TRUE(applied) << applied.error().message;
                    winners += applied->at(0) ? 1 : 0;
                  });
    }
    ASSERT_TRUE(loop_.run_until([&] {
      loop_.advance(50ms);
      return answers == 2;
    }));
    EXPECT_EQ(winners, 1) << timer.id;
  }
}

INSTANTIATE_TEST_SUITE_P(StandIns, DynamoDbTimers,
                         ::testing::Values("TOCSIN_MOTO", "TOCSIN_DYNALITE"), [](const auto& kind) {
                           return std::string(
                               kind.param == std::string_view("TOCSIN_MOTO") ? "moto" : "dynalite");
                         });

}  // namespace
}  // namespace tocsin::test
