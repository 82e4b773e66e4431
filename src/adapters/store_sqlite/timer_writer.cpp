#include "adapters/store_sqlite/timer_writer.hpp"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <utility>

#include "adapters/store_sqlite/schema.hpp"

namespace tocsin::store_sqlite {

TimerWriter::TimerWriter(ports::Loop& loop, std::string path, std::string vfs)
    : loop_(loop), path_(std::move(path)), vfs_(std::move(vfs)) {}

Result<std::unique_ptr<TimerWriter>> TimerWriter::open(ports::Loop& loop, std::string path,
                                                       std::string vfs) {
  std::unique_ptr<TimerWriter> writer(new TimerWriter(loop, std::move(path), std::move(vfs)));
  if (auto connected = writer->connect(true); !connected) {
    return std::unexpected(std::move(connected).error());
  }
  return writer;
}

TimerWriter::~TimerWriter() {
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

Result<void> TimerWriter::connect(bool first) {
  auto opened = Connection::open(path_, Access::read_write, vfs_);
  if (!opened) {
    return std::unexpected(std::move(opened).error());
  }
  if (sqlite3_db_readonly(opened->raw(), "main") == 1) {
    return fail(ErrorCode::unavailable,
                fmt::format("{} is read-only for this user; make it and its folder writable, or "
                            "name another file in {}",
                            path_, timer_schema().setting));
  }
  connection_ = std::move(*opened);
  auto ready = first ? prepare_schema(connection_, timer_schema()) : configure_writer(connection_);
  if (!ready) {
    return ready;
  }
  return Statement::prepare_all(
      connection_,
      {{&begin_, "BEGIN IMMEDIATE"},
       {&end_, "COMMIT"},
       {&undo_, "ROLLBACK"},
       {&insert_, "INSERT INTO log (entries) VALUES (?1)"},
       {&drop_, "DELETE FROM log WHERE sequence <= ?1"},
       {&clock_, "UPDATE clock SET lead_ms = ?1, looked_until = ?2 WHERE id = 1"},
       {&oldest_,
        "SELECT sequence, entries FROM log WHERE sequence > ?1 ORDER BY sequence LIMIT 4096"}});
}

void TimerWriter::disconnect() {
  for (Statement* statement : {&begin_, &end_, &undo_, &insert_, &drop_, &clock_, &oldest_}) {
    statement->finalize();
  }
  connection_.close();
}

Result<TimerWriter::Clock> TimerWriter::load_clock() {
  auto clock = Statement::prepare(connection_, "SELECT lead_ms, looked_until FROM clock");
  if (!clock) {
    return std::unexpected(std::move(clock).error());
  }
  if (const int code = clock->step(); code != SQLITE_ROW) {
    return std::unexpected(connection_.error(code == SQLITE_DONE ? SQLITE_CORRUPT : code));
  }
  return Clock{Milliseconds{clock->integer(0)}, from_unix_ms(clock->integer(1))};
}

Result<void> TimerWriter::load(const std::function<Result<void>(std::string_view)>& each) {
  auto rows = Statement::prepare(connection_, "SELECT entries FROM log ORDER BY sequence");
  if (!rows) {
    return std::unexpected(std::move(rows).error());
  }
  int code = SQLITE_ROW;
  while ((code = rows->step()) == SQLITE_ROW) {
    if (auto taken = each(rows->blob(0)); !taken) {
      return std::unexpected(std::move(taken).error().with(path_));
    }
  }
  if (code != SQLITE_DONE) {
    return std::unexpected(connection_.error(code));
  }
  return {};
}

void TimerWriter::write(Job job, std::move_only_function<void(Done)> done) {
  {
    const std::scoped_lock lock(mutex_);
    TOCSIN_ASSERT(!waiting_);
    waiting_ = Waiting{std::move(job), std::move(done)};
    if (!thread_.joinable()) {
      thread_ = std::thread([this] { serve(); });
    }
  }
  wake_.notify_one();
}

TimerWriter::Done TimerWriter::write_last(const Job& job) {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) {
    thread_.join();
  }
  return process(job);
}

void TimerWriter::serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || waiting_; });
    if (!waiting_) {
      return;
    }
    Waiting now = std::move(*waiting_);
    waiting_.reset();
    lock.unlock();
    Done done = process(now.job);
    loop_.post(
        [tell = std::move(now.done), done = std::move(done)]() mutable { tell(std::move(done)); });
    lock.lock();
  }
}

TimerWriter::Done TimerWriter::process(const Job& job) {
  Done done;
  if (std::exchange(reconnect_, false)) {
    disconnect();
    if (auto connected = connect(false); !connected) {
      reconnect_ = true;
      done.result = std::unexpected(std::move(connected).error());
      return done;
    }
  }
  int code = attempt(job);
  if (code != SQLITE_OK) {
    done.result = std::unexpected(connection_.error(code));
    const int kind = code & 0xff;
    reconnect_ = kind != SQLITE_FULL && kind != SQLITE_BUSY;
    if (sqlite3_get_autocommit(connection_.raw()) == 0) {
      static_cast<void>(undo_.run());
    }
    return done;
  }
  // Reading back only saves space: what fails now is tried again later.
  if (job.read_oldest > 0 && read_oldest(job, done.oldest) != SQLITE_OK) {
    done.oldest.clear();
  }
  struct stat info{};
  if (::stat(path_.c_str(), &info) == 0) {
    done.bytes = static_cast<std::uint64_t>(info.st_size);
  }
  return done;
}

int TimerWriter::attempt(const Job& job) {
  int code = begin_.run();
  const std::string_view entries = job.entries;
  if (code == SQLITE_OK && !entries.empty()) {
    code = insert_.bind_blob(1, entries).run();
  }
  if (code == SQLITE_OK && job.drop_until > 0) {
    code = drop_.bind(1, job.drop_until).run();
  }
  if (code == SQLITE_OK && job.clock) {
    code = clock_.bind(1, job.clock->lead.count()).bind(2, unix_ms(job.clock->looked_until)).run();
  }
  return code == SQLITE_OK ? end_.run() : code;
}

int TimerWriter::read_oldest(const Job& job, std::vector<OldRow>& out) {
  oldest_.bind(1, job.read_after);
  std::size_t bytes = 0;
  int code = SQLITE_DONE;
  while (bytes < job.read_oldest && (code = oldest_.step()) == SQLITE_ROW) {
    out.push_back({oldest_.integer(0), std::string(oldest_.blob(1))});
    bytes += out.back().entries.size();
  }
  oldest_.reset();
  return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

}  // namespace tocsin::store_sqlite
