#include "base/siphash.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tocsin {
namespace {

// Appendix A of the paper: key 00 01 ... 0f, message 00 01 ... 0e.
TEST(SipHash, IsAsPublished) {
  const SipKey key{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};
  std::string message;
  for (int i = 0; i < 15; ++i) {
    message.push_back(static_cast<char>(i));
  }
  EXPECT_EQ((SipHash<2, 4>::of(key, message)), 0xa129ca6149be45e5ULL);
}

TEST(SipHash, DependsOnKeyTextAndLength) {
  const SipKey one{1, 2};
  const SipKey two{1, 3};
  EXPECT_NE(SipHash<>::of(one, "a"), SipHash<>::of(two, "a"));
  EXPECT_NE(SipHash<>::of(one, "a"), SipHash<>::of(one, "b"));
  EXPECT_NE(SipHash<>::of(one, ""), SipHash<>::of(one, std::string(1, '\0')));
  EXPECT_NE(SipHash<>::of(one, "12345678"), SipHash<>::of(one, "123456789"));
}

}  // namespace
}  // namespace tocsin
