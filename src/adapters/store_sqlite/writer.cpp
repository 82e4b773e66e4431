#include "adapters/store_sqlite/writer.hpp"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <iterator>

#include "adapters/store_sqlite/schema.hpp"

namespace tocsin::store_sqlite {
namespace {

// Bounds the time of one transaction; larger groups gain little (see docs/formats.md).
constexpr std::size_t kMaxGroup = 4096;
constexpr std::size_t kMaxDoubtful = 32;
constexpr Milliseconds kSweepEvery{1000};

}  // namespace

Writer::Writer(ports::Loop& loop, Logger& logger, WriterOptions options)
    : loop_(loop),
      logger_(logger),
      options_(std::move(options)),
      reserve_(options_.path + ".reserve", options_.reserve_bytes) {}

Result<std::unique_ptr<Writer>> Writer::open(ports::Loop& loop, Logger& logger,
                                             WriterOptions options) {
  std::unique_ptr<Writer> writer(new Writer(loop, logger, std::move(options)));
  if (auto connected = writer->connect(true); !connected) {
    return std::unexpected(std::move(connected).error());
  }
  if (!writer->reserve_.ensure()) {
    logger.warn("no room for the store's reserve file; a full disk will stop it sooner",
                {{"path", writer->options_.path}});
  }
  writer->thread_ = std::thread([raw = writer.get()] { raw->serve(); });
  return writer;
}

Writer::~Writer() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) {
    thread_.join();
  }
  disconnect();
}

void Writer::commit(ports::WriteBatch batch, ports::Store::Done done, Instant now) {
  // Whoever waits to be told, or for an answer, is not put off for the sake of a larger group.
  const bool urgent =
      batch.awaited || std::ranges::any_of(batch.outbox, [](const auto& row) { return !row.sink; });
  Job job{std::move(batch), std::move(done), now, epoch_, false};
  bool worth_waking = false;
  {
    const std::scoped_lock lock(mutex_);
    if (waiting_ >= options_.max_queued) {
      job.refused = true;
      job.batch = {};
    } else {
      ++waiting_;
      queued_.store(waiting_, std::memory_order_relaxed);
    }
    queue_.push_back(std::move(job));
    worth_waking = queue_.size() == 1 || queue_.size() == kMaxGroup || (urgent && !urgent_);
    urgent_ = urgent_ || urgent;
  }
  if (worth_waking) {
    wake_.notify_one();
  }
}

void Writer::retry() { ++epoch_; }

ports::Store::Stats Writer::stats() const {
  return {commits_.load(), batches_.load(), failures_.load(), queued_.load(), bytes_.load()};
}

Result<void> Writer::connect(bool first) {
  auto opened = Connection::open(options_.path, Access::read_write, options_.vfs);
  if (!opened) {
    return std::unexpected(std::move(opened).error());
  }
  if (sqlite3_db_readonly(opened->raw(), "main") == 1) {
    return fail(ErrorCode::unavailable,
                fmt::format("{} is read-only for this user; make it and its folder writable, or "
                            "name another file in store.sqlite.path",
                            options_.path));
  }
  connection_ = std::move(*opened);
  auto ready = first ? prepare_schema(connection_, store_schema()) : configure_writer(connection_);
  if (!ready) {
    return ready;
  }
  auto rows = BatchWriter::prepare(connection_, options_.retention.outcomes);
  auto sweep = RetentionSweep::prepare(connection_, options_.retention);
  auto begin = Statement::prepare(connection_, "BEGIN IMMEDIATE");
  auto end = Statement::prepare(connection_, "COMMIT");
  auto undo = Statement::prepare(connection_, "ROLLBACK");
  if (!rows || !sweep || !begin || !end || !undo) {
    return fail(ErrorCode::internal,
                fmt::format("{}: cannot prepare statements: {}", options_.path,
                            !rows ? rows.error().message : sqlite3_errmsg(connection_.raw())));
  }
  rows_ = std::move(*rows);
  sweep_ = std::move(*sweep);
  begin_ = std::move(*begin);
  end_ = std::move(*end);
  undo_ = std::move(*undo);
  return settle_doubtful();
}

void Writer::disconnect() {
  rows_.reset();
  sweep_.reset();
  begin_.finalize();
  end_.finalize();
  undo_.finalize();
  connection_.close();
}

Result<void> Writer::settle_doubtful() {
  const auto number = connection_.number("SELECT commits FROM meta WHERE id = 1");
  if (!number) {
    return std::unexpected(number.error());
  }
  const auto durable = static_cast<std::uint64_t>(*number);
  const auto found = std::find_if(doubtful_.begin(), doubtful_.end(),
                                  [durable](const auto& entry) { return entry.first == durable; });
  attempts_ = std::max(attempts_, durable);
  if (found == doubtful_.end()) {
    return {};
  }
  int code = begin_.run();
  if (code == SQLITE_OK) {
    code = rows_->subtract(found->second);
  }
  if (code == SQLITE_OK) {
    code = rows_->set_commit_number(++attempts_);
  }
  if (code == SQLITE_OK) {
    code = end_.run();
  }
  if (code != SQLITE_OK) {
    return std::unexpected(connection_.error(code));
  }
  doubtful_.clear();
  return {};
}

// Empty only when it is time to stop.
std::vector<Writer::Job> Writer::take_group() {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  if (options_.gather > Milliseconds{0}) {
    wake_.wait_until(lock, next_group_,
                     [this] { return stopping_ || urgent_ || queue_.size() >= kMaxGroup; });
    next_group_ = std::chrono::steady_clock::now() + options_.gather;
  }
  const auto count = static_cast<std::ptrdiff_t>(std::min(queue_.size(), kMaxGroup));
  std::vector<Job> group(std::make_move_iterator(queue_.begin()),
                         std::make_move_iterator(queue_.begin() + count));
  queue_.erase(queue_.begin(), queue_.begin() + count);
  urgent_ = urgent_ && !queue_.empty();
  waiting_ -= static_cast<std::size_t>(
      std::count_if(group.begin(), group.end(), [](const Job& job) { return !job.refused; }));
  queued_.store(waiting_, std::memory_order_relaxed);
  return group;
}

void Writer::serve() {
  while (true) {
    std::vector<Job> group = take_group();
    if (group.empty()) {
      return;
    }
    process(std::move(group));
  }
}

void Writer::process(std::vector<Job> group) {
  std::vector<Answer> answers;
  answers.reserve(group.size());
  std::vector<Job*> writable;
  for (Job& job : group) {
    Result<void> result;
    if (failed_epoch_ && job.epoch <= *failed_epoch_) {
      result = std::unexpected(Error(last_error_).with("not written after an earlier failure"));
    } else if (job.refused) {
      last_error_ =
          Error{ErrorCode::exhausted, fmt::format("{}: {} batches wait to be written already",
                                                  options_.path, options_.max_queued)};
      failed_epoch_ = job.epoch;
      result = std::unexpected(last_error_);
    } else {
      writable.push_back(&job);
    }
    answers.emplace_back(std::move(job.done), std::move(result));
  }
  if (!writable.empty()) {
    if (auto written = write_group(writable); !written) {
      last_error_ = std::move(written).error();
      failed_epoch_ = writable.back()->epoch;
      for (const Job* job : writable) {
        answers[static_cast<std::size_t>(job - group.data())].second = std::unexpected(last_error_);
      }
    }
  }
  const auto failed = std::count_if(answers.begin(), answers.end(),
                                    [](const Answer& answer) { return !answer.second; });
  failures_.fetch_add(static_cast<std::uint64_t>(failed), std::memory_order_relaxed);
  loop_.post([answers = std::move(answers)]() mutable {
    for (auto& [done, result] : answers) {
      done(std::move(result));
    }
  });
}

Result<void> Writer::write_group(const std::vector<Job*>& jobs) {
  if (reconnect_) {
    disconnect();
    if (auto connected = connect(false); !connected) {
      return connected;
    }
    reconnect_ = false;
    logger_.info("opened the store again", {{"path", options_.path}});
  }
  std::optional<Failure> failed = attempt(jobs);
  if (failed && failed->out_of_space && reserve_.give_up()) {
    logger_.warn("the disk is full: gave up the store's reserve file", {{"path", options_.path}});
    // What the log holds may fit into pages that the file has already, and the log starts anew.
    static_cast<void>(connection_.run("PRAGMA wal_checkpoint(PASSIVE)"));
    failed = attempt(jobs);
  }
  if (failed) {
    reconnect_ = failed->reconnect;
    return std::unexpected(std::move(failed->error));
  }
  return {};
}

Writer::Failure Writer::failure(int code) const {
  const int kind = code & 0xff;
  return Failure{connection_.error(code), connection_.out_of_space(code), false,
                 kind != SQLITE_FULL && kind != SQLITE_BUSY};
}

std::optional<Writer::Failure> Writer::attempt(const std::vector<Job*>& jobs) {
  const Instant now = jobs.back()->now;
  const bool sweep_due = !last_sweep_ || now < *last_sweep_ || now - *last_sweep_ >= kSweepEvery;
  int code = begin_.run();
  for (std::size_t i = 0; code == SQLITE_OK && i < jobs.size(); ++i) {
    code = rows_->write(jobs[i]->batch);
  }
  if (code == SQLITE_OK && sweep_due) {
    code = sweep_->step(now);
  }
  if (code == SQLITE_OK) {
    code = rows_->set_commit_number(++attempts_);
  }
  const bool at_commit = code == SQLITE_OK;
  if (code == SQLITE_OK) {
    code = end_.run();
  }
  if (code == SQLITE_OK) {
    last_sweep_ = sweep_due ? now : last_sweep_;
    after_commit(jobs.size(), sweep_due);
    return std::nullopt;
  }
  Failure result = failure(code);
  result.at_commit = at_commit;
  if (sqlite3_get_autocommit(connection_.raw()) == 0) {
    static_cast<void>(undo_.run());
  }
  rows_->forget_monitors();
  if (at_commit) {
    remember_doubtful(jobs);
  }
  return result;
}

void Writer::remember_doubtful(const std::vector<Job*>& jobs) {
  std::vector<ports::RollupRow> rollups;
  for (const Job* job : jobs) {
    rollups.insert(rollups.end(), job->batch.rollups.begin(), job->batch.rollups.end());
  }
  if (!rollups.empty()) {
    doubtful_.emplace_back(attempts_, std::move(rollups));
  }
  if (doubtful_.size() > kMaxDoubtful) {
    doubtful_.pop_front();
  }
}

void Writer::after_commit(std::size_t batches, bool swept) {
  doubtful_.clear();
  commits_.fetch_add(1, std::memory_order_relaxed);
  batches_.fetch_add(batches, std::memory_order_relaxed);
  struct stat info{};
  if (::stat(options_.path.c_str(), &info) == 0) {
    bytes_.store(static_cast<std::uint64_t>(info.st_size), std::memory_order_relaxed);
  }
  if (swept && !reserve_.held()) {
    reserve_.ensure();
  }
}

}  // namespace tocsin::store_sqlite
