#include "app/table.hpp"

#include <gtest/gtest.h>

namespace tocsin::app {
namespace {

using namespace std::chrono_literals;

constexpr Instant kNow = from_unix_ms(1'800'000'000'000);

TEST(Table, ShowsOneRowPerMonitorAndACountOfStates) {
  const std::string text =
      render_table({{"api", "http", "up", "", kNow - 5min, "12ms", ""},
                    {"db", "tcp", "down", "paused", kNow - 2h, "1ms", "connection refused"}},
                   kNow, {.width = 100});
  EXPECT_EQ(text,
            "MONITOR  KIND  STATE          SINCE  TOOK    LAST CHECK\n"
            "api      http  up             5m     12ms    \n"
            "db       tcp   down (paused)  2h     1ms     connection refused\n"
            "2 monitors: 1 down, 1 up\n");
}

TEST(Table, NamesEverythingThatLiesOverAState) {
  EXPECT_EQ(overlay_text(false, false, false), "");
  EXPECT_EQ(overlay_text(true, false, false), "paused");
  EXPECT_EQ(overlay_text(false, true, true), "silenced, flapping");
  EXPECT_EQ(overlay_text(true, true, true, true), "paused, silenced, flapping, acknowledged");
}

TEST(Table, SaysHowLongACheckTook) {
  EXPECT_EQ(took_text(0us), "<1ms");
  EXPECT_EQ(took_text(999us), "<1ms");
  EXPECT_EQ(took_text(1ms), "1ms");
  EXPECT_EQ(took_text(2999999us), "2999ms");
}

TEST(Table, PutsWhatIsNotUpFirstWhenThereAreTooMany) {
  std::vector<TableRow> rows;
  for (int i = 0; i < 9; ++i) {
    rows.push_back({"m" + std::to_string(i), "http", i == 8 ? "down" : "up", "", {}, "", ""});
  }
  const std::string text = render_table(rows, kNow, {.most = 2});
  EXPECT_NE(text.find("m8"), std::string::npos);
  EXPECT_NE(text.find("9 monitors: 1 down, 8 up (7 not shown)"), std::string::npos);
}

TEST(Table, CutsMessagesToTheTerminalAndShowsControlCharactersAsEscapes) {
  const std::string text =
      render_table({{"api", "http", "down", "", {}, "", "\x1b[31m" + std::string(500, 'x')}}, kNow,
                   {.width = 80});
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos;
       at = end + 1) {
    EXPECT_LE(end - at, 80U);
  }
}

TEST(Table, ColorsStatesOnlyWhenAsked) {
  const std::vector<TableRow> rows{{"api", "http", "down", "", {}, "", ""}};
  EXPECT_EQ(render_table(rows, kNow, {}).find('\x1b'), std::string::npos);
  EXPECT_NE(render_table(rows, kNow, {.color = true}).find("\x1b[31;1mdown"), std::string::npos);
}

TEST(Table, AKindIsShownInFull) {
  TableRow row;
  row.name = "nightly";
  row.kind = "timer";
  row.state = "up";
  EXPECT_NE(render_table({row}, from_unix_ms(0), {}).find("nightly  timer  up"), std::string::npos);
}

}  // namespace
}  // namespace tocsin::app
