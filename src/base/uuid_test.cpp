#include "base/uuid.hpp"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

TEST(Uuid, TakesTheCanonicalFormInEitherCase) {
  EXPECT_EQ(parse_uuid("5b1a6c6e-4d0f-4a3e-9d5c-0d8d8f4f2b11"),
            "5b1a6c6e-4d0f-4a3e-9d5c-0d8d8f4f2b11");
  EXPECT_EQ(parse_uuid("5B1A6C6E-4D0F-4A3E-9D5C-0D8D8F4F2B11"),
            "5b1a6c6e-4d0f-4a3e-9d5c-0d8d8f4f2b11");
}

TEST(Uuid, RefusesEverythingElse) {
  for (const char* text :
       {"", "5b1a6c6e", "5b1a6c6e4d0f4a3e9d5c0d8d8f4f2b11", "5b1a6c6e-4d0f-4a3e-9d5c-0d8d8f4f2b1",
        "5b1a6c6e-4d0f-4a3e-9d5c-0d8d8f4f2b111", "5b1a6c6e-4d0f-4a3e-9d5c-0d8d8f4f2b1g",
        "5b1a6c6e-4d0f-4a3e-9d5c00d8d8f4f2b11", "{b1a6c6e-4d0f-4a3e-9d5c-0d8d8f4f2b1}"}) {
    EXPECT_FALSE(parse_uuid(text)) << text;
  }
}

}  // namespace
}  // namespace tocsin
