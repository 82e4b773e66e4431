#pragma once
// ports::TimerStore in one SQLite file of its own: a log of what became of each timer, one row for
// each group of writes, and all timers in memory. A write is answered when the transaction that
// holds its group is synced; what is read is what was answered. While one group is written the next
// one gathers. The oldest rows are read again when most of the log is outdated: what still counts
// is written anew, the rows go.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "adapters/store_sqlite/timer_writer.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "base/siphash.hpp"
#include "ports/loop.hpp"
#include "ports/timer_store.hpp"
#include "timer/table.hpp"
#include "timer/timeline.hpp"

namespace tocsin::store_sqlite {

class LockFile;

struct TimersSqliteOptions {
  std::string path = "tocsin-timers.db";
  std::string vfs;  // SQLite VFS by name; empty: the system's
  std::uint64_t max_timers = 10'000'000;
  Milliseconds keep_expired{std::chrono::hours{24 * 30}};
  SipKey key;                         // random, of this process
  Microseconds gather{200};           // longest that a group waits for those just answered
  std::size_t max_waiting = 100'000;  // writes that gather; more are refused
  std::size_t slack = 50'000;         // outdated entries that a small log may hold
};

class TimersSqlite final : public ports::TimerStore {
 public:
  // Opens or creates (mode 0600) the file and loads all timers; blocks. Loop, clock and logger
  // outlive it; everything below is the loop's thread. Errors as StoreSqlite::open.
  [[nodiscard]] static Result<std::unique_ptr<TimersSqlite>> open(ports::Loop& loop,
                                                                  const ports::Clock& clock,
                                                                  TimersSqliteOptions options,
                                                                  Logger& logger);
  // Writes what waits, without telling anybody.
  ~TimersSqlite() override;

  [[nodiscard]] Time time() override;
  void watch(std::function<bool(std::string_view id)> watched) override;
  void arm(std::string_view id, std::int64_t seconds, Answer<ports::Armed> answer) override;
  void find(std::string_view id, Answer<std::optional<timer::Timer>> answer) override;
  void disarm(std::string_view id, Answer<std::optional<timer::Timer>> answer) override;
  void list(ports::TimerQuery query, Answer<ports::TimerPage> answer) override;
  void take_due(std::size_t limit, Answer<std::vector<timer::Timer>> answer) override;
  [[nodiscard]] std::optional<Instant> next_due() override;
  void mark(std::vector<ports::TimerMark> marks, Answer<std::vector<bool>> answer) override;
  [[nodiscard]] Stats stats() const override;

  // Of the timers in memory, as bytes.
  [[nodiscard]] std::size_t memory() const { return table_.bytes(); }

 private:
  struct ArmOp {
    std::string id;
    std::int64_t seconds;
    Instant start;
    Answer<ports::Armed> answer;
    Result<ports::Armed> result{};
  };
  struct DisarmOp {
    std::string id;
    Answer<std::optional<timer::Timer>> answer;
    std::optional<timer::Timer> was{};
  };
  struct MarkOp {
    std::vector<ports::TimerMark> marks;
    Answer<std::vector<bool>> answer;
    std::vector<bool> applied{};
  };
  using Op = std::variant<ArmOp, DisarmOp, MarkOp>;
  struct HashId {
    SipKey key;
    [[nodiscard]] std::size_t operator()(const std::string& id) const {
      return SipHash<>::of(key, id);
    }
  };
  // What a group makes of the timers that it touches; nullopt: gone.
  using Changes = std::unordered_map<std::string, std::optional<timer::Timer>, HashId>;

  TimersSqlite(ports::Loop& loop, const ports::Clock& clock, TimersSqliteOptions options,
               Logger& logger, const TimerWriter::Clock& stored);
  Result<void> load();
  Result<void> load_row(std::string_view entries, Instant now);

  // timers_sqlite_write.cpp
  void gather(Op op);
  void flush();
  void hold();
  void write_group();
  [[nodiscard]] TimerWriter::Job make_job();
  void apply(ArmOp& op, std::string& log);
  void apply(DisarmOp& op, std::string& log);
  void apply(MarkOp& op, std::string& log);
  [[nodiscard]] std::optional<timer::Timer> state_of(const std::string& id) const;
  void change(const std::string& id, std::optional<timer::Timer> to);
  void written(TimerWriter::Done done);
  void take_over();
  static void tell(Op& op, const Result<void>& result);
  void refused(const Error& error);
  void rewrite_oldest(std::string& log, TimerWriter::Job& job);

  // timers_sqlite_due.cpp
  void queue_all(timer::Table::Number from, std::uint64_t pass);
  void queue_stored();
  void note_looked(Instant now);
  void forget(timer::Table::Number number);
  [[nodiscard]] TimerWriter::Clock stored_clock() const;

  void every_second();
  void sweep(Instant now);
  [[nodiscard]] bool kept(const timer::Timer& timer, Instant now) const {
    return now - timer.deadline() < options_.keep_expired;
  }
  [[nodiscard]] Instant now() const { return timeline_.at(clock_.mono_now()); }

  ports::Loop& loop_;
  const ports::Clock& clock_;
  const TimersSqliteOptions options_;
  Logger& logger_;
  std::unique_ptr<LockFile> lock_;  // released last
  std::unique_ptr<TimerWriter> writer_;
  timer::Timeline timeline_;
  timer::Table table_;
  ports::TimerId tick_ = 0;
  timer::Table::Number swept_ = 0;

  // What gathers, what is written, and what the latter changes.
  std::vector<Op> gathering_, writing_;
  std::size_t waiting_ = 0;  // writes in gathering_; a mark counts each of its timers
  Changes changes_;
  std::int64_t created_ = 0;  // by changes_, less what is gone
  bool busy_ = false;         // the writer has a job
  bool flush_posted_ = false;
  ports::TimerId hold_ = 0;  // until it runs, a group waits for company
  std::size_t awaited_ = 0;  // or until so many gathered
  bool refuses_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

  // The log: entries in it, and its oldest rows on their way to be written anew.
  std::uint64_t logged_ = 0;
  std::uint64_t job_entries_ = 0;  // in the job that is written, less those that it drops
  std::uint64_t job_dropped_ = 0;
  std::int64_t read_until_ = 0;  // rows up to here were brought back
  std::vector<TimerWriter::OldRow> oldest_;

  // Whom somebody waits for.
  std::function<bool(std::string_view)> watched_;
  bool watching_ = false;  // watch() was called
  std::uint64_t pass_ = 0;
  // Handed out and not yet claimed, by deadline: a restart hands them out again.
  std::set<std::pair<Instant, timer::Table::Number>> outstanding_;
  std::deque<std::string> unrecovered_;  // ids whose recovery an earlier process did not tell
  Instant looked_until_{};               // timer time; all that expired before was handed out
  Instant stored_looked_{};
  Milliseconds stored_lead_{0};

  Stats stats_;
};

}  // namespace tocsin::store_sqlite
