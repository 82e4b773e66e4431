#pragma once
// Tells systemd how the service is: the protocol of sd_notify(3), one datagram per message to the
// socket that $NOTIFY_SOCKET names. Without that variable every call does nothing and succeeds.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace tocsin::adapters {

// What systemd put into the environment, "" when it is not there.
struct SystemdEnvironment {
  std::string notify_socket;  // a path, or "@name" for an abstract socket
  std::string watchdog_usec;
  std::string watchdog_pid;

  // Reads the three variables and removes them, so that no command we start inherits them. Call
  // before the first thread starts: the environment is not safe to change afterwards.
  [[nodiscard]] static SystemdEnvironment take();
};

// Never blocks: a message that the socket does not take at once is an error of code unavailable,
// and systemd goes on with what it knew. Safe from any thread.
class SystemdNotify {
 public:
  explicit SystemdNotify(const SystemdEnvironment& environment);
  ~SystemdNotify();
  SystemdNotify(const SystemdNotify&) = delete;
  SystemdNotify& operator=(const SystemdNotify&) = delete;

  [[nodiscard]] bool enabled() const { return !address_.empty(); }

  // How often to call watchdog(): half of what systemd allows, as sd_watchdog_enabled(3) advises.
  // nullopt: the unit has no watchdog, or it is meant for another process.
  [[nodiscard]] std::optional<Milliseconds> watchdog_interval() const { return interval_; }

  [[nodiscard]] Result<void> ready() const;      // started, or done with a reload
  [[nodiscard]] Result<void> reloading() const;  // a reload begins; ready() must follow
  [[nodiscard]] Result<void> stopping() const;
  [[nodiscard]] Result<void> watchdog() const;  // still alive
  // One line for `systemctl status`.
  [[nodiscard]] Result<void> status(std::string_view text) const;

 private:
  [[nodiscard]] Result<void> send(std::string_view message) const;

  std::string address_;  // sun_path as the kernel wants it; "" when there is nobody to tell
  int socket_ = -1;
  std::optional<Milliseconds> interval_;
};

}  // namespace tocsin::adapters
