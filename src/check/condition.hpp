#pragma once
// One compiled condition: `L op R`. Internal to check/: others use assertions.hpp. The language is
// described in docs/conditions.md.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "check/assertions.hpp"
#include "check/json.hpp"

namespace tocsin::check {

enum class Operator : std::uint8_t { equal, not_equal, at_most, at_least, less, greater };
[[nodiscard]] std::string_view to_string(Operator op);
[[nodiscard]] bool is_ordering(Operator op);

// What an operand is made of.
enum class Source : std::uint8_t { literal, status, response_time, connected, ip, body };
enum class Function : std::uint8_t { none, len, has, pat, any };

// One step of a body path: a member or, when `index` is set, an array element.
struct PathStep {
  std::string key;
  std::optional<std::size_t> index;
};

// Text of a condition that stands for itself.
struct Literal {
  std::string text;
  bool number = false;      // Decimal::parse reads it
  std::string duration_ms;  // the same in milliseconds when it is a duration ("800ms"), else ""
};

struct Operand {
  Function function = Function::none;
  Source source = Source::literal;
  std::string text;        // as written
  std::size_t offset = 0;  // of `text` in the condition
  std::vector<PathStep> path;
  std::vector<Literal> literals;  // one; of any() all; of pat() the pattern

  // Takes a value from the response.
  [[nodiscard]] bool reads_response() const { return source != Source::literal; }
};

struct Condition {
  std::string text;
  Operand left;
  Operator op = Operator::equal;
  Operand right;
};

// What is wrong, once for people who wrote the text and once as the rule alone, without anything of
// the text: that may hold a secret that was filled in. Made by the functions below, so that nobody
// quotes the text in a rule by accident.
struct Wording {
  std::string message;
  std::string rule;
};
[[nodiscard]] inline Wording by_rule(const std::string& rule) { return {rule, rule}; }
// `RULE, found "what"`
[[nodiscard]] Wording found(std::string rule, std::string_view what);

struct ParseProblem {
  std::size_t offset = 0;
  Wording wording;
};

// condition_parse.cpp: the grammar, and which placeholders a kind has.
[[nodiscard]] std::expected<Condition, ParseProblem> parse_condition(std::string_view text,
                                                                     Placeholders available);
// A capture's expression: a placeholder, or len() or has() of one.
[[nodiscard]] std::expected<Operand, ParseProblem> parse_capture(std::string_view text,
                                                                 Placeholders available);

// condition_types.cpp: comparisons that can never hold (errors), and such as surprise (warnings).
[[nodiscard]] std::vector<AssertionProblem> type_problems(const Condition& condition);

// The response under evaluation. Parses the body as JSON at most once, when somebody asks.
class Evidence {
 public:
  explicit Evidence(const Response& response) : response_(response) {}
  [[nodiscard]] const Response& response() const { return response_; }
  // Missing, with json_problem() set, when the body is no JSON.
  [[nodiscard]] JsonValue json();
  [[nodiscard]] const std::string& json_problem() const { return json_problem_; }

 private:
  const Response& response_;
  bool parsed_ = false;
  JsonValue json_;
  std::string json_problem_;
};

struct Judged {
  bool passed = false;
  std::string seen;
  std::string note;  // why it failed, where `seen` alone does not say it
};

// condition_eval.cpp
[[nodiscard]] Judged judge_condition(const Condition& condition, Evidence& evidence);
// JSON text; nullopt when there is no such value.
[[nodiscard]] std::optional<std::string> capture_value(const Operand& operand, Evidence& evidence);

}  // namespace tocsin::check
