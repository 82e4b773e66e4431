#include "adapters/store_sqlite/backup.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "adapters/store_sqlite/schema.hpp"
#include "adapters/store_sqlite/sqlite_connection.hpp"

namespace tocsin::store_sqlite {
namespace {

constexpr int kPagesPerStep = 1024;  // 4 MiB between looks at `stop`

std::unexpected<Error> system_failure(const char* what, const std::string& path) {
  const int error = errno;
  return fail(ErrorCode::unavailable,
              fmt::format("cannot {} {}: {}", what, path, std::generic_category().message(error)));
}

Result<void> make_private(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return system_failure("write", path);
  }
  ::close(descriptor);
  return {};
}

Result<void> sync_path(const std::string& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC);
  if (descriptor < 0 || ::fsync(descriptor) != 0) {
    auto failure = system_failure("sync", path);
    if (descriptor >= 0) {
      ::close(descriptor);
    }
    return failure;
  }
  ::close(descriptor);
  return {};
}

Result<void> copy_pages(Connection& source, Connection& target, const std::atomic<bool>& stop) {
  sqlite3_backup* backup = sqlite3_backup_init(target.raw(), "main", source.raw(), "main");
  if (backup == nullptr) {
    return std::unexpected(target.error(sqlite3_extended_errcode(target.raw())));
  }
  int code = SQLITE_OK;
  while (code == SQLITE_OK && !stop.load()) {
    code = sqlite3_backup_step(backup, kPagesPerStep);
  }
  sqlite3_backup_finish(backup);
  if (code == SQLITE_OK) {
    return fail(ErrorCode::cancelled, "the backup was stopped");
  }
  return code == SQLITE_DONE ? Result<void>{} : std::unexpected(target.error(code));
}

Result<void> fill(const std::string& from, const std::string& partial, const std::string& vfs,
                  const std::atomic<bool>& stop) {
  auto source = Connection::open(from, Access::read_only, vfs);
  if (!source) {
    return std::unexpected(std::move(source).error());
  }
  // One read transaction around all steps: the copy is of one moment and never starts over.
  if (auto begun = source->run("BEGIN"); !begun) {
    return begun;
  }
  const auto owner = source->number("PRAGMA application_id");
  if (!owner) {
    return std::unexpected(owner.error());
  }
  if (auto seen = source->number("SELECT count(*) FROM sqlite_schema");
      !seen ||
      (*owner != store_schema().application_id && *owner != timer_schema().application_id)) {
    return seen ? fail(ErrorCode::invalid, from + " is not a Tocsin store")
                : std::unexpected(std::move(seen).error());
  }
  auto target = Connection::open(partial, Access::read_write, vfs);
  if (!target) {
    return std::unexpected(std::move(target).error());
  }
  auto copied = copy_pages(*source, *target, stop);
  if (!copied) {
    return copied;
  }
  target->close();
  return sync_path(partial, O_RDONLY);
}

// link() refuses an existing name, which rename() would replace.
Result<void> publish(const std::string& partial, const std::string& to) {
  if (::link(partial.c_str(), to.c_str()) == 0) {
    ::unlink(partial.c_str());
  } else if (errno == EEXIST) {
    return fail(ErrorCode::conflict, to + " exists; a backup never overwrites a file");
  } else if (::rename(partial.c_str(), to.c_str()) != 0) {  // no hard links on this file system
    return system_failure("name", to);
  }
  const std::filesystem::path folder = std::filesystem::path(to).parent_path();
  return sync_path(folder.empty() ? "." : folder.string(), O_RDONLY | O_DIRECTORY);
}

}  // namespace

Result<void> copy_store(const std::string& from, const std::string& to, const std::string& vfs,
                        const std::atomic<bool>& stop) {
  struct stat info{};
  if (::stat(from.c_str(), &info) != 0) {
    return fail(ErrorCode::not_found, fmt::format("there is no store at {}", from));
  }
  if (::lstat(to.c_str(), &info) == 0) {
    return fail(ErrorCode::conflict, to + " exists; a backup never overwrites a file");
  }
  const std::string partial = to + ".partial";
  auto done = make_private(partial);
  if (done) {
    done = fill(from, partial, vfs, stop);
  }
  if (done) {
    done = publish(partial, to);
  }
  if (!done) {
    ::unlink(partial.c_str());
    ::unlink((partial + "-journal").c_str());
    return std::unexpected(std::move(done).error().with(fmt::format("backup of {}", from)));
  }
  return {};
}

}  // namespace tocsin::store_sqlite
