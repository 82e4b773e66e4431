#include "adapters/store_sqlite/store_sqlite.hpp"

#include "adapters/store_sqlite/backup.hpp"
#include "adapters/store_sqlite/lock_file.hpp"
#include "adapters/store_sqlite/queries.hpp"
#include "adapters/store_sqlite/reader.hpp"
#include "adapters/store_sqlite/store_file.hpp"
#include "adapters/store_sqlite/writer.hpp"

namespace tocsin::store_sqlite {
StoreSqlite::StoreSqlite(ports::Loop& loop, const ports::Clock& clock, StoreSqliteOptions options)
    : loop_(loop), clock_(clock), options_(std::move(options)) {}

Result<std::unique_ptr<StoreSqlite>> StoreSqlite::open(ports::Loop& loop, const ports::Clock& clock,
                                                       StoreSqliteOptions options, Logger& logger) {
  options.path = real_path(options.path);
  auto lock = LockFile::acquire(options.path + ".lock");
  if (!lock) {
    return std::unexpected(std::move(lock).error());
  }
  if (auto made = make_file(options.path); !made) {
    return std::unexpected(std::move(made).error());
  }
  std::unique_ptr<StoreSqlite> store(new StoreSqlite(loop, clock, std::move(options)));
  const StoreSqliteOptions& wanted = store->options_;
  store->lock_ = std::make_unique<LockFile>(std::move(*lock));
  WriterOptions of_writer{
      wanted.path,  wanted.vfs, wanted.retention, wanted.reserve_bytes, wanted.max_queued_batches,
      wanted.gather};
  auto writer = Writer::open(loop, logger, std::move(of_writer));
  if (!writer) {
    return std::unexpected(std::move(writer).error());
  }
  store->writer_ = std::move(*writer);
  auto reader = Reader::open(wanted.path, wanted.vfs, wanted.max_queued_reads);
  if (!reader) {
    return std::unexpected(std::move(reader).error());
  }
  store->reader_ = std::move(*reader);
  return store;
}

StoreSqlite::~StoreSqlite() {
  stopping_ = true;
  if (backup_thread_.joinable()) {
    backup_thread_.join();
  }
  // The writer goes last: the last connection to close folds the log into the file.
  reader_.reset();
  writer_.reset();
}

Result<void> StoreSqlite::backup_file(const std::string& from, const std::string& to) {
  const std::atomic<bool> never{false};
  return copy_store(from, to, "", never);
}

Result<void> StoreSqlite::load(const std::function<void(ports::MonitorRecord)>& each) {
  auto queries = Queries::open(options_.path, options_.vfs);
  if (!queries) {
    return std::unexpected(std::move(queries).error());
  }
  return queries->load(each);
}

Result<void> StoreSqlite::load_outbox(const std::function<void(ports::OutboxRow)>& each) {
  auto queries = Queries::open(options_.path, options_.vfs);
  return queries ? queries->load_outbox(each) : std::unexpected(std::move(queries).error());
}

Result<std::vector<ports::ThreadRow>> StoreSqlite::load_threads() {
  auto queries = Queries::open(options_.path, options_.vfs);
  return queries ? queries->threads() : std::unexpected(std::move(queries).error());
}

Result<std::vector<ports::SilenceRow>> StoreSqlite::load_silences() {
  auto queries = Queries::open(options_.path, options_.vfs);
  return queries ? queries->silences() : std::unexpected(std::move(queries).error());
}

Result<std::vector<ports::MemoRow>> StoreSqlite::load_memos() {
  auto queries = Queries::open(options_.path, options_.vfs);
  return queries ? queries->memos() : std::unexpected(std::move(queries).error());
}

void StoreSqlite::commit(ports::WriteBatch batch, Done done) {
  writer_->commit(std::move(batch), std::move(done), clock_.now());
}

void StoreSqlite::retry() { writer_->retry(); }

template <typename T, typename Ask>
void StoreSqlite::read(Answer<T> answer, Ask ask) {
  reader_->submit([&loop = loop_, answer = std::move(answer),
                   ask = std::move(ask)](Result<Queries*> queries) mutable {
    Result<T> result = queries ? ask(**queries) : std::unexpected(std::move(queries).error());
    const bool usable = result.has_value();
    loop.post([answer = std::move(answer), result = std::move(result)]() mutable {
      answer(std::move(result));
    });
    return usable;
  });
}

void StoreSqlite::read_outcomes(std::string monitor, std::uint64_t before, std::size_t limit,
                                Answer<std::vector<ports::OutcomeRow>> answer) {
  read<std::vector<ports::OutcomeRow>>(
      std::move(answer), [monitor = std::move(monitor), before, limit](Queries& queries) {
        return queries.outcomes(monitor, before, limit);
      });
}

void StoreSqlite::read_events(ports::EventQuery query,
                              Answer<std::vector<ports::EventRow>> answer) {
  read<std::vector<ports::EventRow>>(
      std::move(answer),
      [query = std::move(query)](Queries& queries) { return queries.events(query); });
}

void StoreSqlite::read_deployments(ports::DeploymentQuery query,
                                   Answer<std::vector<ports::DeploymentRow>> answer) {
  read<std::vector<ports::DeploymentRow>>(
      std::move(answer),
      [query = std::move(query)](Queries& queries) { return queries.deployments(query); });
}

void StoreSqlite::read_uptime(std::vector<std::string> monitors, Instant now,
                              Answer<std::vector<ports::UptimeSums>> answer) {
  read<std::vector<ports::UptimeSums>>(std::move(answer),
                                       [monitors = std::move(monitors), now](Queries& queries) {
                                         return queries.uptime(monitors, now);
                                       });
}

void StoreSqlite::read_rollups(std::string monitor, alert::RollupLevel level, Instant from,
                               std::size_t limit, Answer<std::vector<ports::RollupRow>> answer) {
  read<std::vector<ports::RollupRow>>(
      std::move(answer), [monitor = std::move(monitor), level, from, limit](Queries& queries) {
        return queries.rollups(monitor, level, from, limit);
      });
}

void StoreSqlite::read_outbox_depth(Answer<std::uint64_t> answer) {
  read<std::uint64_t>(std::move(answer), [](Queries& queries) { return queries.outbox_depth(); });
}

void StoreSqlite::backup(std::string path, Done done) {
  if (backup_runs_.exchange(true)) {
    loop_.post([done = std::move(done)]() mutable {
      done(fail(ErrorCode::exhausted, "another backup is running; wait for its end"));
    });
    return;
  }
  if (backup_thread_.joinable()) {
    backup_thread_.join();  // over already
  }
  backup_thread_ = std::thread([this, path = std::move(path), done = std::move(done)]() mutable {
    auto copied = copy_store(options_.path, path, options_.vfs, stopping_);
    backup_runs_ = false;
    loop_.post([done = std::move(done), copied = std::move(copied)]() mutable {
      done(std::move(copied));
    });
  });
}

ports::Store::Stats StoreSqlite::stats() const { return writer_->stats(); }

}  // namespace tocsin::store_sqlite
