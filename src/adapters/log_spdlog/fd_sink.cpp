#include "adapters/log_spdlog/fd_sink.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

namespace tocsin::adapters {

void FdSink::sink_it_(const spdlog::details::log_msg& message) {
  std::string line(message.payload.data(), message.payload.size());
  line += '\n';
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // somebody shares a non-blocking terminal with us
      pollfd wait{.fd = fd_, .events = POLLOUT, .revents = 0};
      ::poll(&wait, 1, -1);
    } else if (errno != EINTR) {
      return;  // nobody reads any more: there is no better place to say so
    }
  }
}

}  // namespace tocsin::adapters
