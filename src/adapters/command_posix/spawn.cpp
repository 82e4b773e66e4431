#include "adapters/command_posix/spawn.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/result.hpp"

namespace tocsin::adapters {
namespace {

struct Pipe {
  Descriptor read;
  Descriptor write;
};

// Above 0, 1 and 2, should this process run without some of them: what the child's three are made
// from must not be overwritten while they are made.
bool raise_above_standard(Descriptor& descriptor) {
  if (descriptor.get() > STDERR_FILENO) {
    return true;
  }
  Descriptor raised(fcntl(descriptor.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  descriptor = std::move(raised);
  return descriptor.get() >= 0;
}

std::expected<Pipe, int> open_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return std::unexpected(errno);
  }
  Pipe out{Descriptor(ends[0]), Descriptor(ends[1])};
  if (!raise_above_standard(out.read) || !raise_above_standard(out.write)) {
    return std::unexpected(errno);
  }
  return out;
}

// glibc 2.36 declares pidfd_open() without C linkage. The descriptor is closed on exec.
Descriptor open_pidfd(pid_t pid) {
  return Descriptor(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

class Attributes {
 public:
  Attributes() {
    TOCSIN_ASSERT(posix_spawnattr_init(&attributes_) == 0);
    sigset_t every{};
    sigset_t none{};
    sigfillset(&every);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes_, &every);
    posix_spawnattr_setsigmask(&attributes_, &none);
    // A session of its own: without it a program could read from our terminal, or be stopped by it.
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  }
  ~Attributes() { posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  [[nodiscard]] const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

class FileActions {
 public:
  FileActions(int input, int output, int errors) {
    TOCSIN_ASSERT(posix_spawn_file_actions_init(&actions_) == 0);
    if (posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO) != 0 ||
        posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO) != 0 ||
        posix_spawn_file_actions_adddup2(&actions_, errors, STDERR_FILENO) != 0 ||
        // Whatever a library opened without O_CLOEXEC.
        posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1) != 0) {
      throw std::bad_alloc();
    }
  }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  out.reserve(words.size() + 1);
  for (std::string& word : words) {
    out.push_back(word.data());
  }
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> entries(const Environment& environment) {
  std::vector<std::string> out;
  out.reserve(environment.size());
  for (const auto& [name, value] : environment) {
    out.emplace_back(name).append("=").append(value);
  }
  return out;
}

}  // namespace

Descriptor::~Descriptor() {
  if (descriptor_ >= 0) {
    close(descriptor_);
  }
}

std::expected<Child, int> spawn(const std::string& path, const std::vector<std::string>& argv,
                                const Environment& environment) {
  auto input = open_pipe();
  auto output = open_pipe();
  auto errors = open_pipe();
  if (!input || !output || !errors) {
    return std::unexpected(!input ? input.error() : !output ? output.error() : errors.error());
  }
  std::vector<std::string> arguments = argv;
  std::vector<std::string> variables = entries(environment);
  const Attributes attributes;
  const FileActions actions(input->read.get(), output->write.get(), errors->write.get());
  Child child;
  const int error = posix_spawn(&child.pid, path.c_str(), actions.get(), attributes.get(),
                                pointers(arguments).data(), pointers(variables).data());
  if (error != 0) {
    return std::unexpected(error);
  }
  child.exit = open_pidfd(child.pid);
  if (child.exit.get() < 0) {
    const int reason = errno;
    kill(-child.pid, SIGKILL);
    waitpid(child.pid, nullptr, 0);
    return std::unexpected(reason);
  }
  child.input = std::move(input->write);
  child.output = std::move(output->read);
  child.errors = std::move(errors->read);
  return child;
}

}  // namespace tocsin::adapters
