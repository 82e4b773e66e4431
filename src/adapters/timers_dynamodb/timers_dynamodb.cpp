#include "adapters/timers_dynamodb/timers_dynamodb.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "adapters/timers_dynamodb/calls.hpp"
#include "adapters/timers_dynamodb/statement.hpp"
#include "base/utf8.hpp"

namespace tocsin::timers_dynamodb {
namespace {

using timer::Timer;

// How often a write is built anew because somebody else was faster.
constexpr int kMostRounds = 20;
// Of a list with a prefix, which is looked for among the rows read.
constexpr std::size_t kScanned = 1'000;
constexpr std::int64_t kTombstoneSeconds = 3'600;

}  // namespace

struct TimersDynamoDb::Arming {
  Row row;
  Answer<ports::Armed> answer;
  MonoTime deadline{};
  int rounds = 0;
};

struct TimersDynamoDb::Disarming {
  std::string id;
  std::int64_t version = 0;
  Answer<std::optional<Timer>> answer;
  MonoTime deadline{};
  std::optional<Row> was;
  int rounds = 0;
};

TimersDynamoDb::TimersDynamoDb(ports::Loop& loop, const ports::Clock& clock, aws::Api& api,
                               Random& random, Logger& logger, TimersDynamoDbOptions options)
    : loop_(loop),
      clock_(clock),
      api_(api),
      logger_(logger),
      options_(std::move(options)),
      process_(fmt::format("{:016x}", random.next())),
      version_noise_(random.below(kVersionsPerMs)),
      alive_(std::make_shared<int>(0)) {}

TimersDynamoDb::~TimersDynamoDb() {
  loop_.cancel(sweep_timer_);
  loop_.cancel(check_timer_);
}

ports::TimerStore::Time TimersDynamoDb::time() { return {clock_.now(), Milliseconds{0}}; }

MonoTime TimersDynamoDb::deadline() const { return clock_.mono_now() + options_.request_deadline; }

// Later than all of ours, and with some chance alone among those of this millisecond.
std::int64_t TimersDynamoDb::next_version() {
  version_noise_ = (version_noise_ * 31 + 7) % kVersionsPerMs;
  last_version_ =
      std::max(unix_ms(clock_.now()) * kVersionsPerMs + static_cast<std::int64_t>(version_noise_),
               last_version_ + 1);
  return last_version_;
}

bool TimersDynamoDb::kept(const Row& row) const {
  return clock_.now() - row.deadline() < options_.keep_expired;
}

std::optional<Timer> TimersDynamoDb::shown(const Row& row) const {
  return row.disarmed_ms || !kept(row) ? std::nullopt : std::optional(timer_of(row));
}

void TimersDynamoDb::call(const aws::Operation& operation, std::string json, MonoTime deadline,
                          CallDone done) {
  api_.call({operation, std::move(json), {}, deadline},
            [alive = std::weak_ptr(alive_), done = std::move(done)](aws::ApiResult result) mutable {
              if (!alive.expired()) {
                done(std::move(result));
              }
            });
}

Error TimersDynamoDb::error_of(const aws::Failure& failure) {
  ++stats_.failures;
  return store_error(failure, options_.table);
}

void TimersDynamoDb::read(const std::string& id, MonoTime deadline,
                          Answer<std::optional<Row>> answer) {
  call(aws::operation::kGetItem, get_statement(options_.table, id), deadline,
       [this, answer = std::move(answer)](const aws::ApiResult& result) mutable {
         if (!result) {
           answer(std::unexpected(error_of(result.error())));
           return;
         }
         answer(read_answer(result->body, "Item"));
       });
}

void TimersDynamoDb::check_table(Answer<TableFacts> answer) {
  call(aws::operation::kDescribeTable, describe_statement(options_.table), deadline(),
       [this, answer = std::move(answer)](const aws::ApiResult& result) mutable {
         auto facts = result ? read_table(options_.table, result->body)
                             : Result<TableFacts>(std::unexpected(error_of(result.error())));
         if (facts) {
           stats_.timers = facts->timers;
           stats_.bytes = facts->bytes;
         }
         answer(std::move(facts));
       });
}

// --- Arming. ---

void TimersDynamoDb::arm(std::string_view id, std::int64_t seconds, Answer<ports::Armed> answer) {
  auto arming = std::make_shared<Arming>();
  Row& row = arming->row;
  row.id = id;
  row.start = std::chrono::floor<std::chrono::seconds>(clock_.now()).time_since_epoch().count();
  row.seconds = seconds;
  row.version = next_version();
  const std::int64_t end = row.start + row.seconds;
  if (watched_ && watched_(id)) {
    row.due = end;
  }
  row.expires = end + std::chrono::ceil<std::chrono::seconds>(options_.keep_expired).count();
  arming->answer = std::move(answer);
  arming->deadline = deadline();
  arm_at_once(arming);
}

// Nearly always nothing of what is there needs to be known.
void TimersDynamoDb::arm_at_once(const std::shared_ptr<Arming>& arming) {
  call(aws::operation::kPutItem, arm_statement(options_.table, arming->row), arming->deadline,
       [this, arming](const aws::ApiResult& result) {
         if (result) {
           const auto before = read_answer(result->body, "Attributes");
           armed(arming, before ? *before : std::nullopt);
         } else if (condition_failed(result.error())) {
           arm_after_reading(arming);
         } else {
           arming->answer(std::unexpected(error_of(result.error())));
         }
       });
}

void TimersDynamoDb::arm_after_reading(const std::shared_ptr<Arming>& arming) {
  if (++arming->rounds > kMostRounds) {
    ++stats_.failures;
    arming->answer(
        fail(ErrorCode::unavailable, fmt::format("timer '{}' is armed by others all the time",
                                                 clip(printable(arming->row.id), 100))));
    return;
  }
  read(arming->row.id, arming->deadline, [this, arming](Result<std::optional<Row>> found) {
    if (!found) {
      arming->answer(std::unexpected(std::move(found.error())));
      return;
    }
    const std::optional<Row>& before = *found;
    // Ours: the answer to an earlier attempt was lost.
    if (before && !before->disarmed_ms && before->version == arming->row.version &&
        before->start == arming->row.start && before->seconds == arming->row.seconds) {
      arming->row.missed = before->missed;
      armed(arming, std::nullopt);
      return;
    }
    arm_over(arming, before);
  });
}

// In place of exactly what was read.
void TimersDynamoDb::arm_over(const std::shared_ptr<Arming>& arming,
                              const std::optional<Row>& before) {
  Row& row = arming->row;
  row.missed.reset();
  if (before) {
    row.version = std::max(*row.version, before->version.value_or(0) + 1);
    last_version_ = std::max(last_version_, *row.version);
    if (!before->disarmed_ms && kept(*before)) {
      row.missed = before->missed;
      if (before->announced() && !before->grouped) {
        row.missed = {before->deadline(), from_unix_ms(*before->announced_ms),
                      from_unix_ms(before->start * 1000)};
      }
    }
  }
  // Somebody must look at once whether the end of the expiry was told.
  if (row.due) {
    row.due = row.missed ? row.start : row.start + row.seconds;
  }
  call(aws::operation::kPutItem, replace_statement(options_.table, row, before), arming->deadline,
       [this, arming, before](const aws::ApiResult& result) {
         if (result) {
           armed(arming, before);
         } else if (condition_failed(result.error())) {
           arm_after_reading(arming);
         } else {
           arming->answer(std::unexpected(error_of(result.error())));
         }
       });
}

void TimersDynamoDb::armed(const std::shared_ptr<Arming>& arming,
                           const std::optional<Row>& previous) {
  ++stats_.arms;
  ++stats_.commits;
  const Row& row = arming->row;
  if (row.due) {
    const std::int64_t second = unix_ms(clock_.now()) / 1000;
    const auto [entry, fresh] = recent_.try_emplace(second, row.deadline());
    entry->second = std::min(entry->second, row.deadline());
  }
  ports::Armed out;
  out.timer = timer_of(row);
  if (previous) {
    out.previous = shown(*previous);
  }
  arming->answer(std::move(out));
}

// --- Checking and listing. ---

void TimersDynamoDb::find(std::string_view id, Answer<std::optional<Timer>> answer) {
  read(std::string(id), deadline(),
       [this, answer = std::move(answer)](Result<std::optional<Row>> found) mutable {
         if (!found) {
           answer(std::unexpected(std::move(found.error())));
           return;
         }
         answer(*found ? shown(**found) : std::nullopt);
       });
}

void TimersDynamoDb::list(ports::TimerQuery query, Answer<ports::TimerPage> answer) {
  const std::size_t limit = query.prefix.empty() ? query.limit : std::max(query.limit, kScanned);
  std::string json = scan_statement(options_.table, query.prefix, query.cursor, limit);
  call(aws::operation::kScan, std::move(json), deadline(),
       [this, limit = query.limit,
        answer = std::move(answer)](const aws::ApiResult& result) mutable {
         if (!result) {
           answer(std::unexpected(error_of(result.error())));
           return;
         }
         const auto scanned = read_page(result->body);
         if (!scanned) {
           ++stats_.failures;
           answer(std::unexpected(scanned.error()));
           return;
         }
         ports::TimerPage page;
         page.next = scanned->last_id;
         for (const Row& row : scanned->rows) {
           if (page.timers.size() == limit) {
             page.next = page.timers.back().id;
             break;
           }
           if (auto timer = shown(row)) {
             page.timers.push_back(std::move(*timer));
           }
         }
         answer(std::move(page));
       });
}

// --- Disarming. ---

void TimersDynamoDb::disarm(std::string_view id, Answer<std::optional<Timer>> answer) {
  auto disarming = std::make_shared<Disarming>();
  disarming->id = id;
  disarming->version = next_version();
  disarming->answer = std::move(answer);
  disarming->deadline = deadline();
  read(disarming->id, disarming->deadline, [this, disarming](Result<std::optional<Row>> found) {
    if (!found) {
      disarming->answer(std::unexpected(std::move(found.error())));
      return;
    }
    disarm_over(disarming, std::move(*found));
  });
}

// A tombstone takes the place of what was read: an arm that is still on its way finds a later
// version. The sweep, or DynamoDB, removes it when no request can come so late any more.
void TimersDynamoDb::disarm_over(const std::shared_ptr<Disarming>& disarming,
                                 std::optional<Row> before) {
  if (before && before->disarmed_ms && before->version == disarming->version) {
    disarming->answer(disarming->was ? shown(*disarming->was) : std::nullopt);
    return;
  }
  if (!before || before->disarmed_ms) {
    disarming->answer(std::nullopt);
    return;
  }
  if (++disarming->rounds > kMostRounds) {
    ++stats_.failures;
    disarming->answer(
        fail(ErrorCode::unavailable, fmt::format("timer '{}' is armed by others all the time",
                                                 clip(printable(disarming->id), 100))));
    return;
  }
  disarming->version = std::max(disarming->version, before->version.value_or(0) + 1);
  last_version_ = std::max(last_version_, disarming->version);
  Row tombstone;
  tombstone.id = disarming->id;
  tombstone.version = disarming->version;
  tombstone.disarmed_ms = unix_ms(clock_.now());
  tombstone.expires = *tombstone.disarmed_ms / 1000 + kTombstoneSeconds;
  std::string json = replace_statement(options_.table, tombstone, before);
  disarming->was = std::move(before);
  call(aws::operation::kPutItem, std::move(json), disarming->deadline,
       [this, disarming](const aws::ApiResult& result) {
         if (result) {
           disarming->answer(shown(*disarming->was));
           return;
         }
         if (!condition_failed(result.error())) {
           disarming->answer(std::unexpected(error_of(result.error())));
           return;
         }
         read(disarming->id, disarming->deadline,
              [this, disarming](Result<std::optional<Row>> found) {
                if (!found) {
                  disarming->answer(std::unexpected(std::move(found.error())));
                  return;
                }
                disarm_over(disarming, std::move(*found));
              });
       });
}

}  // namespace tocsin::timers_dynamodb
