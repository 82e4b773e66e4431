#include "adapters/store_sqlite/reserve_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

namespace tocsin::store_sqlite {

ReserveFile::ReserveFile(std::string path, std::uint64_t bytes)
    : path_(std::move(path)),
      folder_(std::filesystem::path(path_).parent_path() / "."),
      bytes_(bytes) {
  struct stat info{};
  if (::stat(path_.c_str(), &info) != 0) {
    return;
  }
  if (bytes_ != 0 && static_cast<std::uint64_t>(info.st_size) == bytes_) {
    held_ = true;
  } else {
    ::unlink(path_.c_str());  // of another size, or cut short by a crash
  }
}

bool ReserveFile::ensure() {
  if (held_ || bytes_ == 0) {
    return true;
  }
  struct statvfs room{};
  if (::statvfs(folder_.c_str(), &room) != 0 || room.f_bavail * room.f_frsize < 2 * bytes_) {
    return false;
  }
  const int descriptor = ::open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return false;
  }
  held_ = ::posix_fallocate(descriptor, 0, static_cast<off_t>(bytes_)) == 0;
  ::close(descriptor);
  if (!held_) {
    ::unlink(path_.c_str());
  }
  return held_;
}

bool ReserveFile::give_up() {
  if (!held_) {
    return false;
  }
  held_ = false;
  return ::unlink(path_.c_str()) == 0;
}

}  // namespace tocsin::store_sqlite
