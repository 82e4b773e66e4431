#include "adapters/command_posix/program_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <optional>
#include <system_error>

namespace tocsin::adapters {
namespace {

using Kind = ports::CommandFailure::Kind;

ports::CommandFailure failure(Kind kind, const std::string& path, std::string_view why) {
  return {kind, fmt::format("cannot run {}: {}", path, why)};
}

bool is_folder(const std::string& path) {
  struct stat found{};
  return stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

// The file that a first line "#!/bin/sh -e" names; the kernel reads 256 bytes of it.
std::optional<std::string> interpreter_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string line(256, '\0');
  file.read(line.data(), static_cast<std::streamsize>(line.size()));
  line.resize(static_cast<std::size_t>(file.gcount()));
  line.resize(std::min(line.find('\n'), line.size()));
  if (!line.starts_with("#!")) {
    return std::nullopt;
  }
  const auto begin = line.find_first_not_of(" \t", 2);
  if (begin == std::string::npos) {
    return std::nullopt;
  }
  return line.substr(begin, line.find_first_of(" \t", begin) - begin);
}

ports::CommandFailure explain_missing(const std::string& path) {
  if (access(path.c_str(), F_OK) != 0) {
    return failure(Kind::not_found, path, "no such file");
  }
  const auto interpreter = interpreter_of(path);
  if (!interpreter) {
    return failure(Kind::not_found, path, "the loader or library that it needs is missing");
  }
  const bool carriage_return = interpreter->ends_with('\r');
  return failure(Kind::not_found, path,
                 carriage_return ? "its first line ends with CR LF: save it with Unix line ends"
                                 : fmt::format("its interpreter {} is missing", *interpreter));
}

ports::CommandFailure explain_denied(const std::string& path) {
  if (is_folder(path)) {
    return failure(Kind::not_runnable, path, "it is a folder");
  }
  struct stat found{};
  if (stat(path.c_str(), &found) != 0) {
    return failure(Kind::not_runnable, path, "no permission to enter its folder");
  }
  if ((found.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0) {
    return failure(Kind::not_runnable, path, "no execute permission (chmod +x)");
  }
  if (const auto interpreter = interpreter_of(path)) {
    return failure(Kind::not_runnable, path,
                   fmt::format("no permission to run it, or its interpreter {}", *interpreter));
  }
  return failure(Kind::not_runnable, path, "no permission to run it (or mounted noexec)");
}

}  // namespace

std::expected<std::string, ports::CommandFailure> find_program(const std::string& name,
                                                               std::string_view search_path) {
  if (name.find('/') != std::string::npos) {
    return name;
  }
  std::optional<std::string> denied;
  for (std::string_view rest = search_path; !rest.empty();) {
    const auto colon = std::min(rest.find(':'), rest.size());
    const std::string_view folder = rest.substr(0, colon);
    rest.remove_prefix(std::min(colon + 1, rest.size()));
    // A relative or empty entry would run what lies in whatever folder we happen to be in.
    if (!folder.starts_with('/')) {
      continue;
    }
    std::string path = fmt::format("{}/{}", folder, name);
    if (access(path.c_str(), F_OK) != 0 || is_folder(path)) {
      continue;
    }
    if (access(path.c_str(), X_OK) == 0) {
      return path;
    }
    denied = denied.value_or(std::move(path));
  }
  if (denied) {
    return std::unexpected(explain_denied(*denied));
  }
  return std::unexpected(
      failure(Kind::not_found, name, fmt::format("no such program in PATH ({})", search_path)));
}

ports::CommandFailure explain_start(const std::string& path, int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return explain_missing(path);
    case EACCES:
    case EPERM:
      return explain_denied(path);
    case ENOEXEC:
    case ELIBBAD:
      return failure(Kind::not_runnable, path,
                     "not a program: a script needs a first line such as #!/bin/sh");
    case ETXTBSY:
      return failure(Kind::busy, path, "the file is open for writing (text file busy)");
    case E2BIG:
      return failure(Kind::invalid, path, "its arguments and environment are too long");
    case EAGAIN:
      return failure(Kind::resources, path, "no more processes allowed (ulimit -u, TasksMax)");
    case EMFILE:
    case ENFILE:
      return failure(Kind::resources, path, "no free file descriptor in this process");
    case ENOMEM:
      return failure(Kind::resources, path, "out of memory");
    default:
      return failure(Kind::internal, path, std::generic_category().message(error));
  }
}

}  // namespace tocsin::adapters
