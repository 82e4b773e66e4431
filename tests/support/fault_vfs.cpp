#include "support/fault_vfs.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "base/result.hpp"

namespace tocsin::test {
namespace {

constexpr std::uint64_t kSector = 512;

// One change that was not synced yet. A truncation has no data.
struct Change {
  std::uint64_t offset = 0;
  std::vector<unsigned char> data;
  bool truncate = false;
};

// A file by its name, shared by all connections that have it open.
struct FileContent {
  std::vector<unsigned char> now;      // as the process sees it
  std::vector<unsigned char> durable;  // as the disk has it
  std::vector<Change> unsynced;
  std::string path;
  int open_count = 0;
};

void perform(std::vector<unsigned char>& content, const Change& change) {
  if (change.truncate) {
    content.resize(change.offset);
    return;
  }
  content.resize(std::max<std::size_t>(content.size(), change.offset + change.data.size()));
  std::copy(change.data.begin(), change.data.end(),
            content.begin() + static_cast<std::ptrdiff_t>(change.offset));
}

std::vector<unsigned char> read_whole(const std::string& path) {
  std::vector<unsigned char> content;
  if (std::FILE* file = std::fopen(path.c_str(), "rb"); file != nullptr) {
    unsigned char buffer[65536];
    while (const std::size_t size = std::fread(buffer, 1, sizeof buffer, file)) {
      content.insert(content.end(), buffer, buffer + size);
    }
    std::fclose(file);
  }
  return content;
}

void write_whole(const std::string& path, const std::vector<unsigned char>& content) {
  std::FILE* file = std::fopen(path.c_str(), "r+b");
  if (file == nullptr) {
    return;  // deleted, which passes through
  }
  TOCSIN_ASSERT(content.empty() ||
                std::fwrite(content.data(), 1, content.size(), file) == content.size());
  TOCSIN_ASSERT(std::fflush(file) == 0);
  TOCSIN_ASSERT(::ftruncate(fileno(file), static_cast<off_t>(content.size())) == 0);
  std::fclose(file);
}

}  // namespace

struct FaultVfs::State {
  std::string name;
  sqlite3_vfs vfs{};
  sqlite3_vfs* below = nullptr;

  std::mutex mutex;
  std::map<std::string, FileContent> files;
  FaultPlan plan;
  std::uint64_t operations = 0;
  std::uint64_t syncs = 0;
  bool struck = false;
  bool dead = false;

  // Counts one operation; the code it fails with or SQLITE_OK. The mutex is held.
  int count(int usual_code) {
    ++operations;
    const bool hit =
        plan.kind == FaultPlan::Kind::fail_once ? operations == plan.at : operations >= plan.at;
    if (plan.kind == FaultPlan::Kind::none || !hit) {
      return SQLITE_OK;
    }
    struck = true;
    dead = dead || plan.kind == FaultPlan::Kind::power_cut;
    return plan.code == 0 ? usual_code : plan.code;
  }
};

namespace {

using State = FaultVfs::State;

// SQLite allocates szOsFile bytes for this; the file below follows it.
struct FaultFile {
  sqlite3_file base;
  State* state;
  FileContent* content;  // null: a file of no interest, passed through

  [[nodiscard]] sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

FaultFile* as_file(sqlite3_file* file) { return reinterpret_cast<FaultFile*>(file); }
State* as_state(sqlite3_vfs* vfs) { return static_cast<State*>(vfs->pAppData); }

int close_file(sqlite3_file* file) {
  FaultFile* self = as_file(file);
  if (self->content != nullptr) {
    const std::scoped_lock lock(self->state->mutex);
    --self->content->open_count;
  }
  return self->below()->pMethods->xClose(self->below());
}

int read_file(sqlite3_file* file, void* out, int size, sqlite3_int64 offset) {
  FaultFile* self = as_file(file);
  if (self->content == nullptr) {
    return self->below()->pMethods->xRead(self->below(), out, size, offset);
  }
  const std::scoped_lock lock(self->state->mutex);
  if (self->state->dead) {
    return SQLITE_IOERR_READ;
  }
  const auto& now = self->content->now;
  const auto begin = std::min(static_cast<std::size_t>(offset), now.size());
  const auto there = std::min(static_cast<std::size_t>(size), now.size() - begin);
  std::memset(out, 0, static_cast<std::size_t>(size));
  if (there > 0) {
    std::memcpy(out, now.data() + begin, there);
  }
  return there == static_cast<std::size_t>(size) ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  FaultFile* self = as_file(file);
  if (self->content == nullptr) {
    return self->below()->pMethods->xWrite(self->below(), data, size, offset);
  }
  const std::scoped_lock lock(self->state->mutex);
  if (const int code = self->state->count(SQLITE_IOERR_WRITE); code != SQLITE_OK) {
    return code;
  }
  const auto* bytes = static_cast<const unsigned char*>(data);
  Change change{static_cast<std::uint64_t>(offset), {bytes, bytes + size}, false};
  perform(self->content->now, change);
  self->content->unsynced.push_back(std::move(change));
  return SQLITE_OK;
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  FaultFile* self = as_file(file);
  if (self->content == nullptr) {
    return self->below()->pMethods->xTruncate(self->below(), size);
  }
  const std::scoped_lock lock(self->state->mutex);
  if (const int code = self->state->count(SQLITE_IOERR_TRUNCATE); code != SQLITE_OK) {
    return code;
  }
  Change change{static_cast<std::uint64_t>(size), {}, true};
  perform(self->content->now, change);
  self->content->unsynced.push_back(std::move(change));
  return SQLITE_OK;
}

int sync_file(sqlite3_file* file, int flags) {
  FaultFile* self = as_file(file);
  if (self->content == nullptr) {
    return self->below()->pMethods->xSync(self->below(), flags);
  }
  const std::scoped_lock lock(self->state->mutex);
  if (const int code = self->state->count(SQLITE_IOERR_FSYNC); code != SQLITE_OK) {
    return code;
  }
  ++self->state->syncs;
  for (const Change& change : self->content->unsynced) {
    perform(self->content->durable, change);
  }
  self->content->unsynced.clear();
  return SQLITE_OK;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  FaultFile* self = as_file(file);
  if (self->content == nullptr) {
    return self->below()->pMethods->xFileSize(self->below(), size);
  }
  const std::scoped_lock lock(self->state->mutex);
  *size = static_cast<sqlite3_int64>(self->content->now.size());
  return SQLITE_OK;
}

int lock_file(sqlite3_file* file, int level) {
  sqlite3_file* below = as_file(file)->below();
  return below->pMethods->xLock(below, level);
}

int unlock_file(sqlite3_file* file, int level) {
  sqlite3_file* below = as_file(file)->below();
  return below->pMethods->xUnlock(below, level);
}

int check_reserved(sqlite3_file* file, int* result) {
  sqlite3_file* below = as_file(file)->below();
  return below->pMethods->xCheckReservedLock(below, result);
}

// The system's answers to size hints, chunk sizes and the like would touch the file itself.
int file_control(sqlite3_file* file, int operation, void* argument) {
  sqlite3_file* below = as_file(file)->below();
  switch (operation) {
    case SQLITE_FCNTL_SIZE_HINT:
    case SQLITE_FCNTL_CHUNK_SIZE:
    case SQLITE_FCNTL_MMAP_SIZE:
      return SQLITE_NOTFOUND;
    default:
      return below->pMethods->xFileControl(below, operation, argument);
  }
}

int sector_size(sqlite3_file* file) {
  sqlite3_file* below = as_file(file)->below();
  return below->pMethods->xSectorSize(below);
}

// Promises nothing: a disk that keeps no order and may tear pages.
int characteristics(sqlite3_file* /*file*/) { return 0; }

int map_shared(sqlite3_file* file, int region, int size, int extend, void volatile** out) {
  sqlite3_file* below = as_file(file)->below();
  return below->pMethods->xShmMap(below, region, size, extend, out);
}

int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
  sqlite3_file* below = as_file(file)->below();
  return below->pMethods->xShmLock(below, offset, count, flags);
}

void shared_barrier(sqlite3_file* file) {
  sqlite3_file* below = as_file(file)->below();
  below->pMethods->xShmBarrier(below);
}

int unmap_shared(sqlite3_file* file, int remove) {
  sqlite3_file* below = as_file(file)->below();
  return below->pMethods->xShmUnmap(below, remove);
}

// Version 2: shared memory, but no memory-mapped content, which would bypass this layer.
constexpr sqlite3_io_methods kMethods{2,
                                      close_file,
                                      read_file,
                                      write_file,
                                      truncate_file,
                                      sync_file,
                                      file_size,
                                      lock_file,
                                      unlock_file,
                                      check_reserved,
                                      file_control,
                                      sector_size,
                                      characteristics,
                                      map_shared,
                                      lock_shared,
                                      shared_barrier,
                                      unmap_shared,
                                      nullptr,
                                      nullptr};

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  State* state = as_state(vfs);
  FaultFile* self = as_file(file);
  std::memset(file, 0, sizeof(FaultFile));
  self->state = state;
  const int code = state->below->xOpen(state->below, path, self->below(), flags, out_flags);
  if (code != SQLITE_OK) {
    return code;
  }
  self->base.pMethods = &kMethods;
  constexpr int kInteresting = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;
  if (path != nullptr && (flags & kInteresting) != 0) {
    const std::scoped_lock lock(state->mutex);
    FileContent& content = state->files[path];
    if (content.path.empty()) {
      content.path = path;
      content.now = content.durable = read_whole(path);
    }
    ++content.open_count;
    self->content = &content;
  }
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* path, int sync_folder) {
  State* state = as_state(vfs);
  const std::scoped_lock lock(state->mutex);
  if (state->dead) {
    return SQLITE_IOERR_DELETE;
  }
  if (const auto found = state->files.find(path); found != state->files.end()) {
    found->second.now.clear();
    found->second.durable.clear();
    found->second.unsynced.clear();
  }
  return state->below->xDelete(state->below, path, sync_folder);
}

// SQLite asks whether a log exists and has content; only this layer knows.
int access_file(sqlite3_vfs* vfs, const char* path, int flags, int* out) {
  State* state = as_state(vfs);
  const std::scoped_lock lock(state->mutex);
  if (const auto found = state->files.find(path);
      found != state->files.end() && flags == SQLITE_ACCESS_EXISTS) {
    *out = found->second.now.empty() ? 0 : 1;
    return SQLITE_OK;
  }
  return state->below->xAccess(state->below, path, flags, out);
}

}  // namespace

FaultVfs::FaultVfs(std::string name) : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.name = std::move(name);
  state.below = sqlite3_vfs_find(nullptr);
  state.vfs = *state.below;  // what is not replaced passes through with the system's own data
  state.vfs.szOsFile = static_cast<int>(sizeof(FaultFile)) + state.below->szOsFile;
  state.vfs.zName = state.name.c_str();
  state.vfs.pNext = nullptr;
  state.vfs.pAppData = &state;
  state.vfs.xOpen = open_file;
  state.vfs.xDelete = delete_file;
  state.vfs.xAccess = access_file;
  TOCSIN_ASSERT(sqlite3_vfs_register(&state.vfs, 0) == SQLITE_OK);
}

FaultVfs::~FaultVfs() {
  restart(0);
  sqlite3_vfs_unregister(&state_->vfs);
}

const std::string& FaultVfs::name() const { return state_->name; }

void FaultVfs::set_plan(FaultPlan plan) {
  const std::scoped_lock lock(state_->mutex);
  state_->plan = plan;
  state_->operations = 0;
  state_->struck = false;
}

std::uint64_t FaultVfs::operations() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->operations;
}

bool FaultVfs::struck() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->struck;
}

std::uint64_t FaultVfs::syncs() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->syncs;
}

namespace {

// What of one unsynced change a disk may have written before the power went.
void survive(FileContent& content, const Change& change, Random& random) {
  if (change.truncate) {
    if (random.chance(1, 2)) {
      perform(content.durable, change);
    }
    return;
  }
  const bool whole = random.chance(1, 2);
  const bool torn = !whole && random.chance(1, 2);
  for (std::uint64_t done = 0; done < change.data.size(); done += kSector) {
    if (whole || (torn && random.chance(1, 2))) {
      const auto begin = change.data.begin() + static_cast<std::ptrdiff_t>(done);
      const auto size = std::min<std::uint64_t>(kSector, change.data.size() - done);
      perform(
          content.durable,
          Change{change.offset + done, {begin, begin + static_cast<std::ptrdiff_t>(size)}, false});
    }
  }
}

}  // namespace

void FaultVfs::restart(std::uint64_t seed) {
  const std::scoped_lock lock(state_->mutex);
  Random random(seed);
  for (auto& [path, content] : state_->files) {
    TOCSIN_ASSERT(content.open_count == 0);
    for (const Change& change : content.unsynced) {
      if (seed != 0) {
        survive(content, change, random);
      }
    }
    write_whole(path, content.durable);
  }
  state_->files.clear();
  state_->plan = {};
  state_->operations = 0;
  state_->dead = false;
}

}  // namespace tocsin::test
