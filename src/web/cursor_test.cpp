#include "web/cursor.hpp"

#include <gtest/gtest.h>

namespace tocsin::web {
namespace {

TEST(Cursor, ReadsBackItsPlace) {
  const Sort sort{SortKey::duration, true};
  const Position place{-12345, "name with spaces / \xC3\xA9"};
  const auto back = decode_cursor(sort, encode_cursor(sort, place));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, place);
}

TEST(Cursor, BelongsToItsSortOrder) {
  const std::string cursor = encode_cursor({SortKey::since, false}, {1, "a"});
  EXPECT_FALSE(decode_cursor({SortKey::since, true}, cursor));
  EXPECT_FALSE(decode_cursor({SortKey::name, false}, cursor));
}

TEST(Cursor, RefusesEveryDamage) {
  const Sort sort{SortKey::name, false};
  const std::string good = encode_cursor(sort, {0, "checkout"});
  ASSERT_TRUE(decode_cursor(sort, good));
  for (const std::string& bad :
       {std::string(), good + "A", good + "=", good.substr(0, 3), "!" + good, "x" + good,
        std::string("AAAA"), encode_cursor(sort, {5, "checkout"}), encode_cursor(sort, {0, ""}),
        encode_cursor(sort, {0, "\xff"})}) {
    EXPECT_FALSE(decode_cursor(sort, bad)) << bad;
  }
}

TEST(Cursor, KnowsTheSortOrders) {
  EXPECT_EQ(parse_sort("-since"), (Sort{SortKey::since, true}));
  EXPECT_EQ(parse_sort("name"), (Sort{SortKey::name, false}));
  for (const std::string_view text : {"", "-", "--name", "Name", "name ", "uptime"}) {
    EXPECT_FALSE(parse_sort(text)) << text;
  }
}

}  // namespace
}  // namespace tocsin::web
