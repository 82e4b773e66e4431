#include "app/listing.hpp"

#include <gtest/gtest.h>

namespace tocsin::app {
namespace {

TEST(Listing, ColumnsAreAsWideAsTheirWidestCell) {
  EXPECT_EQ(render_columns({"ID", "STATE", "REASON"},
                           {{"1", "active", "deploy"}, {"long-id", "x", ""}}, 80),
            "ID       STATE   REASON\n"
            "1        active  deploy\n"
            "long-id  x\n");
}

TEST(Listing, TheLastColumnIsCutToTheTerminal) {
  const std::string text = render_columns({"A", "B"}, {{"1", std::string(200, 'b')}}, 40);
  EXPECT_EQ(text.find('\n', 5) - text.find('\n') - 1, 40U);
}

TEST(Listing, NothingFromOutsideReachesTheTerminalRaw) {
  EXPECT_EQ(render_columns({"A", "B"}, {{"\x1b[2J", "x\ny"}}, 80), "A        B\n\\x1b[2J  x\\ny\n");
}

TEST(Listing, CountsReadLikeSentences) {
  EXPECT_EQ(counted(0, "silence"), "no silences");
  EXPECT_EQ(counted(1, "silence"), "1 silence");
  EXPECT_EQ(counted(7, "silence"), "7 silences");
}

}  // namespace
}  // namespace tocsin::app
