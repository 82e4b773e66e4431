#include "adapters/store_sqlite/reader.hpp"

#include <fmt/format.h>

#include <utility>

namespace tocsin::store_sqlite {

Reader::Reader(std::string path, std::string vfs, std::size_t max_queued)
    : path_(std::move(path)), vfs_(std::move(vfs)), max_queued_(max_queued) {}

Result<std::unique_ptr<Reader>> Reader::open(std::string path, std::string vfs,
                                             std::size_t max_queued) {
  std::unique_ptr<Reader> reader(new Reader(std::move(path), std::move(vfs), max_queued));
  auto queries = Queries::open(reader->path_, reader->vfs_);
  if (!queries) {
    return std::unexpected(std::move(queries).error());
  }
  reader->queries_ = std::move(*queries);
  reader->thread_ = std::thread([raw = reader.get()] { raw->serve(); });
  return reader;
}

Reader::~Reader() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Reader::submit(Job job) {
  {
    const std::scoped_lock lock(mutex_);
    const bool refused = waiting_ >= max_queued_;
    waiting_ += refused ? 0 : 1;
    queue_.push_back({std::move(job), refused});
  }
  wake_.notify_one();
}

void Reader::serve() {
  while (true) {
    Entry entry;
    bool stopping = false;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) {
        return;
      }
      entry = std::move(queue_.front());
      queue_.pop_front();
      waiting_ -= entry.refused ? 0 : 1;
      stopping = stopping_;
    }
    run(std::move(entry), stopping);
  }
}

void Reader::run(Entry entry, bool stopping) {
  if (stopping) {
    entry.job(fail(ErrorCode::cancelled, path_ + ": the store is closing"));
    return;
  }
  if (entry.refused) {
    entry.job(
        fail(ErrorCode::exhausted, fmt::format("{}: {} reads wait already", path_, max_queued_)));
    return;
  }
  if (!queries_) {
    auto queries = Queries::open(path_, vfs_);
    if (!queries) {
      entry.job(std::unexpected(std::move(queries).error()));
      return;
    }
    queries_ = std::move(*queries);
  }
  if (!entry.job(&*queries_)) {
    queries_.reset();
  }
}

}  // namespace tocsin::store_sqlite
