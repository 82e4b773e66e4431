#include "adapters/store_sqlite/lock_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

namespace tocsin::store_sqlite {
namespace {

std::string holder(int descriptor) {
  char text[24] = {};
  const ssize_t size = ::pread(descriptor, text, sizeof text - 1, 0);
  int pid = 0;
  if (size <= 0 || std::from_chars(text, text + size, pid).ec != std::errc{}) {
    return "another process";
  }
  return fmt::format("process {}", pid);
}

}  // namespace

LockFile::LockFile(LockFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

LockFile& LockFile::operator=(LockFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

LockFile::~LockFile() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

Result<LockFile> LockFile::acquire(const std::string& path) {
  LockFile lock;
  lock.descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock.descriptor_ < 0) {
    const int error = errno;
    return fail(ErrorCode::unavailable,
                fmt::format("cannot write {}: {}; {}, or name another file in store.sqlite.path",
                            path, std::generic_category().message(error),
                            error == ENOENT ? "create the folder"
                                            : "make the folder writable for this user"));
  }
  if (::flock(lock.descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    if (error == EWOULDBLOCK) {
      return fail(ErrorCode::conflict,
                  fmt::format("{} is held by {}: that Tocsin uses this store already; stop it, or "
                              "name another file in store.sqlite.path",
                              path, holder(lock.descriptor_)));
    }
    return fail(ErrorCode::unavailable,
                fmt::format("cannot lock {}: {}", path, std::generic_category().message(error)));
  }
  // The pid only serves the message above: a full disk must not keep the store closed.
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock.descriptor_, 0) == 0) {
    static_cast<void>(::pwrite(lock.descriptor_, pid.data(), pid.size(), 0) < 0);
  }
  return lock;
}

}  // namespace tocsin::store_sqlite
