#include "adapters/systemd/systemd_notify.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <system_error>

namespace tocsin::adapters {

namespace {

std::string take_variable(const char* name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): before the first thread, as the header says
  const char* value = std::getenv(name);
  std::string taken = value == nullptr ? "" : value;
  ::unsetenv(name);  // NOLINT(concurrency-mt-unsafe): same
  return taken;
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value <= 0) return std::nullopt;
  return value;
}

std::optional<Milliseconds> interval_of(const SystemdEnvironment& environment) {
  const auto usec = parse_number(environment.watchdog_usec);
  if (!usec) return std::nullopt;
  if (!environment.watchdog_pid.empty() && parse_number(environment.watchdog_pid) != ::getpid()) {
    return std::nullopt;
  }
  return std::max(Milliseconds{1}, Milliseconds{*usec / 2000});
}

// "@name" is an abstract socket: a leading NUL and no terminator (unix(7)).
std::string socket_address(std::string_view name) {
  if (name.size() < 2 || name.size() >= sizeof(sockaddr_un::sun_path)) return "";
  if (name.front() != '/' && name.front() != '@') return "";
  std::string address(name);
  if (address.front() == '@') {
    address.front() = '\0';
  } else {
    address.push_back('\0');
  }
  return address;
}

}  // namespace

SystemdEnvironment SystemdEnvironment::take() {
  return {.notify_socket = take_variable("NOTIFY_SOCKET"),
          .watchdog_usec = take_variable("WATCHDOG_USEC"),
          .watchdog_pid = take_variable("WATCHDOG_PID")};
}

SystemdNotify::SystemdNotify(const SystemdEnvironment& environment)
    : address_(socket_address(environment.notify_socket)) {
  if (address_.empty()) return;
  socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  interval_ = interval_of(environment);
}

SystemdNotify::~SystemdNotify() {
  if (socket_ >= 0) ::close(socket_);
}

Result<void> SystemdNotify::ready() const { return send("READY=1"); }

Result<void> SystemdNotify::reloading() const {
  // Type=notify-reload of newer versions matches the answer by this time; older ones ignore it.
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t usec = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
  return send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", usec));
}

Result<void> SystemdNotify::stopping() const { return send("STOPPING=1"); }

Result<void> SystemdNotify::watchdog() const { return send("WATCHDOG=1"); }

Result<void> SystemdNotify::status(std::string_view text) const {
  std::string message = fmt::format("STATUS={}", text);
  // A line break would begin another assignment.
  std::ranges::replace_if(message, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return send(message);
}

Result<void> SystemdNotify::send(std::string_view message) const {
  if (!enabled()) return {};
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  sockaddr_storage storage{};
  std::memcpy(&storage, &to, sizeof to);
  const void* generic = &storage;
  const ssize_t sent = ::sendto(socket_, message.data(), message.size(), MSG_NOSIGNAL,
                                static_cast<const sockaddr*>(generic), length);
  if (sent == static_cast<ssize_t>(message.size())) return {};
  const int error = errno;
  return fail(ErrorCode::unavailable, fmt::format("systemd's notification socket: {}",
                                                  std::generic_category().message(error)));
}

}  // namespace tocsin::adapters
