#pragma once
// What the errno of a failed socket call means: whose fault it was, in words for people. Pure: the
// number is an argument. Every network adapter classifies alike through it.

#include <cstdint>
#include <string>

namespace tocsin {

enum class SocketFault : std::uint8_t {
  peer,   // refused, unreachable, reset: says something about the target
  local,  // descriptors, memory, local ports, a local filter: says nothing about the target
};

[[nodiscard]] SocketFault socket_fault(int error);

// "connection refused", "no free file descriptor". Lower case, without a full stop, never a host.
[[nodiscard]] std::string describe_socket_error(int error);

}  // namespace tocsin
