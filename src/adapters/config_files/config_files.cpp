#include "adapters/config_files/config_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "base/hash.hpp"

namespace tocsin::adapters {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

std::unexpected<Error> system_failure(const std::string& path, int error) {
  const auto code = error == ENOENT ? ErrorCode::not_found : ErrorCode::unavailable;
  return fail(code, fmt::format("{}: {}", path, std::generic_category().message(error)));
}

struct FolderList {
  std::vector<std::string> yml;   // file names, sorted
  std::vector<std::string> yaml;  // same, to be warned about
};

Result<FolderList> list_folder(const std::string& path) {
  const std::unique_ptr<DIR, CloseDir> dir(::opendir(path.c_str()));
  if (!dir) return system_failure(path, errno);
  FolderList list;
  while (const dirent* entry = ::readdir(dir.get())) {  // NOLINT(concurrency-mt-unsafe)
    const std::string name = static_cast<const char*>(entry->d_name);
    const bool yml = name.ends_with(".yml");
    if (name.starts_with('.') || (!yml && !name.ends_with(".yaml"))) continue;
    struct stat info{};
    if (::stat(fmt::format("{}/{}", path, name).c_str(), &info) == 0 && S_ISDIR(info.st_mode))
      continue;
    (yml ? list.yml : list.yaml).push_back(name);
    if (list.yml.size() > kMostConfigFiles) {
      return fail(ErrorCode::exhausted, fmt::format("{}: holds more than {} configuration files",
                                                    path, kMostConfigFiles));
    }
  }
  std::ranges::sort(list.yml);
  std::ranges::sort(list.yaml);
  return list;
}

std::string join(const std::string& folder, const std::string& name) {
  return folder.ends_with('/') ? folder + name : folder + '/' + name;
}

bool is_folder(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

void add_metadata(std::string& key, const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    key += fmt::format("|{}:{}", path, errno);
    return;
  }
  key += fmt::format("|{}:{}:{}:{}:{}.{}", path, info.st_dev, info.st_ino, info.st_size,
                     info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
}

Result<config::LoadInput> read_folder(const std::string& path, config::LoadInput input) {
  auto list = list_folder(path);
  if (!list) return std::unexpected(std::move(list).error());
  for (const std::string& name : list->yaml) input.ignored_files.push_back(join(path, name));
  for (const std::string& name : list->yml) {
    config::Source source;
    source.path = join(path, name);
    source.is_main = name == "tocsin.yml";
    auto text = read_file(source.path, kLargestConfigFile);
    if (text) {
      source.text = std::move(*text);
    } else if (source.is_main) {
      return std::unexpected(std::move(text).error());
    } else {
      source.unreadable = text.error().message;
    }
    input.sources.push_back(std::move(source));
  }
  return input;
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::uint64_t most_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return system_failure(path, errno);
  std::string text;
  std::array<char, 64U << 10U> block{};
  while (true) {
    const ssize_t count = ::read(file.get(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_failure(path, errno);
    if (count == 0) return text;
    text.append(block.data(), static_cast<std::size_t>(count));
    if (text.size() > most_bytes) {
      return fail(ErrorCode::exhausted,
                  fmt::format("{}: larger than {}", path, format_size(most_bytes)));
    }
  }
}

std::optional<std::string> environment(std::string_view name) {
  // The environment is never changed after the start, so reading it is safe on any thread.
  const char* value = std::getenv(std::string(name).c_str());  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

Result<config::LoadInput> read_config(const std::string& path, Instant now) {
  config::LoadInput input;
  input.now = now;
  input.env = environment;
  input.read_file = [](const std::string& file) { return read_file(file, kLargestValueFile); };
  if (is_folder(path)) return read_folder(path, std::move(input));
  auto text = read_file(path, kLargestConfigFile);
  if (!text) return std::unexpected(std::move(text).error());
  config::Source source;
  source.path = path;
  source.text = std::move(*text);
  source.is_main = true;
  input.sources.push_back(std::move(source));
  return input;
}

std::uint64_t config_fingerprint(const std::string& path) {
  std::string key;
  if (!is_folder(path)) {
    add_metadata(key, path);
    return stable_hash(key);
  }
  const auto list = list_folder(path);
  if (!list) return stable_hash(list.error().message);
  for (const std::string& name : list->yml) add_metadata(key, join(path, name));
  return stable_hash(key);
}

}  // namespace tocsin::adapters
