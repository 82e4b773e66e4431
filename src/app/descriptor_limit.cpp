#include "app/descriptor_limit.hpp"

#include <sys/resource.h>

namespace tocsin::app {
namespace {

// Descriptors beside those of checks: store, log, listener, epoll, files being read.
constexpr rlim_t kOwnDescriptors = 64;

}  // namespace

void raise_descriptor_limit(const config::Settings& settings, Logger& log) {
  const config::Limits& limits = settings.limits;
  const std::uint32_t of_timers =
      settings.timers && settings.timers->listen ? settings.timers->connections : 0;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return;
  }
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(setrlimit(RLIMIT_NOFILE, &limit));
  const rlim_t wanted = kOwnDescriptors + limits.concurrent_checks + limits.connections + of_timers;
  if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < wanted) {
    log.warn(
        "too few file descriptors for limits.concurrent_checks, limits.connections and "
        "timers.limits.connections; raise the hard limit (LimitNOFILE= under systemd, ulimit -Hn) "
        "or lower the limits",
        {{"have", static_cast<std::int64_t>(limit.rlim_cur)},
         {"want", static_cast<std::int64_t>(wanted)}});
  }
}

}  // namespace tocsin::app
