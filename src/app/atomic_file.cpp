#include "app/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace tocsin::app {
namespace {

std::unexpected<Error> failure(std::string_view what, const std::string& path) {
  return fail(ErrorCode::unavailable, fmt::format("{} cannot be {}: {}", path, what,
                                                  std::generic_category().message(errno)));
}

Result<void> fill(int file, const std::string& path, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      return failure("written", path);
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file) != 0) {
    return failure("synced", path);
  }
  return {};
}

}  // namespace

Result<void> check_writable(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const std::string folder = parent.empty() ? "." : parent;
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return fail(ErrorCode::unavailable, path + " is a folder; name a file");
  }
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    return failure("written to", folder);
  }
  return {};
}

Result<void> write_atomically(const std::string& path, std::string_view text) {
  const std::string partial = fmt::format("{}.{}.partial", path, ::getpid());
  const int file = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) {
    return failure("made", partial);
  }
  Result<void> done = fill(file, partial, text);
  if (::close(file) != 0 && done) {
    done = failure("closed", partial);
  }
  if (done && ::rename(partial.c_str(), path.c_str()) != 0) {
    done = failure("replaced", path);
  }
  if (!done) {
    ::unlink(partial.c_str());
  }
  return done;
}

}  // namespace tocsin::app
