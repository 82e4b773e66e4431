#include "app/told_line.hpp"

#include <gtest/gtest.h>

namespace tocsin::app {
namespace {

using deployment::Notice;
using deployment::NoticeType;

Told scaled(std::string t) {
  Notice notice;
  notice.type = NoticeType::scaled;
  notice.deployment = "ecs-svc/1";
  notice.from = 2;
  notice.to = 4;
  return {std::move(t), std::move(notice), "scaled from 2 to 4 tasks"};
}

TEST(ToldLine, JsonHasTheNamesOfAFileOfScenarios) {
  EXPECT_EQ(told_json("peak \"hour\"", scaled("30.5")),
            R"({"scenario":"peak \"hour\"","t":30.5,"type":"scaled","deployment":"ecs-svc/1",)"
            R"("from":2,"to":4})"
            "\n");
}

TEST(ToldLine, TextHasTheTimeTheTypeAndTheSentence) {
  EXPECT_EQ(told_text(scaled("95")), "     1m35s  scaled           scaled from 2 to 4 tasks\n");
  EXPECT_EQ(told_text(scaled("-2.25")).substr(0, 12), "  -2s250ms  ");
}

TEST(ToldLine, ASentenceCannotSteerTheTerminal) {
  Told told = scaled("0");
  told.sentence = "\x1b[2Jgone\nnext";
  EXPECT_EQ(told_text(told), "        0s  scaled           \\x1b[2Jgone\\nnext\n");
}

}  // namespace
}  // namespace tocsin::app
