// Which timers somebody waits for, and which of them expired.

#include <algorithm>

#include "adapters/store_sqlite/timers_sqlite.hpp"

namespace tocsin::store_sqlite {
namespace {

using timer::Table;
using timer::Timer;

// How many timers one turn of the loop asks about.
constexpr Table::Number kAsked = 50'000;

}  // namespace

void TimersSqlite::watch(std::function<bool(std::string_view)> watched) {
  const bool nobody_waited = !watched_;
  watched_ = std::move(watched);
  ++pass_;
  if (!std::exchange(watching_, true)) {
    queue_stored();
    return;
  }
  if (!watched_) {
    return;
  }
  if (nobody_waited) {  // nor took what expired
    while (table_.pop_expired(now()) != Table::kNone) {
    }
  }
  queue_all(0, pass_);
}

// What an earlier process left to be told, and all that run.
void TimersSqlite::queue_stored() {
  if (!watched_) {
    return;
  }
  const Instant now_then = now();
  for (Table::Number number = 0; number < table_.end(); ++number) {
    if (!table_.used(number) || !watched_(table_.id(number))) {
      continue;
    }
    if (table_.deadline(number) > now_then) {
      table_.queue(number, now_then);
      if (table_.extended(number) && table_.get(number).missed) {
        unrecovered_.emplace_back(table_.id(number));
      }
      continue;
    }
    const bool new_to_us = table_.deadline(number) > looked_until_;
    if (!table_.extended(number)) {
      if (new_to_us) {
        table_.queue(number, now_then);
      }
      continue;
    }
    const Timer timer = table_.get(number);
    if (timer.missed) {
      unrecovered_.push_back(timer.id);
    }
    if (!timer.told && (new_to_us || timer.announced != Instant{})) {
      table_.queue(number, now_then);
    }
  }
}

// Those that run and are watched from now on. Those that are no longer are dropped when they
// expire.
void TimersSqlite::queue_all(Table::Number from, std::uint64_t pass) {
  const Instant now_then = now();
  const Table::Number until = std::min(table_.end(), from + kAsked);
  for (Table::Number number = from; number < until; ++number) {
    if (table_.used(number) && !table_.queued(number) && table_.deadline(number) > now_then &&
        watched_(table_.id(number))) {
      table_.queue(number, now_then);
    }
  }
  if (until < table_.end()) {
    loop_.post([this, until, pass, alive = alive_] {
      if (*alive && pass == pass_) {
        queue_all(until, pass);
      }
    });
  }
}

void TimersSqlite::take_due(std::size_t limit, Answer<std::vector<Timer>> answer) {
  std::vector<Timer> due;
  while (!unrecovered_.empty() && due.size() < limit) {
    if (const auto number = table_.find(unrecovered_.front()); number != Table::kNone) {
      if (Timer timer = table_.get(number); timer.missed) {
        due.push_back(std::move(timer));
      }
    }
    unrecovered_.pop_front();
  }
  const Instant now_then = now();
  Table::Number number = Table::kNone;
  while (due.size() < limit && (number = table_.pop_expired(now_then)) != Table::kNone) {
    if (watched_ && watched_(table_.id(number))) {
      due.push_back(table_.get(number));
      outstanding_.emplace(table_.deadline(number), number);
    }
  }
  if (number == Table::kNone && due.size() < limit) {
    note_looked(now_then);
  }
  answer(std::move(due));
}

void TimersSqlite::note_looked(Instant now) {
  looked_until_ =
      outstanding_.empty() ? now : std::min(now, outstanding_.begin()->first - Milliseconds{1});
}

std::optional<Instant> TimersSqlite::next_due() {
  return unrecovered_.empty() ? table_.next_due() : Instant{};
}

void TimersSqlite::forget(Table::Number number) {
  outstanding_.erase({table_.deadline(number), number});
  table_.erase(number);
}

TimerWriter::Clock TimersSqlite::stored_clock() const {
  // Without anybody who waits, nothing that expires is to be told later.
  return {timeline_.lead(), watched_ ? looked_until_ : now()};
}

}  // namespace tocsin::store_sqlite
