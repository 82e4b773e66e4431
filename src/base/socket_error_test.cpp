#include "base/socket_error.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace tocsin {
namespace {

TEST(SocketError, BlamesThePeerForRefusalAndUnreachability) {
  for (const int error : {ECONNREFUSED, ECONNRESET, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT}) {
    EXPECT_EQ(socket_fault(error), SocketFault::peer) << error;
  }
}

TEST(SocketError, BlamesOurselvesForDescriptorsPortsAndMemory) {
  for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EAGAIN, EPERM}) {
    EXPECT_EQ(socket_fault(error), SocketFault::local) << error;
  }
}

TEST(SocketError, SaysWhatHappenedInWords) {
  EXPECT_EQ(describe_socket_error(ECONNREFUSED), "connection refused");
  EXPECT_EQ(describe_socket_error(EMFILE), "no free file descriptor in this process");
  EXPECT_EQ(describe_socket_error(EISDIR), "Is a directory");
}

}  // namespace
}  // namespace tocsin
