#pragma once
// Keeps a second process off the same store.

#include <string>

#include "base/result.hpp"

namespace tocsin::store_sqlite {

// An flock on "<store>.lock", which holds the owner's pid as text. The kernel drops the lock with
// the process, however it ends, so a file that stayed behind locks nobody out; it is never deleted,
// because deleting it would race with a process that just opened it.
class LockFile {
 public:
  LockFile() = default;
  LockFile(LockFile&& other) noexcept;
  LockFile& operator=(LockFile&& other) noexcept;
  ~LockFile();

  // `conflict` names the pid of the holder; `unavailable` when the file cannot be made.
  [[nodiscard]] static Result<LockFile> acquire(const std::string& path);

 private:
  int descriptor_ = -1;
};

}  // namespace tocsin::store_sqlite
