#include "adapters/systemd/systemd_notify.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

namespace tocsin::adapters {
namespace {

// The other end: a datagram socket bound to a path, or to an abstract name.
class Listener {
 public:
  explicit Listener(std::string name) : name_(std::move(name)) {
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name_.data(), name_.size());
    std::size_t size = offsetof(sockaddr_un, sun_path) + name_.size();
    if (name_.front() == '@') {
      address.sun_path[0] = '\0';
    } else {
      size += 1;
    }
    const void* generic = &address;
    EXPECT_EQ(0, ::bind(fd_, static_cast<const sockaddr*>(generic), static_cast<socklen_t>(size)));
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() {
    ::close(fd_);
    if (name_.front() == '/') ::unlink(name_.c_str());
  }

  // Datagrams on a local socket are there once sendto() returned.
  [[nodiscard]] std::string receive() const {
    std::array<char, 512> buffer{};
    const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    return got < 0 ? "(nothing)" : std::string(buffer.data(), static_cast<std::size_t>(got));
  }
  [[nodiscard]] SystemdEnvironment environment() const { return {.notify_socket = name_}; }

 private:
  std::string name_;
  int fd_ = -1;
};

std::string path_name() {
  const auto folder = std::filesystem::temp_directory_path();
  return (folder / ("tocsin-notify-" + std::to_string(::getpid()))).string();
}

TEST(SystemdNotify, SpeaksTheProtocolOverAPath) {
  const Listener listener(path_name());
  const SystemdNotify notify(listener.environment());
  EXPECT_TRUE(notify.enabled());
  EXPECT_TRUE(notify.ready());
  EXPECT_EQ("READY=1", listener.receive());
  EXPECT_TRUE(notify.watchdog());
  EXPECT_EQ("WATCHDOG=1", listener.receive());
  EXPECT_TRUE(notify.stopping());
  EXPECT_EQ("STOPPING=1", listener.receive());
  EXPECT_TRUE(notify.reloading());
  EXPECT_TRUE(listener.receive().starts_with("RELOADING=1\nMONOTONIC_USEC="));
}

TEST(SystemdNotify, ReachesAnAbstractSocket) {
  const Listener listener("@tocsin-notify-test-" + std::to_string(::getpid()));
  const SystemdNotify notify(listener.environment());
  EXPECT_TRUE(notify.ready());
  EXPECT_EQ("READY=1", listener.receive());
}

TEST(SystemdNotify, StatusCannotSmuggleASecondAssignment) {
  const Listener listener("@tocsin-notify-status-" + std::to_string(::getpid()));
  const SystemdNotify notify(listener.environment());
  EXPECT_TRUE(notify.status("42 up\nREADY=1"));
  EXPECT_EQ("STATUS=42 up READY=1", listener.receive());
}

TEST(SystemdNotify, WithoutASocketEveryCallSucceedsAndDoesNothing) {
  for (const char* name : {"", "relative", "@", "/"}) {
    const SystemdNotify notify({.notify_socket = name, .watchdog_usec = "1000000"});
    EXPECT_FALSE(notify.enabled()) << name;
    EXPECT_FALSE(notify.watchdog_interval().has_value()) << name;
    EXPECT_TRUE(notify.ready()) << name;
  }
}

TEST(SystemdNotify, ASocketThatNobodyReadsIsAnErrorAndNeverBlocks) {
  const SystemdNotify gone({.notify_socket = "/nonexistent/notify"});
  const Result<void> result = gone.ready();
  ASSERT_FALSE(result);
  EXPECT_EQ(ErrorCode::unavailable, result.error().code);

  const Listener listener("@tocsin-notify-full-" + std::to_string(::getpid()));
  const SystemdNotify notify(listener.environment());
  bool refused = false;
  for (int i = 0; i < 100'000 && !refused; ++i) refused = !notify.watchdog();
  EXPECT_TRUE(refused);
}

TEST(SystemdNotify, WatchdogIntervalIsHalfOfWhatTheUnitAllows) {
  const Listener listener("@tocsin-notify-dog-" + std::to_string(::getpid()));
  SystemdEnvironment environment = listener.environment();
  environment.watchdog_usec = "30000000";
  EXPECT_EQ(Milliseconds{15'000}, SystemdNotify(environment).watchdog_interval());
  environment.watchdog_pid = std::to_string(::getpid());
  EXPECT_EQ(Milliseconds{15'000}, SystemdNotify(environment).watchdog_interval());
  environment.watchdog_pid = std::to_string(::getpid() + 1);
  EXPECT_FALSE(SystemdNotify(environment).watchdog_interval());
  environment.watchdog_pid = "";
  for (const char* bad : {"", "0", "-5", "soon", "30s"}) {
    environment.watchdog_usec = bad;
    EXPECT_FALSE(SystemdNotify(environment).watchdog_interval()) << bad;
  }
}

TEST(SystemdEnvironment, IsTakenOutOfWhatCommandsInherit) {
  // NOLINTBEGIN(concurrency-mt-unsafe): this test has one thread
  ::setenv("NOTIFY_SOCKET", "@x", 1);
  ::setenv("WATCHDOG_USEC", "7", 1);
  ::unsetenv("WATCHDOG_PID");
  // NOLINTEND(concurrency-mt-unsafe)
  const SystemdEnvironment taken = SystemdEnvironment::take();
  EXPECT_EQ("@x", taken.notify_socket);
  EXPECT_EQ("7", taken.watchdog_usec);
  EXPECT_EQ("", taken.watchdog_pid);
  EXPECT_EQ("", SystemdEnvironment::take().notify_socket);
}

}  // namespace
}  // namespace tocsin::adapters
