#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/near_miss.hpp"
#include "base/utf8.hpp"
#include "check/condition.hpp"
#include "check/decimal.hpp"
#include "check/glob.hpp"

namespace tocsin::check {
namespace {

using Parsed = std::expected<Operand, ParseProblem>;

constexpr std::array<std::pair<std::string_view, Operator>, 6> kOperators{{
    {"==", Operator::equal},
    {"!=", Operator::not_equal},
    {"<=", Operator::at_most},
    {">=", Operator::at_least},
    {"<", Operator::less},
    {">", Operator::greater},
}};
constexpr std::array<std::pair<std::string_view, Function>, 4> kFunctions{{
    {"len", Function::len},
    {"has", Function::has},
    {"pat", Function::pat},
    {"any", Function::any},
}};
constexpr std::array<std::pair<std::string_view, Source>, 5> kSources{{
    {"STATUS", Source::status},
    {"RESPONSE_TIME", Source::response_time},
    {"CONNECTED", Source::connected},
    {"IP", Source::ip},
    {"BODY", Source::body},
}};
constexpr std::array<std::string_view, 5> kOurNames{"STATUS", "RESPONSE_TIME", "CONNECTED", "IP",
                                                    "BODY"};
constexpr std::array<std::string_view, 4> kFunctionNames{"len", "has", "pat", "any"};
// Gatus has these; the kinds that have them come later.
constexpr std::array<std::string_view, 4> kOtherNames{"CERTIFICATE_EXPIRATION", "DOMAIN_EXPIRATION",
                                                      "DNS_RCODE", "CONTEXT"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::unexpected<ParseProblem> problem(std::size_t offset, Wording wording) {
  return std::unexpected(ParseProblem{offset, std::move(wording)});
}

// Words that were known before any text was read.
template <std::size_t N>
std::unexpected<ParseProblem> problem(std::size_t offset, const char (&words)[N]) {
  return problem(offset, by_rule(words));
}

// A part of the condition that knows where it stands.
struct Slice {
  std::string_view text;
  std::size_t offset = 0;

  [[nodiscard]] Slice sub(std::size_t from, std::size_t count = std::string_view::npos) const {
    return {text.substr(from, count), offset + from};
  }
  [[nodiscard]] Slice trimmed() const {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) {
      return {std::string_view(), offset};
    }
    return sub(first, text.find_last_not_of(" \t\r\n") - first + 1);
  }
};

Literal make_literal(std::string_view text) {
  Literal literal{std::string(text), Decimal::parse(text).has_value(), ""};
  if (!literal.number) {
    if (const auto duration = parse_duration(text)) {
      literal.duration_ms = std::to_string(duration->count());
    }
  }
  return literal;
}

// "[NAME]" at the start: the name, or nullopt when the text is something else in brackets.
std::optional<std::string_view> placeholder_name(std::string_view text) {
  const std::size_t close = text.find(']');
  if (!text.starts_with('[') || close == std::string_view::npos || close == 1) {
    return std::nullopt;
  }
  const std::string_view name = text.substr(1, close - 1);
  const bool plain = std::ranges::all_of(
      name, [](char c) { return (upper(c) >= 'A' && upper(c) <= 'Z') || c == '_'; });
  return plain ? std::optional(name) : std::nullopt;
}

std::expected<std::vector<PathStep>, ParseProblem> parse_path(Slice path) {
  std::vector<PathStep> steps;
  while (!path.text.empty()) {
    if (path.text.front() == '[') {
      const std::size_t close = path.text.find(']');
      const std::string_view digits =
          path.text.substr(1, close == std::string_view::npos ? 0 : close - 1);
      std::size_t index = 0;
      const auto [stop, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), index);
      if (digits.empty() || !is_digit(digits.front()) || error != std::errc() ||
          stop != digits.data() + digits.size()) {
        return problem(path.offset,
                       found("expected an array index such as [0] (wildcards, slices, quotes and "
                             "negative indexes are not part of a path)",
                             path.text));
      }
      steps.push_back({"", index});
      path = path.sub(close + 1);
    } else if (path.text.front() == '.') {
      const std::size_t end = std::min(path.text.find_first_of(".[", 1), path.text.size());
      if (end == 1) {
        return problem(path.offset, "a \".\" of the path without a name behind it");
      }
      steps.push_back({std::string(path.text.substr(1, end - 1)), std::nullopt});
      path = path.sub(end);
    } else {
      return problem(path.offset, found("expected \".name\" or \"[0]\"", path.text));
    }
  }
  return steps;
}

Parsed unknown_placeholder(Slice text, std::string_view name) {
  std::string as_known(name);
  std::ranges::transform(as_known, as_known.begin(), upper);
  if (std::ranges::find(kOtherNames, as_known) != kOtherNames.end()) {
    return problem(text.offset, by_rule(fmt::format(
                                    "[{}] is not available for this kind of monitor", as_known)));
  }
  constexpr std::string_view kKnown =
      "known are [STATUS] [RESPONSE_TIME] [CONNECTED] [IP] [BODY] (for the text itself write "
      "pat(\\[...))";
  const auto near = near_miss(name, kOurNames);
  return problem(text.offset,
                 {fmt::format("unknown placeholder [{}]; {}", name,
                              near ? fmt::format("did you mean [{}]?", *near) : kKnown),
                  fmt::format("unknown placeholder; {}", kKnown)});
}

// `text` begins with "[NAME]".
Parsed parse_placeholder(Slice text, std::string_view name, Placeholders available) {
  std::string as_known(name);
  std::ranges::transform(as_known, as_known.begin(), upper);
  const auto* known =
      std::ranges::find(kSources, as_known, &std::pair<std::string_view, Source>::first);
  if (known == kSources.end()) {
    return unknown_placeholder(text, name);
  }
  Operand operand;
  operand.source = known->second;
  operand.text = text.text;
  operand.offset = text.offset;
  if ((operand.source == Source::status && !available.status) ||
      (operand.source == Source::body && !available.body)) {
    return problem(text.offset, by_rule(fmt::format(
                                    "[{}] is not available for this kind of monitor", as_known)));
  }
  const Slice rest = text.sub(name.size() + 2);
  if (rest.text.empty()) {
    return operand;
  }
  if (operand.source != Source::body) {
    return problem(rest.offset,
                   found(fmt::format("nothing may follow [{}] (only [BODY] has a path)", as_known),
                         rest.text));
  }
  if (std::ranges::count(rest.text, '(') != std::ranges::count(rest.text, ')')) {
    return problem(rest.offset, found("unbalanced parentheses", text.text));
  }
  auto path = parse_path(rest);
  if (!path) {
    return std::unexpected(std::move(path).error());
  }
  operand.path = std::move(*path);
  return operand;
}

// "name(" at the start.
std::optional<std::string_view> function_name(std::string_view text) {
  const std::size_t open = text.find('(');
  if (open == std::string_view::npos || open == 0) {
    return std::nullopt;
  }
  const std::string_view name = text.substr(0, open);
  const bool plain =
      std::ranges::all_of(name, [](char c) { return upper(c) >= 'A' && upper(c) <= 'Z'; });
  return plain ? std::optional(name) : std::nullopt;
}

// A pattern, function or placeholder where a plain value belongs.
bool is_plain_item(std::string_view item) {
  const auto name = function_name(item);
  return item.find('*') == std::string_view::npos && !placeholder_name(item) &&
         !(name && std::ranges::find(kFunctionNames, *name) != kFunctionNames.end());
}

Parsed parse_any(Operand operand, Slice inner) {
  for (;;) {
    const std::size_t comma = inner.text.find(',');
    const Slice item = inner.sub(0, comma).trimmed();
    if (item.text.empty()) {
      return problem(item.offset, "any() has an empty value; write any(a, b)");
    }
    if (!is_plain_item(item.text)) {
      return problem(item.offset,
                     found("any() takes plain values only (patterns, functions and placeholders "
                           "inside any() would be compared as text)",
                           item.text));
    }
    operand.literals.push_back(make_literal(item.text));
    if (comma == std::string_view::npos) {
      return operand;
    }
    inner = inner.sub(comma + 1);
  }
}

Parsed parse_len_or_has(Operand operand, Slice inner, Placeholders available) {
  const std::string_view name = operand.function == Function::len ? "len" : "has";
  if (function_name(inner.text)) {
    return problem(inner.offset,
                   by_rule(fmt::format("{}() takes a placeholder, not another function", name)));
  }
  const auto placeholder = placeholder_name(inner.text);
  if (!placeholder) {
    return problem(
        inner.offset,
        found(fmt::format("{}() takes a placeholder such as [BODY].items", name), inner.text));
  }
  auto argument = parse_placeholder(inner, *placeholder, available);
  if (!argument) {
    return argument;
  }
  if (operand.function == Function::len && argument->source != Source::body) {
    return problem(inner.offset,
                   "len() measures [BODY] or a value in it; other placeholders have "
                   "no length");
  }
  operand.source = argument->source;
  operand.path = std::move(argument->path);
  return operand;
}

// `text` begins with "name(".
Parsed parse_function(Slice text, std::string_view name, Function function,
                      Placeholders available) {
  if (!text.text.ends_with(')')) {
    return problem(text.offset, by_rule(fmt::format(
                                    "unbalanced parentheses: {}( without \")\" at its end", name)));
  }
  Operand operand;
  operand.function = function;
  operand.text = text.text;
  operand.offset = text.offset;
  const Slice inner = text.sub(name.size() + 1, text.text.size() - name.size() - 2).trimmed();
  if (inner.text.empty()) {
    return problem(text.offset, by_rule(fmt::format("{}() is empty", name)));
  }
  switch (function) {
    case Function::any:
      return parse_any(std::move(operand), inner);
    case Function::pat:
      if (const auto wrong = glob_problem(inner.text)) {
        return problem(inner.offset,
                       found(fmt::format("the pattern is not usable: {}", *wrong), inner.text));
      }
      operand.literals.push_back({std::string(inner.text), false, ""});
      return operand;
    case Function::len:
    case Function::has:
    case Function::none:
      break;
  }
  return parse_len_or_has(std::move(operand), inner, available);
}

// "[STATUS", "[BODY.a": a placeholder that was never closed.
std::optional<std::string_view> unclosed_placeholder(std::string_view text) {
  if (!text.starts_with('[')) {
    return std::nullopt;
  }
  for (const std::string_view name : kOurNames) {
    const std::string_view rest = text.substr(1).substr(0, name.size());
    const bool same = std::ranges::equal(rest, name, {}, upper);
    if (same && (text.size() == name.size() + 1 || text[name.size() + 1] == '.')) {
      return name;
    }
  }
  return std::nullopt;
}

Parsed parse_operand(Slice text, Placeholders available) {
  text = text.trimmed();
  if (const auto name = placeholder_name(text.text)) {
    return parse_placeholder(text, *name, available);
  }
  if (const auto name = function_name(text.text)) {
    const auto* known =
        std::ranges::find(kFunctions, *name, &std::pair<std::string_view, Function>::first);
    if (known != kFunctions.end()) {
      return parse_function(text, *name, known->second, available);
    }
    const Slice argument = text.sub(name->size() + 1).trimmed();
    const auto near = near_miss(*name, kFunctionNames);
    if (near || placeholder_name(argument.text)) {
      constexpr std::string_view kKnown = "known are len() has() pat() any(), in lower case";
      return problem(text.offset,
                     {fmt::format("unknown function {}(); {}", *name,
                                  near ? fmt::format("did you mean {}()?", *near) : kKnown),
                      fmt::format("unknown function; {}", kKnown)});
    }
  }
  if (const auto name = unclosed_placeholder(text.text)) {
    return problem(text.offset, by_rule(fmt::format("\"[{}\" without \"]\" behind it", *name)));
  }
  Operand operand;
  operand.text = text.text;
  operand.offset = text.offset;
  operand.literals.push_back(make_literal(text.text));
  return operand;
}

struct Split {
  Slice left;
  Operator op = Operator::equal;
  Slice right;
};

// The first operator that stands between spaces, or at either end.
std::optional<Split> split_at_operator(Slice text) {
  for (std::size_t at = 0; at < text.text.size(); ++at) {
    if (at > 0 && text.text[at - 1] != ' ') {
      continue;
    }
    for (const auto& [sign, op] : kOperators) {
      const std::size_t end = at + sign.size();
      if (text.text.substr(at, sign.size()) == sign &&
          (end == text.text.size() || text.text[end] == ' ')) {
        return Split{text.sub(0, at).trimmed(), op, text.sub(end).trimmed()};
      }
    }
  }
  return std::nullopt;
}

std::string missing_operator(std::string_view text) {
  for (const auto& [sign, op] : kOperators) {
    if (text.find(sign) != std::string_view::npos) {
      return fmt::format("write spaces around \"{}\": the form is \"L {} R\"", sign, sign);
    }
  }
  if (text.find('=') != std::string_view::npos) {
    return "\"=\" is no operator; did you mean \" == \"?";
  }
  return "no operator; the form is \"L op R\" with one of == != <= >= < > between spaces, for "
         "example \"[STATUS] == 200\"";
}

// A bare word that is a placeholder without its brackets.
Wording without_placeholder(std::string_view left, std::string_view right) {
  constexpr const char* kRule =
      "nothing here is taken from the response; one side must be a placeholder such as [STATUS]";
  for (const std::string_view side : {left, right}) {
    const std::string_view word = side.substr(0, side.find_first_of(".[("));
    std::string as_known(word);
    std::ranges::transform(as_known, as_known.begin(), upper);
    if (std::ranges::find(kOurNames, as_known) != kOurNames.end()) {
      return {fmt::format("nothing here is taken from the response; did you mean [{}]?", as_known),
              kRule};
    }
    std::string as_function(word);
    std::ranges::transform(as_function, as_function.begin(), lower);
    const bool known = std::ranges::find(kFunctionNames, as_function) != kFunctionNames.end();
    if (!known && side.size() > word.size() && side[word.size()] == '(') {
      return {fmt::format("unknown function {}(); known are len() has() pat() any()",
                          printable(clip(word, 40))),
              kRule};
    }
  }
  return by_rule(kRule);
}

}  // namespace

Wording found(std::string rule, std::string_view what) {
  std::string message = fmt::format("{}, found \"{}\"", rule, printable(clip(what, 60)));
  return {std::move(message), std::move(rule)};
}

std::string_view to_string(Operator op) {
  for (const auto& [sign, value] : kOperators) {
    if (value == op) {
      return sign;
    }
  }
  return "==";
}

bool is_ordering(Operator op) { return op != Operator::equal && op != Operator::not_equal; }

std::expected<Condition, ParseProblem> parse_condition(std::string_view text,
                                                       Placeholders available) {
  const Slice whole = Slice{text, 0}.trimmed();
  if (whole.text.empty()) {
    return problem(0, "the condition is empty");
  }
  const auto split = split_at_operator(whole);
  if (!split) {
    return problem(whole.offset, by_rule(missing_operator(whole.text)));
  }
  const std::string_view sign = to_string(split->op);
  if (split->left.text.empty() || split->right.text.empty()) {
    return problem(whole.offset,
                   by_rule(fmt::format("nothing {} \"{}\"",
                                       split->left.text.empty() ? "before" : "after", sign)));
  }
  const bool pattern = split->right.text.starts_with("pat(");
  if (const auto second = pattern ? std::nullopt : split_at_operator(split->right)) {
    return problem(split->right.offset + second->left.text.size(),
                   by_rule(fmt::format("a second operator \"{}\"; a condition is one comparison, "
                                       "write two conditions instead",
                                       to_string(second->op))));
  }
  Condition condition{std::string(whole.text), {}, split->op, {}};
  auto left = parse_operand(split->left, available);
  if (!left) {
    return std::unexpected(std::move(left).error());
  }
  auto right = parse_operand(split->right, available);
  if (!right) {
    return std::unexpected(std::move(right).error());
  }
  if (!left->reads_response() && !right->reads_response()) {
    return problem(whole.offset, without_placeholder(left->text, right->text));
  }
  condition.left = std::move(*left);
  condition.right = std::move(*right);
  return condition;
}

std::expected<Operand, ParseProblem> parse_capture(std::string_view text, Placeholders available) {
  const Slice whole = Slice{text, 0}.trimmed();
  if (whole.text.empty()) {
    return problem(0, "the expression is empty; write for example [BODY].version");
  }
  if (split_at_operator(whole)) {
    return problem(whole.offset,
                   "a capture keeps a value and compares nothing: write the placeholder alone");
  }
  auto operand = parse_operand(whole, available);
  if (operand && !operand->reads_response()) {
    return problem(whole.offset,
                   found("expected a placeholder such as [BODY].version, or len() or has() of one",
                         whole.text));
  }
  return operand;
}

}  // namespace tocsin::check
