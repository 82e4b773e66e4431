#include "adapters/log_spdlog/fd_sink.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>

namespace tocsin::adapters {
namespace {

constexpr int kLookAgainMs = 50;

// A pipe that poll() calls ready takes this much without blocking (PIPE_BUF, pipe(7)).
constexpr std::size_t kPiece = 4096;

bool ready(int fd, int timeout_ms) {
  pollfd wait{.fd = fd, .events = POLLOUT, .revents = 0};
  return ::poll(&wait, 1, timeout_ms) > 0;
}

}  // namespace

void FdSink::sink_it_(const spdlog::details::log_msg& message) {
  std::string line(message.payload.data(), message.payload.size());
  line += '\n';
  std::string_view rest = line;
  while (!rest.empty()) {
    if (!ready(fd_, looks_left_ > 0 ? kLookAgainMs : 0)) {
      // The reader is stuck. While we run, the queue's bound deals with that; the end of the
      // process must not wait for it.
      if (closing_) {
        looks_left_ = std::max(looks_left_ - 1, 0);
        if (looks_left_ == 0) {
          return;
        }
      }
      continue;
    }
    const ssize_t written = ::write(fd_, rest.data(), std::min(rest.size(), kPiece));
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR && errno != EAGAIN) {
      return;  // nobody reads any more: there is no better place to say so
    }
  }
}

}  // namespace tocsin::adapters
