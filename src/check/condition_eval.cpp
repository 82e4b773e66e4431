#include <fmt/format.h>

#include <compare>

#include "base/json_writer.hpp"
#include "base/utf8.hpp"
#include "check/condition.hpp"
#include "check/decimal.hpp"
#include "check/glob.hpp"

namespace tocsin::check {
namespace {

constexpr std::size_t kMaxSeenBytes = 100;
constexpr std::size_t kMaxCaptureBytes = 4096;

// One side of a comparison, resolved. `view` is used unless `owned` holds the text.
struct Value {
  enum class Type : std::uint8_t {
    invalid,   // absent, null, or the body is no JSON: no comparison passes
    number,    // of JSON, a status or a length
    duration,  // in milliseconds
    string,    // of JSON, or an address: never a number
    boolean,
    compound,  // array or object, minified
    raw,       // the whole body: text, and a number when it is written as one
    literal,   // of the condition
  };
  Type type = Type::invalid;
  std::string_view view;
  std::string owned;
  std::string_view duration_ms;  // of a literal that is a duration
  std::string note;              // why it is invalid

  [[nodiscard]] std::string_view text() const { return owned.empty() ? view : owned; }
};

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

Value invalid(std::string_view shown, std::string note) {
  Value value;
  value.view = shown;
  value.note = std::move(note);
  return value;
}

Value owning(Value::Type type, std::string text) {
  Value value;
  value.type = type;
  value.owned = std::move(text);
  return value;
}

Value viewing(Value::Type type, std::string_view text) {
  Value value;
  value.type = type;
  value.view = text;
  return value;
}

JsonValue walk(JsonValue at, const std::vector<PathStep>& path) {
  for (const PathStep& step : path) {
    at = step.index ? at.at(*step.index) : at.find(step.key);
    if (!at.exists()) {
      break;
    }
  }
  return at;
}

Value from_json(JsonValue json) {
  switch (json.kind()) {
    case JsonKind::missing:
      return invalid("INVALID", "the body has no such value");
    case JsonKind::null:
      return invalid("null", "the value is null");
    case JsonKind::boolean:
      return viewing(Value::Type::boolean, json.text());
    case JsonKind::number:
      return viewing(Value::Type::number, json.text());
    case JsonKind::string: {
      const std::string_view inside = json.text().substr(1, json.text().size() - 2);
      return inside.find('\\') == std::string_view::npos
                 ? viewing(Value::Type::string, inside)
                 : owning(Value::Type::string, *json.string());
    }
    case JsonKind::array:
    case JsonKind::object:
      break;
  }
  Value value = owning(Value::Type::compound, {});
  append_minified(value.owned, json);
  return value;
}

// Elements of an array; else the bytes of the text that == would compare.
Value length_of(const Operand& operand, Evidence& evidence) {
  const JsonValue json = walk(evidence.json(), operand.path);
  if (operand.path.empty() && json.kind() != JsonKind::array) {
    return owning(Value::Type::number, fmt::to_string(evidence.response().body->size()));
  }
  if (json.kind() == JsonKind::array) {
    return owning(Value::Type::number, fmt::to_string(json.size()));
  }
  Value value = from_json(json);
  if (value.type != Value::Type::invalid) {
    value = owning(Value::Type::number, fmt::to_string(value.text().size()));
  }
  return value;
}

Value resolve_body(const Operand& operand, Evidence& evidence) {
  if (!evidence.response().body) {
    return invalid("INVALID", "there is no body");
  }
  if (operand.path.empty() && operand.function == Function::none) {
    return viewing(Value::Type::raw, trim(*evidence.response().body));
  }
  if (operand.path.empty() && operand.function == Function::has) {
    return viewing(Value::Type::boolean, evidence.response().body->empty() ? "false" : "true");
  }
  const JsonValue root = evidence.json();
  if (!root.exists() && !operand.path.empty()) {
    return invalid("INVALID", "the body is not JSON: " + evidence.json_problem());
  }
  if (operand.function == Function::len) {
    return length_of(operand, evidence);
  }
  const JsonValue json = walk(root, operand.path);
  if (operand.function == Function::has) {
    const bool has = json.exists() && json.kind() != JsonKind::null;
    return viewing(Value::Type::boolean, has ? "true" : "false");
  }
  return from_json(json);
}

Value resolve(const Operand& operand, Evidence& evidence) {
  const Response& response = evidence.response();
  if (operand.function == Function::has && operand.source != Source::body) {
    return viewing(Value::Type::boolean,
                   operand.source == Source::ip && !response.ip ? "false" : "true");
  }
  switch (operand.source) {
    case Source::literal: {
      Value value = viewing(Value::Type::literal, operand.literals.front().text);
      value.duration_ms = operand.literals.front().duration_ms;
      return value;
    }
    case Source::status:
      return response.http_status
                 ? owning(Value::Type::number, fmt::to_string(*response.http_status))
                 : invalid("INVALID", "there is no status");
    case Source::response_time: {
      const auto ms = std::chrono::floor<Milliseconds>(response.response_time).count();
      return owning(Value::Type::duration, fmt::to_string(ms));
    }
    case Source::connected:
      return response.connected
                 ? viewing(Value::Type::boolean, *response.connected ? "true" : "false")
                 : invalid("INVALID", "there was no connection");
    case Source::ip:
      return response.ip ? viewing(Value::Type::string, *response.ip)
                         : invalid("INVALID", "there is no address");
    case Source::body:
      break;
  }
  return resolve_body(operand, evidence);
}

bool is_duration(const Value& value) {
  return value.type == Value::Type::duration || !value.duration_ms.empty();
}

// Storage for the milliseconds of a string that is read as a duration.
struct Number {
  std::string storage;
  std::optional<Decimal> decimal;
};

// `value` as a number beside `other`. A JSON string is one only as a duration beside a duration.
Number number_of(const Value& value, const Value& other) {
  Number number;
  switch (value.type) {
    case Value::Type::number:
    case Value::Type::duration:
      number.decimal = Decimal::parse(value.text());
      break;
    case Value::Type::literal:
      number.decimal = Decimal::parse(value.duration_ms.empty() ? value.text() : value.duration_ms);
      break;
    case Value::Type::raw:
      number.decimal = Decimal::parse(value.text());
      [[fallthrough]];
    case Value::Type::string:
      if (const auto read = is_duration(other) ? parse_duration(value.text()) : std::nullopt) {
        number.storage = fmt::to_string(read->count());
        number.decimal = Decimal::parse(number.storage);
      }
      break;
    case Value::Type::boolean:
    case Value::Type::compound:
    case Value::Type::invalid:
      break;
  }
  return number;
}

bool equal(const Value& a, const Value& b) {
  if (a.text() == b.text()) {
    return true;
  }
  const Number left = number_of(a, b);
  const Number right = number_of(b, a);
  return left.decimal && right.decimal && *left.decimal == *right.decimal;
}

// nullopt: not both are numbers.
std::optional<bool> ordered(const Value& a, Operator op, const Value& b) {
  const Number left = number_of(a, b);
  const Number right = number_of(b, a);
  if (!left.decimal || !right.decimal) {
    return std::nullopt;
  }
  const std::strong_ordering order = *left.decimal <=> *right.decimal;
  switch (op) {
    case Operator::less:
      return order < 0;
    case Operator::at_most:
      return order <= 0;
    case Operator::greater:
      return order > 0;
    case Operator::at_least:
      return order >= 0;
    case Operator::equal:
      return order == 0;
    case Operator::not_equal:
      return order != 0;
  }
  return std::nullopt;
}

bool matches_any(const Value& subject, const Operand& alternatives) {
  for (const Literal& literal : alternatives.literals) {
    Value value = viewing(Value::Type::literal, literal.text);
    value.duration_ms = literal.duration_ms;
    if (equal(subject, value)) {
      return true;
    }
  }
  return false;
}

void append_seen(std::string& out, const Operand& operand, const Value& value, const Value& other) {
  out += operand.text;
  if (!operand.reads_response()) {
    return;
  }
  out += " (";
  out += printable(clip(value.text(), kMaxSeenBytes));
  if (value.type == Value::Type::duration && is_duration(other) &&
      other.type != Value::Type::duration) {
    out += "ms";
  }
  out += ')';
}

// Negates for !=; both sides are valid.
bool holds(const Condition& condition, const Value& left, const Value& right, std::string& note) {
  const bool negate = condition.op == Operator::not_equal;
  for (const bool swapped : {false, true}) {
    const Operand& special = swapped ? condition.left : condition.right;
    const Value& subject = swapped ? right : left;
    if (special.function == Function::pat) {
      return glob_matches(special.literals.front().text, subject.text()) != negate;
    }
    if (special.function == Function::any) {
      return matches_any(subject, special) != negate;
    }
  }
  if (!is_ordering(condition.op)) {
    return equal(left, right) != negate;
  }
  const auto result = ordered(left, condition.op, right);
  if (!result) {
    note = fmt::format("{} needs a number or a duration on both sides", to_string(condition.op));
  }
  return result.value_or(false);
}

}  // namespace

JsonValue Evidence::json() {
  if (!parsed_) {
    parsed_ = true;
    if (auto parsed = parse_json(response_.body.value_or(std::string_view()))) {
      json_ = *parsed;
    } else {
      json_problem_ = std::move(parsed.error().message);
    }
  }
  return json_;
}

Judged judge_condition(const Condition& condition, Evidence& evidence) {
  const Value left = resolve(condition.left, evidence);
  const Value right = resolve(condition.right, evidence);
  Judged judged;
  judged.seen.reserve(condition.text.size() + 16);
  append_seen(judged.seen, condition.left, left, right);
  judged.seen += ' ';
  judged.seen += to_string(condition.op);
  judged.seen += ' ';
  append_seen(judged.seen, condition.right, right, left);
  if (left.type == Value::Type::invalid || right.type == Value::Type::invalid) {
    judged.note = left.type == Value::Type::invalid ? left.note : right.note;
  } else {
    judged.passed = holds(condition, left, right, judged.note);
  }
  return judged;
}

std::optional<std::string> capture_value(const Operand& operand, Evidence& evidence) {
  std::string out;
  if (operand.source == Source::body && operand.function == Function::none &&
      !operand.path.empty()) {
    const JsonValue json = walk(evidence.json(), operand.path);
    if (!json.exists()) {
      return std::nullopt;
    }
    append_minified(out, json);
    if (out.size() > kMaxCaptureBytes) {
      const std::string cut = clip(out, kMaxCaptureBytes);
      out.clear();
      append_json_string(out, cut);
    }
    return out;
  }
  const Value value = resolve(operand, evidence);
  switch (value.type) {
    case Value::Type::invalid:
      return std::nullopt;
    case Value::Type::number:
    case Value::Type::duration:
    case Value::Type::boolean:
      return std::string(value.text());
    case Value::Type::string:
    case Value::Type::compound:
    case Value::Type::raw:
    case Value::Type::literal:
      break;
  }
  append_json_string(out, clip(value.text(), kMaxCaptureBytes));
  return out;
}

}  // namespace tocsin::check
