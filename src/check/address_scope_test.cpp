#include "check/address_scope.hpp"

#include <gtest/gtest.h>

namespace tocsin::check {
namespace {

TEST(AddressScope, PrivateAddressesAreKnownInEveryForm) {
  for (const char* address : {"127.0.0.1",
                              "10.1.2.3",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.1.1",
                              "169.254.169.254",
                              "100.64.0.1",
                              "0.0.0.0",
                              "224.0.0.1",
                              "255.255.255.255",
                              "198.18.0.1",
                              "203.0.113.9",
                              "::",
                              "::1",
                              "fe80::1",
                              "fc00::1",
                              "fd12:3456::1",
                              "ff02::1",
                              "::ffff:10.0.0.1",
                              "::ffff:127.0.0.1",
                              "::ffff:a9fe:a9fe",
                              "::10.0.0.1",
                              "64:ff9b::10.0.0.1",
                              "2002:0a00:0001::1",
                              "2001:db8::1",
                              "2001:0:1::1",
                              "100::1",
                              "example.com",
                              ""}) {
    EXPECT_TRUE(is_private_address(address)) << address;
  }
}

TEST(AddressScope, PublicAddressesAreNot) {
  for (const char* address :
       {"8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "192.167.1.1", "100.128.0.1",
        "169.253.0.1", "223.255.255.255", "2606:4700::1111", "2a00:1450:4001:82a::200e",
        "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:0808:0808::1", "1:2:3:4:5:6:7:8"}) {
    const bool outside_2000 = std::string_view(address).starts_with("1:2:3");
    EXPECT_EQ(is_private_address(address), outside_2000) << address;
  }
}

}  // namespace
}  // namespace tocsin::check
