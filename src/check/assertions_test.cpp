#include "check/assertions.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace tocsin::check {
namespace {

constexpr Placeholders kHttp{.status = true, .body = true};

struct Probe {
  int status = 200;
  std::string body = "{}";
  Microseconds time{300'900};
};

Assertions::Verdict evaluate(const std::vector<std::string>& conditions, const Probe& probe,
                             const std::vector<CaptureText>& captures = {}) {
  const auto compiled = Assertions::compile(conditions, captures, kHttp);
  if (!compiled.assertions) {
    ADD_FAILURE() << compiled.problems.front().message;
    return {};
  }
  Response response;
  response.http_status = probe.status;
  response.connected = true;
  response.ip = "10.0.0.1";
  response.body = probe.body;
  response.response_time = probe.time;
  return compiled.assertions->evaluate(response);
}

bool passes(const std::string& condition, const std::string& body) {
  return evaluate({condition}, {.body = body}).passed;
}

std::string seen(const std::string& condition, const Probe& probe) {
  return evaluate({condition}, probe).conditions.at(0).seen;
}

// The errors and warnings of one condition: "error: ...", "warning: ...".
std::string problems(const std::string& condition, Placeholders available = kHttp) {
  const auto compiled = Assertions::compile({condition}, {}, available);
  std::string all;
  bool error = false;
  for (const AssertionProblem& problem : compiled.problems) {
    all += (problem.warning ? "warning: " : "error: ") + problem.message + "\n";
    error = error || !problem.warning;
    EXPECT_LE(problem.offset, condition.size()) << condition;
    EXPECT_FALSE(problem.rule.empty()) << condition;
  }
  EXPECT_EQ(compiled.assertions == nullptr, error) << condition;
  return all;
}

void expect_error(const std::string& condition, const std::string& expected) {
  const std::string all = problems(condition);
  EXPECT_TRUE(all.starts_with("error: ")) << condition << " gave: " << all;
  EXPECT_NE(all.find(expected), std::string::npos) << condition << " gave: " << all;
}

void expect_warning(const std::string& condition, const std::string& expected) {
  const std::string all = problems(condition);
  EXPECT_TRUE(all.starts_with("warning: ")) << condition << " gave: " << all;
  EXPECT_NE(all.find(expected), std::string::npos) << condition << " gave: " << all;
}

// --- The traps of Gatus's conditions, by their row: each passes or fails as it reads. ---

TEST(ConditionTrap, MissingPathIsNotLessThanANumber) {
  EXPECT_FALSE(passes("[BODY].errs < 5", "{}"));
  EXPECT_EQ(seen("[BODY].errs < 5", {}), "[BODY].errs (INVALID) < 5");
}

TEST(ConditionTrap, MissingPathIsNotUnequalToText) {
  EXPECT_FALSE(passes("[BODY].state != DOWN", "{}"));
}

TEST(ConditionTrap, MissingPathFailsEveryOperator) {
  for (const std::string op : {"==", "!=", "<", "<=", ">", ">="}) {
    EXPECT_FALSE(passes("[BODY].x " + op + " 0", "{}")) << op;
    EXPECT_FALSE(passes("0 " + op + " [BODY].x", "{}")) << op;
    EXPECT_FALSE(passes("[BODY].x " + op + " [BODY].y", "{}")) << op;
    EXPECT_FALSE(passes("len([BODY].x) " + op + " 5", "{}")) << op;
  }
  EXPECT_FALSE(passes("[BODY].x == pat(*)", "{}"));
  EXPECT_FALSE(passes("[BODY].x != pat(a)", "{}"));
  EXPECT_FALSE(passes("[BODY].x != any(a, b)", "{}"));
  EXPECT_FALSE(passes("[BODY].x == INVALID", "{}"));
}

TEST(ConditionTrap, FractionsAreNotCutOff) {
  EXPECT_TRUE(passes("[BODY].load > 1.5", R"({"load":1.9})"));
  EXPECT_TRUE(passes("[BODY].load < 1.5", R"({"load":1.2})"));
  EXPECT_FALSE(passes("[BODY].load > 1.9", R"({"load":1.5})"));
}

TEST(ConditionTrap, LargeIntegersAreExact) {
  EXPECT_TRUE(passes("[BODY].id == 1234567", R"({"id":1234567})"));
  EXPECT_TRUE(passes("[BODY].id == 9007199254740993", R"({"id":9007199254740993})"));
  EXPECT_FALSE(passes("[BODY].id == 9007199254740993", R"({"id":9007199254740992})"));
  EXPECT_TRUE(passes("[BODY].id < 9007199254740993", R"({"id":9007199254740992})"));
}

TEST(ConditionTrap, LeadingZeroIsNotOctal) {
  expect_warning("[BODY].v == 010", "not octal");
  EXPECT_FALSE(passes("[BODY].v == 010", R"({"v":"8"})"));
  EXPECT_FALSE(passes("[BODY].v == 010", R"({"v":8})"));
  EXPECT_TRUE(passes("[BODY].v == 010", R"({"v":"010"})"));
  EXPECT_TRUE(passes("[BODY].v == 010", R"({"v":10})"));
  EXPECT_FALSE(passes("[BODY].v == 010", R"({"v":"10"})"));
}

TEST(ConditionTrap, DurationsAreComparedAsDurations) {
  EXPECT_TRUE(passes("[RESPONSE_TIME] < 800ms", "{}"));
  EXPECT_FALSE(passes("[RESPONSE_TIME] < 300ms", "{}"));
  EXPECT_TRUE(passes("[RESPONSE_TIME] == 300ms", "{}"));
  EXPECT_TRUE(passes("[RESPONSE_TIME] == 0.3s", "{}"));
  EXPECT_TRUE(passes("[RESPONSE_TIME] == 300", "{}"));  // milliseconds, as in Gatus
  EXPECT_TRUE(passes("[RESPONSE_TIME] < 1m30s", "{}"));
  EXPECT_TRUE(passes("[BODY].age == 48h", R"({"age":"2d"})"));
  EXPECT_TRUE(passes("[BODY].age < 49h", R"({"age":"2d"})"));
  EXPECT_FALSE(passes("[BODY].age > 49h", R"({"age":"2d"})"));
}

TEST(ConditionTrap, PatternInsideAnyIsAnError) {
  expect_error("[STATUS] == any(2*, 301)", "plain values only");
  expect_error("[STATUS] == any(pat(2*), 301)", "plain values only");
  expect_error("[BODY].x == any(len([BODY].y), 1)", "plain values only");
  expect_error("[BODY].x == any([BODY].y, 1)", "plain values only");
}

// --- Values ---

TEST(Condition, ComparesEveryPlaceholder) {
  const Probe probe{.status = 404, .body = R"({"a":{"b":[10,[20]]},"k":"v"})"};
  const auto verdict = evaluate(
      {"[STATUS] == 404", "[status] >= 400", "[Response_Time] < 301", "[CONNECTED] == true",
       "[IP] == 10.0.0.1", "[BODY].a.b[0] == 10", "[BODY].a.b[1][0] == 20", "[BODY].k == v",
       "[BODY].a.b == [10,[20]]", "404 == [STATUS]", "500 > [STATUS]", "[STATUS] == any(200, 404)",
       "[STATUS] != any(200, 201)", "[STATUS] == pat(4*)", "[BODY].k == pat(?)",
       "[BODY] == pat(*\"k\":\"v\"*)", "[IP] == pat(10.*)"},
      probe);
  for (const ConditionResult& result : verdict.conditions) {
    EXPECT_TRUE(result.passed) << result.seen;
  }
  EXPECT_TRUE(verdict.passed);
  EXPECT_EQ(verdict.message, "");
}

TEST(Condition, PathsMindCase) {
  EXPECT_FALSE(passes("[BODY].Status == ok", R"({"status":"ok"})"));
  EXPECT_TRUE(passes("[body].status == ok", R"({"status":"ok"})"));
}

TEST(Condition, PathMayBeginWithAnIndex) {
  EXPECT_TRUE(passes("[BODY][1].x == 5", R"([{}, {"x":5}])"));
  EXPECT_FALSE(passes("[BODY][2].x == 5", R"([{}, {"x":5}])"));
  EXPECT_TRUE(passes("[BODY].my key == 1", R"({"my key":1})"));
}

TEST(Condition, StringBesideANumberComparesAsText) {
  EXPECT_TRUE(passes("[BODY].v == 200", R"({"v":"200"})"));
  EXPECT_FALSE(passes("[BODY].v == 200.0", R"({"v":"200"})"));
  EXPECT_TRUE(passes("[BODY].v == 200.0", R"({"v":200})"));
  EXPECT_TRUE(passes("[BODY].v == 2e2", R"({"v":200.00})"));
  EXPECT_TRUE(passes("[BODY].v != abc", R"({"v":200})"));
}

TEST(Condition, OrderNeedsNumbersOnBothSides) {
  EXPECT_FALSE(passes("[BODY].v > 1", R"({"v":"5"})"));
  EXPECT_FALSE(passes("[BODY].v < 1", R"({"v":"abc"})"));
  EXPECT_FALSE(passes("[BODY].v < 1", R"({"v":true})"));
  EXPECT_FALSE(passes("[BODY].v >= 0", R"({"v":[1]})"));
  EXPECT_FALSE(passes("[BODY].v < 1h", R"({"v":"soon"})"));
  EXPECT_TRUE(passes("[BODY].v < 1s", R"({"v":999})"));  // a number beside a duration is in ms
  const auto verdict = evaluate({"[BODY].v > 1"}, {.body = R"({"v":"5"})"});
  EXPECT_EQ(verdict.message,
            "condition failed: [BODY].v (5) > 1, > needs a number or a duration on both sides");
}

TEST(Condition, NullFailsEveryComparison) {
  for (const std::string condition : {"[BODY].v == null", "[BODY].v != 5", "[BODY].v < 5",
                                      "len([BODY].v) == 0", "[BODY].v != pat(x)"}) {
    EXPECT_FALSE(passes(condition, R"({"v":null})")) << condition;
  }
  EXPECT_EQ(seen("[BODY].v != 5", {.body = R"({"v":null})"}), "[BODY].v (null) != 5");
}

TEST(Condition, HasTestsForExistence) {
  EXPECT_TRUE(passes("has([BODY].v) == true", R"({"v":0})"));
  EXPECT_TRUE(passes("has([BODY].v) == true", R"({"v":""})"));
  EXPECT_TRUE(passes("has([BODY].v) == false", R"({"v":null})"));
  EXPECT_TRUE(passes("has([BODY].v) == false", "{}"));
  EXPECT_TRUE(passes("has([BODY].v) != true", "{}"));
  EXPECT_FALSE(passes("has([BODY].v) == true", "{}"));
  EXPECT_TRUE(passes("has([BODY]) == false", ""));
  EXPECT_TRUE(passes("has([STATUS]) == true", ""));
}

TEST(Condition, LenCountsElementsOrBytes) {
  EXPECT_TRUE(passes("len([BODY].v) == 3", R"({"v":[1,[2,2],3]})"));
  EXPECT_TRUE(passes("len([BODY].v) == 3", R"({"v":"\u00fc!"})"));
  EXPECT_TRUE(passes("len([BODY].v) == 7", R"({"v":{ "a" : 1 }})"));
  EXPECT_TRUE(passes("len([BODY].v) < 5", R"({"v":1.25})"));
  EXPECT_TRUE(passes("len([BODY]) == 2", " [1, 2] "));
  EXPECT_TRUE(passes("len([BODY]) == 5", "plain"));
  EXPECT_TRUE(passes("len([BODY]) >= 1", "{ }"));
}

TEST(Condition, WholeBodyIsTrimmedText) {
  EXPECT_TRUE(passes("[BODY] == OK", " OK\r\n"));
  EXPECT_TRUE(passes("[BODY] != OK", "NOK"));
  EXPECT_TRUE(passes("[BODY] > 41.5", "42\n"));
  EXPECT_FALSE(passes("[BODY] > 41.5", "lots"));
}

TEST(Condition, BodyThatIsNotJsonFailsWithTheReason) {
  const Probe probe{.body = "<html>503</html>"};
  for (const std::string condition :
       {"[BODY].v != 5", "[BODY].v < 5", "has([BODY].v) == false", "len([BODY].v) == 0"}) {
    const auto verdict = evaluate({condition}, probe);
    EXPECT_FALSE(verdict.passed) << condition;
    EXPECT_NE(verdict.message.find("the body is not JSON: expected a value at byte 0"),
              std::string::npos)
        << verdict.message;
  }
}

TEST(Condition, DeepBodyIsInvalid) {
  const std::string deep = std::string(257, '[') + std::string(257, ']');
  EXPECT_FALSE(passes("[BODY][0] != 1", deep));
}

TEST(Condition, BodyValuesMayBeComparedWithEachOther) {
  EXPECT_TRUE(passes("[BODY].used < [BODY].limit", R"({"used":9.5,"limit":10})"));
  EXPECT_TRUE(passes("[BODY].a == [BODY].b", R"({"a":1.0,"b":1})"));
  EXPECT_TRUE(passes("[BODY].a != [BODY].b", R"({"a":"x","b":"y"})"));
  EXPECT_TRUE(passes("len([BODY].a) == len([BODY].b)", R"({"a":[1],"b":["x"]})"));
  EXPECT_TRUE(passes("[STATUS] == [BODY].code", R"({"code":200})"));
}

// --- What is reported ---

TEST(Condition, SeenShowsWhatWasFound) {
  EXPECT_EQ(seen("[STATUS] == 200", {.status = 500}), "[STATUS] (500) == 200");
  EXPECT_EQ(seen("200 == [STATUS]", {.status = 500}), "200 == [STATUS] (500)");
  EXPECT_EQ(seen("[RESPONSE_TIME] < 100ms", {}), "[RESPONSE_TIME] (300ms) < 100ms");
  EXPECT_EQ(seen("[RESPONSE_TIME] < 100", {}), "[RESPONSE_TIME] (300) < 100");
  EXPECT_EQ(seen("[BODY].s == up", {.body = R"({"s":"down\n\u0007"})"}),
            "[BODY].s (down\\n\\x07) == up");
  EXPECT_EQ(seen("len([BODY].s) == 1", {.body = R"({"s":[1,2]})"}), "len([BODY].s) (2) == 1");
  EXPECT_EQ(seen("[BODY].s == pat(a*)", {.body = R"({"s":"b"})"}), "[BODY].s (b) == pat(a*)");
  EXPECT_EQ(seen("[BODY].a == [BODY].b", {.body = R"({"a":1,"b":2})"}),
            "[BODY].a (1) == [BODY].b (2)");
}

TEST(Condition, SeenClipsLongValuesAndHostileBytes) {
  const std::string shown = seen("[BODY] == ok", {.body = std::string(5000, 'x') + "\xFF"});
  EXPECT_LT(shown.size(), 150U);
  EXPECT_NE(shown.find("xxx...)"), std::string::npos);
  EXPECT_EQ(seen("[BODY] == ok", {.body = "\xFF"}), "[BODY] (\\xff) == ok");
}

TEST(Condition, MessageNamesTheFirstFailureAndCountsTheRest) {
  const auto verdict =
      evaluate({"[STATUS] == 200", "[STATUS] == 201", "[BODY].x == 1", "[STATUS] < 100000"}, {});
  EXPECT_FALSE(verdict.passed);
  EXPECT_EQ(verdict.message, "condition failed: [STATUS] (200) == 201 (and 1 more)");
  ASSERT_EQ(verdict.conditions.size(), 4U);
  EXPECT_EQ(verdict.conditions[2].text, "[BODY].x == 1");
  EXPECT_TRUE(verdict.conditions[0].passed);
}

TEST(Condition, CapturesKeepTheirJsonType) {
  const auto verdict =
      evaluate({}, {.body = R"({"v":"1\n2","n":1.50,"l":[1, {"a": null}],"z":null})"},
               {{"version", "[BODY].v"},
                {"number", "[BODY].n"},
                {"list", "[BODY].l"},
                {"nothing", "[BODY].z"},
                {"missing", "[BODY].x"},
                {"status", "[STATUS]"},
                {"time", "[RESPONSE_TIME]"},
                {"ip", "[IP]"},
                {"count", "len([BODY].l)"},
                {"has", "has([BODY].x)"}});
  std::string all;
  for (const CapturedValue& value : verdict.values) {
    all += value.name + "=" + value.json + ";";
  }
  EXPECT_EQ(all,
            "version=\"1\\n2\";number=1.50;list=[1,{\"a\":null}];nothing=null;status=200;time=300;"
            "ip=\"10.0.0.1\";count=2;has=false;");
  EXPECT_TRUE(verdict.passed);
}

TEST(Condition, LongCapturesAreCut) {
  const auto verdict = evaluate({}, {.body = "[\"" + std::string(100'000, 'x') + "\"]"},
                                {{"all", "[BODY][0]"}, {"text", "[BODY]"}});
  ASSERT_EQ(verdict.values.size(), 2U);
  EXPECT_LT(verdict.values[0].json.size(), 4200U);
  EXPECT_LT(verdict.values[1].json.size(), 4200U);
}

// --- At load ---

TEST(ConditionLoad, RefusesBadSyntax) {
  const std::vector<std::pair<std::string, std::string>> table{
      {"", "empty"},
      {"   ", "empty"},
      {"[STATUS]", "no operator"},
      {"[STATUS]==200", "spaces around \"==\""},
      {"[STATUS] ==200", "spaces around"},
      {"[STATUS]>= 200", "spaces around"},
      {"[STATUS] = 200", "did you mean \" == \""},
      {"[STATUS] ==", "nothing after"},
      {"== 200", "nothing before"},
      {"[STATUS] == 200 && [BODY].x == 1", "second operator"},
      {"[STATUS] > 199 < 300", "second operator"},
      {"[STATU] == 200", "did you mean [STATUS]?"},
      {"[RESPONSETIME] < 5", "did you mean [RESPONSE_TIME]?"},
      {"[WHATEVER] == 200", "unknown placeholder [WHATEVER]"},
      {"[CERTIFICATE_EXPIRATION] > 48h", "not available for this kind"},
      {"[DOMAIN_EXPIRATION] > 48h", "not available"},
      {"[DNS_RCODE] == NOERROR", "not available"},
      {"[CONTEXT].x == 1", "not available"},
      {"STATUS == 200", "did you mean [STATUS]?"},
      {"BODY.x == 200", "did you mean [BODY]?"},
      {"1 == 1", "nothing here is taken from the response"},
      {"any(1, 2) == pat(x)", "nothing here is taken from the response"},
      {"[STATUS].x == 200", "nothing may follow [STATUS]"},
      {"[BODY]x == 200", "expected \".name\" or \"[0]\""},
      {"[BODY]. == 200", "without a name"},
      {"[BODY]..a == 200", "without a name"},
      {"[BODY].a[-1] == 200", "array index"},
      {"[BODY].a[*] == 200", "array index"},
      {"[BODY].a[0:2] == 200", "array index"},
      {"[BODY].a[ == 200", "array index"},
      {"[BODY].a[\"b\"] == 200", "array index"},
      {"[BODY].a[99999999999999999999] == 200", "array index"},
      {"len([BODY].x == 1", "unbalanced parentheses"},
      {"[BODY].x) == 1", "unbalanced parentheses"},
      {"has([BODY].x == true", "unbalanced parentheses"},
      {"[BODY].x == any(1, 2", "unbalanced parentheses"},
      {"[BODY].x == pat(a*", "unbalanced parentheses"},
      {"[BODY].x == any()", "empty"},
      {"[BODY].x == any(1,,2)", "empty value"},
      {"[BODY].x == pat([a-)", "not usable"},
      {"[BODY].x == pat(a\\)", "not usable"},
      {"LEN([BODY].x) == 1", "did you mean len()?"},
      {"length([BODY].x) == 1", "unknown function length()"},
      {"count([BODY].x) == 1", "unknown function count()"},
      {"len(len([BODY].x)) == 1", "not another function"},
      {"len(x) == 1", "takes a placeholder"},
      {"len([STATUS]) == 1", "len() measures [BODY]"},
      {"has(pat(x)) == true", "not another function"},
      {"[BODY].x == [STATUS", "\"[STATUS\" without \"]\""},
      {"[body.x == 1", "\"[BODY\" without \"]\""},
  };
  for (const auto& [condition, expected] : table) {
    expect_error(condition, expected);
  }
}

TEST(ConditionLoad, RefusesWhatCanNeverHold) {
  for (const std::string condition : {
           "[STATUS] == abc",
           "[STATUS] == 99.5",
           "[STATUS] == 99",
           "[STATUS] == 1000",
           "[STATUS] < 100",
           "[STATUS] > 999",
           "[STATUS] <= 99",
           "[STATUS] >= 1000",
           "[STATUS] == any(200, ok)",
           "[STATUS] == 200ms",
           "[STATUS] != 20.5",
           "[STATUS] == pat(2*x)",
           "[STATUS] < pat(2*)",
           "[STATUS] > any(1, 2)",
           "[CONNECTED] == 5",
           "[CONNECTED] == True",
           "[CONNECTED] < true",
           "[CONNECTED] == pat(t*)",
           "[CONNECTED] == any(true, 1)",
           "[RESPONSE_TIME] < abc",
           "[RESPONSE_TIME] < 0",
           "[RESPONSE_TIME] == 1.5",
           "[RESPONSE_TIME] < 5parsecs",
           "[RESPONSE_TIME] == pat(1*)",
           "len([BODY].x) == \"x\"",
           "len([BODY].x) < 0",
           "len([BODY].x) == 1.5",
           "len([BODY].x) == 5s",
           "has([BODY].x) == 1",
           "has([BODY].x) < true",
           "[BODY].x < abc",
           "[BODY].x >= \"5\"",
           "[BODY] < true",
           "[IP] < 10.0.0.1",
           "[IP] == localhost",
           "[STATUS] == [CONNECTED]",
           "[STATUS] < [RESPONSE_TIME]",
           "[CONNECTED] < [BODY].x",
           "has([BODY].x) == len([BODY].x)",
           "abc == [STATUS]",
           "100 > [STATUS]",
       }) {
    EXPECT_TRUE(problems(condition).starts_with("error: ")) << condition;
  }
}

TEST(ConditionLoad, WarnsOfWhatSurprises) {
  expect_warning("[STATUS] < 1000", "always holds");
  expect_warning("[RESPONSE_TIME] >= 0", "always holds");
  expect_warning("len([BODY].x) >= 0", "always holds");
  expect_warning("[CONNECTED] == false", "never passes");
  expect_warning("[CONNECTED] != true", "never passes");
  expect_warning("[CONNECTED] == any(false)", "never passes");
  expect_warning("[CONNECTED] != any(true, false)", "never passes");
  expect_warning("[BODY].v == 0x1f", "is text here");
  expect_warning("[BODY].v == 1_000", "is text here");
  expect_warning("[BODY].v == null", "has([BODY].v) == false");
  expect_warning("[BODY].v == \"ok\"", "quotes are part");
}

TEST(ConditionLoad, AcceptsWhatIsFine) {
  for (const std::string condition : {"[STATUS] == 200",
                                      "[STATUS] == any(200, 201)",
                                      "[STATUS] < 300",
                                      "[STATUS] != 500",
                                      "[BODY].v == 0",
                                      "[BODY].v == 0.5",
                                      "[BODY].v == -0.5",
                                      "[BODY].v == f(x)",
                                      "[BODY].v == [1,2]",
                                      "[BODY].v == []",
                                      "[BODY].v == 1.2.3",
                                      "[BODY].load(avg) < 1",
                                      "[BODY].v == pat(a == b)",
                                      "[BODY] == \"ok\"",
                                      "[BODY].v < 1d",
                                      "[CONNECTED] == true",
                                      "[CONNECTED] == any(true, false)",
                                      "[CONNECTED] != any(false)",
                                      "[BODY].v == [STATUSES",
                                      "[BODY].v == [1"}) {
    EXPECT_EQ(problems(condition), "") << condition;
  }
}

TEST(ConditionLoad, KindsWithoutAPlaceholderRefuseIt) {
  const Placeholders tcp = placeholders_of("tcp");
  EXPECT_NE(problems("[STATUS] == 200", tcp).find("not available"), std::string::npos);
  EXPECT_NE(problems("[BODY].x == 200", tcp).find("not available"), std::string::npos);
  EXPECT_NE(problems("len([BODY]) == 2", tcp).find("not available"), std::string::npos);
  EXPECT_EQ(problems("[RESPONSE_TIME] < 1s", tcp), "");
  EXPECT_EQ(problems("[IP] == ::1", tcp), "");
}

TEST(ConditionLoad, ProblemsCarryIndexAndOffset) {
  const auto compiled =
      Assertions::compile({"[STATUS] == 200", "[BODY].a == 5 < 6", "[STATUS] == abc"},
                          {{"ok", "[BODY].v"}, {"bad", "version"}}, kHttp);
  EXPECT_EQ(compiled.assertions, nullptr);
  ASSERT_EQ(compiled.problems.size(), 3U);
  EXPECT_EQ(compiled.problems[0].index, 1U);
  EXPECT_EQ(compiled.problems[1].index, 2U);
  EXPECT_EQ(compiled.problems[1].offset, 12U);
  EXPECT_EQ(compiled.problems[2].index, 4U);
}

TEST(ConditionLoad, KnowsWhatItReads) {
  const auto compile = [](const std::vector<std::string>& conditions,
                          const std::vector<CaptureText>& captures) {
    return Assertions::compile(conditions, captures, kHttp).assertions;
  };
  EXPECT_FALSE(compile({"[STATUS] == 200"}, {})->reads_body());
  EXPECT_TRUE(compile({"[STATUS] == 200"}, {})->names_status());
  EXPECT_TRUE(compile({"len([BODY]) > 1"}, {})->reads_body());
  EXPECT_FALSE(compile({"len([BODY]) > 1"}, {})->names_status());
  EXPECT_TRUE(compile({}, {{"v", "[BODY].v"}})->reads_body());
  // Capturing the status states no expectation of it.
  EXPECT_FALSE(compile({}, {{"s", "[STATUS]"}})->names_status());
  EXPECT_TRUE(Assertions::none()->empty());
  EXPECT_TRUE(Assertions::none()->evaluate({}).passed);
}

TEST(AssertionProblems, HaveARuleThatQuotesNothingOfTheText) {
  for (const std::string condition : {"hunter2",
                                      "[STATUS] == hunter2",
                                      "[STATUS] == 200 == hunter2",
                                      "[hunter] == 200",
                                      "[BODY][hunter2] == 1",
                                      "[BODY]hunter2 == 1",
                                      "[BODY].(hunter2 == 1",
                                      "[STATUS]hunter2 == 1",
                                      "hunter2 == 1",
                                      "hunter2([STATUS]) == 1",
                                      "hunter(x) == 1",
                                      "len(hunter2) == 1",
                                      "[BODY].hunter2 == any(a*hunter2)",
                                      "[BODY].a == pat([hunter2)",
                                      "[STATUS] == pat(hunter2)",
                                      "[IP] == hunter2",
                                      "[IP] < hunter2",
                                      "[CONNECTED] == hunter2",
                                      "[RESPONSE_TIME] < hunter2",
                                      "len([BODY].hunter2) == hunter2",
                                      "[BODY].hunter2 < hunter2",
                                      "[BODY].hunter2 == 0x1f",
                                      "[BODY].hunter2 == 007",
                                      "[BODY].hunter2 == null",
                                      "has([BODY].hunter2) == [STATUS]",
                                      "len([BODY].hunter2) != -1",
                                      "len([BODY].hunter2) >= 0",
                                      "[BODY].a == \"hunter2\""}) {
    const auto compiled = Assertions::compile({condition}, {}, kHttp);
    ASSERT_FALSE(compiled.problems.empty()) << condition;
    for (const AssertionProblem& problem : compiled.problems) {
      EXPECT_FALSE(problem.rule.empty()) << condition;
      EXPECT_EQ(problem.rule.find("hunter"), std::string::npos) << problem.rule;
    }
  }
}

}  // namespace
}  // namespace tocsin::check
