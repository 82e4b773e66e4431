#include "check/decimal.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tocsin::check {
namespace {

TEST(Decimal, EqualValuesCompareEqualHoweverWritten) {
  const std::vector<std::vector<std::string>> groups{
      {"0", "-0", "0.0", "0e5", "000", "-0.00e-3"},
      {"1", "1.0", "1e0", "10e-1", "0.1e1", "0.001e3", "01", "1.000E+0"},
      {"100", "1e2", "1E+2", "100.00", "0.01e4"},
      {"-1.5", "-15e-1", "-1.50"},
      {"9007199254740993", "9007199254740993.0"},
      {"0.1", "1e-1", "0.10"},
      {"10.01", "1001e-2", "1.001e1"},
  };
  for (const auto& group : groups) {
    for (const std::string& a : group) {
      for (const std::string& b : group) {
        EXPECT_EQ(*Decimal::parse(a), *Decimal::parse(b)) << a << " " << b;
      }
    }
  }
}

TEST(Decimal, OrdersExactly) {
  const std::vector<std::string> ascending{"-1e1000000000000000",
                                           "-1e400",
                                           "-9007199254740993",
                                           "-9007199254740992",
                                           "-10",
                                           "-9.99",
                                           "-1",
                                           "-0.1",
                                           "-1e-400",
                                           "0",
                                           "1e-1000000000000000",
                                           "1e-400",
                                           "0.0999",
                                           "0.1",
                                           "0.10000000000000000001",
                                           "0.2",
                                           "1",
                                           "1.9",
                                           "2",
                                           "9.99",
                                           "10",
                                           "99",
                                           "100",
                                           "9007199254740992",
                                           "9007199254740993",
                                           "123456789012345678901234567890",
                                           "1.23456789012345678901234567891e29",
                                           "1e400"};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      const auto a = Decimal::parse(ascending[i]);
      const auto b = Decimal::parse(ascending[j]);
      ASSERT_TRUE(a && b);
      EXPECT_EQ(*a <=> *b, i <=> j) << ascending[i] << " " << ascending[j];
    }
  }
}

TEST(Decimal, RefusesWhatIsNotADecimal) {
  for (const std::string_view text :
       {"", "-", "+1", "1.", ".5", "1e", "1e+", "0x1f", "1_000", "NaN", "1 ", " 1", "1.2.3", "--1",
        "1e1000000000000001", "1e99999999999999999999", "1e1.5", "ok"}) {
    EXPECT_FALSE(Decimal::parse(text)) << text;
  }
}

TEST(Decimal, KnowsWholeNumbers) {
  for (const std::string_view text : {"0", "5", "-5", "5.0", "5e3", "1.5e1", "500e-2"}) {
    EXPECT_TRUE(Decimal::parse(text)->is_whole()) << text;
  }
  for (const std::string_view text : {"0.5", "5.01", "5e-1", "1.55e1", "501e-2"}) {
    EXPECT_FALSE(Decimal::parse(text)->is_whole()) << text;
  }
}

}  // namespace
}  // namespace tocsin::check
