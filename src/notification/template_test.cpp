#include "notification/template.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>

#include "check/json.hpp"
#include "notification/json_template.hpp"

namespace tocsin::notification {
namespace {

using testing::HasSubstr;

constexpr std::array<std::string_view, 6> kNames{"monitor", "message", "late",
                                                 "late_ms", "runbook", "list"};
constexpr std::array<std::string_view, 1> kPrefixes{"label."};
constexpr Vocabulary kVocabulary{kNames, kPrefixes};

class MapValues final : public Values {
 public:
  explicit MapValues(std::map<std::string, Value, std::less<>> values)
      : values_(std::move(values)) {}
  [[nodiscard]] Value find(std::string_view name) const override {
    const auto found = values_.find(name);
    return found == values_.end() ? Value{} : found->second;
  }

 private:
  std::map<std::string, Value, std::less<>> values_;
};

Value text(std::string content) { return {Value::Kind::text, std::move(content)}; }
Value json(std::string content) { return {Value::Kind::json, std::move(content)}; }

std::string render(std::string_view source, std::map<std::string, Value, std::less<>> values,
                   Escape escape = escape_nothing) {
  const auto compiled = compile_template(source, kVocabulary);
  return compiled ? compiled->render(MapValues(std::move(values)), escape)
                  : "error: " + compiled.error().message;
}

std::string render_json(std::string_view source, std::map<std::string, Value, std::less<>> values,
                        Empty empty = Empty::keep) {
  const auto compiled = compile_json_template(source, kVocabulary, empty);
  return compiled ? compiled->render(MapValues(std::move(values)))
                  : "error: " + compiled.error().message;
}

TEST(Template, PutsValuesInTheirPlaces) {
  EXPECT_EQ(render("{monitor}: {message}!", {{"monitor", text("a")}, {"message", text("b")}}),
            "a: b!");
  EXPECT_EQ(render("{label.team}", {{"label.team", text("shop")}}), "shop");
  EXPECT_EQ(render("{{{monitor}}} {{}}", {{"monitor", text("a")}}), "{a} {}");
  EXPECT_EQ(render("", {}), "");
}

TEST(Template, LeavesOutLinesWhoseValuesAreAllMissing) {
  EXPECT_EQ(render("{message}\nRunbook: {runbook}\nend", {{"message", text("m")}}), "m\nend");
  EXPECT_EQ(render("a\n\nb", {}), "a\n\nb") << "a line without placeholders stays";
  EXPECT_EQ(render("{monitor} {runbook}", {{"monitor", text("m")}}), "m ");
}

TEST(Template, EscapesValuesAndNotItsOwnText) {
  EXPECT_EQ(render("<b>{message}</b>", {{"message", text("<i>")}}, escape_html),
            "<b>&lt;i&gt;</b>");
}

TEST(Template, NeverReadsAValueAsATemplate) {
  EXPECT_EQ(render("{message}", {{"message", text("{monitor}")}, {"monitor", text("x")}}),
            "{monitor}");
}

TEST(Template, RefusesWhatItDoesNotKnow) {
  const auto compiled = compile_template("up: {montior}", kVocabulary);
  ASSERT_FALSE(compiled);
  EXPECT_EQ(compiled.error().offset, 4U);
  EXPECT_EQ(compiled.error().message, "unknown placeholder {montior} (did you mean {monitor}?)");
  EXPECT_THAT(render("{labels.team}", {}), HasSubstr("did you mean {label.team}?"));
  EXPECT_THAT(render("{x}", {}), HasSubstr("expected monitor, message"));
  EXPECT_THAT(render("{label.}", {}), HasSubstr("unknown placeholder"));
}

TEST(Template, RefusesABraceWithoutItsPartner) {
  for (const std::string_view bad : {"{", "{monitor", "{}", "{a b}", "{{{", "{\nmonitor}"}) {
    EXPECT_THAT(render(bad, {}), HasSubstr("{{ for a brace")) << bad;
  }
  EXPECT_THAT(render("a}", {}), HasSubstr("}} for a brace"));
}

TEST(JsonTemplate, KeepsTheTypeOfASinglePlaceholder) {
  EXPECT_EQ(render_json(R"({"a":"{late_ms}","b":"{late_ms} ms","c":"{message}","d":"{list}"})",
                        {{"late_ms", json("12")}, {"message", text("7")}, {"list", json("[1]")}}),
            R"({"a":12,"b":"12 ms","c":"7","d":[1]})");
  EXPECT_EQ(render_json(R"({"a":"{late_ms}","b":"{message}"})", {{"message", text("")}}),
            R"({"a":null,"b":""})");
}

TEST(JsonTemplate, EscapesWhateverAValueHolds) {
  const std::string hostile = "\"}],\\\n\x01{monitor}\xFF";
  for (const std::string_view source : {R"({"a":"x {message} y"})", R"({"a":"{message}"})",
                                        R"({{"a":"{message}"}})", R"({{"a":{message}}})"}) {
    const std::string made = render_json(source, {{"message", text(hostile)}});
    const auto value = check::parse_json(made);
    ASSERT_TRUE(value) << made;
    EXPECT_THAT(value->find("a").string().value_or(""), HasSubstr("\"}],\\\n\x01{monitor}"));
  }
}

TEST(JsonTemplate, TakesTextWithDoubledBraces) {
  EXPECT_EQ(render_json(R"({{"n": {late_ms}, "t": "is {message}", "o": {{"l": [{list}]}}}})",
                        {{"late_ms", json("5")}, {"message", text("a\"b")}, {"list", json("{}")}}),
            R"({"n": 5, "t": "is a\"b", "o": {"l": [{}]}})");
}

TEST(JsonTemplate, DropsMembersWithoutAValueWhereAsked) {
  EXPECT_EQ(render_json(R"({"a":"{message}","b":"{monitor}","c":["{message}"]})",
                        {{"monitor", text("m")}}, Empty::drop),
            R"({"b":"m","c":[null]})");
}

TEST(JsonTemplate, SaysWhatIsWrongAndWhere) {
  const auto compiled = compile_json_template(R"({"a":["{montior}"]})", kVocabulary);
  ASSERT_FALSE(compiled);
  EXPECT_EQ(compiled.error().offset, 7U);
  EXPECT_THAT(compiled.error().message, HasSubstr("did you mean {monitor}?"));
  EXPECT_THAT(render_json(R"({"a":1,})", {}), HasSubstr("not JSON"));
  EXPECT_THAT(render_json(R"({{"a":{message} 1}})", {}), HasSubstr("does not make JSON"));
  EXPECT_THAT(render_json("{message} {message}", {}), HasSubstr("does not make JSON"));
}

TEST(JsonTemplate, KnowsItsPlaceholders) {
  const auto tree =
      compile_json_template(R"({"a":[{"b":"x {message}"}],"c":"{list}"})", kVocabulary);
  ASSERT_TRUE(tree);
  EXPECT_TRUE(tree->uses("message"));
  EXPECT_TRUE(tree->uses("list"));
  EXPECT_FALSE(tree->uses("monitor"));
  const auto sequence = compile_json_template(R"([{list}])", kVocabulary);
  ASSERT_TRUE(sequence);
  EXPECT_TRUE(sequence->uses("list"));
}

}  // namespace
}  // namespace tocsin::notification
