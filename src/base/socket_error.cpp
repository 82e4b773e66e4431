#include "base/socket_error.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

namespace tocsin {
namespace {

struct Meaning {
  int error;
  SocketFault fault;
  std::string_view text;
};

constexpr std::array kMeanings = {
    Meaning{ECONNREFUSED, SocketFault::peer, "connection refused"},
    Meaning{ECONNRESET, SocketFault::peer, "connection reset"},
    Meaning{ECONNABORTED, SocketFault::peer, "connection aborted"},
    Meaning{EPIPE, SocketFault::peer, "connection closed by the peer"},
    Meaning{EHOSTUNREACH, SocketFault::peer, "no route to host"},
    Meaning{ENETUNREACH, SocketFault::peer, "network unreachable"},
    Meaning{EHOSTDOWN, SocketFault::peer, "host is down"},
    Meaning{ETIMEDOUT, SocketFault::peer, "connection timed out"},
    Meaning{EMFILE, SocketFault::local, "no free file descriptor in this process"},
    Meaning{ENFILE, SocketFault::local, "no free file descriptor on this machine"},
    Meaning{ENOBUFS, SocketFault::local, "no socket buffer space on this machine"},
    Meaning{ENOMEM, SocketFault::local, "no memory for a socket on this machine"},
    Meaning{EADDRNOTAVAIL, SocketFault::local, "no free local port or address"},
    Meaning{EADDRINUSE, SocketFault::local, "local address in use"},
    Meaning{EAGAIN, SocketFault::local, "no free local port"},
    Meaning{EACCES, SocketFault::local, "connecting is forbidden on this machine"},
    Meaning{EPERM, SocketFault::local, "connecting is forbidden on this machine"},
    Meaning{EAFNOSUPPORT, SocketFault::local, "this machine lacks the address family"},
    Meaning{ENETDOWN, SocketFault::local, "the local network is down"},
};

const Meaning* find_meaning(int error) {
  const auto* const found = std::ranges::find(kMeanings, error, &Meaning::error);
  return found == kMeanings.end() ? nullptr : found;
}

}  // namespace

SocketFault socket_fault(int error) {
  const Meaning* meaning = find_meaning(error);
  return meaning == nullptr ? SocketFault::peer : meaning->fault;
}

std::string describe_socket_error(int error) {
  if (const Meaning* meaning = find_meaning(error); meaning != nullptr) {
    return std::string(meaning->text);
  }
  return std::generic_category().message(error);
}

}  // namespace tocsin
