#include "adapters/store_sqlite/store_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace tocsin::store_sqlite {

std::string real_path(const std::string& path) {
  std::error_code ignored;
  const auto resolved = std::filesystem::weakly_canonical(path, ignored);
  return ignored ? path : resolved.string();
}

Result<void> make_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    if (errno == EEXIST) {
      return {};
    }
    const int error = errno;
    return fail(ErrorCode::unavailable,
                fmt::format("cannot create {}: {}", path, std::generic_category().message(error)));
  }
  ::close(descriptor);
  const auto folder = std::filesystem::path(path).parent_path();
  const int folder_descriptor =
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_descriptor >= 0) {
    ::fsync(folder_descriptor);  // best effort: the first commit syncs the folder again
    ::close(folder_descriptor);
  }
  return {};
}

}  // namespace tocsin::store_sqlite
