#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/utf8.hpp"
#include "check/address.hpp"
#include "check/condition.hpp"
#include "check/decimal.hpp"
#include "check/glob.hpp"

namespace tocsin::check {
namespace {

// What a side of a comparison can be. Only `body` is known no earlier than the response.
enum class Type : std::uint8_t { status, milliseconds, count, boolean, address, body, literal };

Type type_of(const Operand& operand) {
  if (operand.function == Function::len) {
    return Type::count;
  }
  if (operand.function == Function::has) {
    return Type::boolean;
  }
  switch (operand.source) {
    case Source::status:
      return Type::status;
    case Source::response_time:
      return Type::milliseconds;
    case Source::connected:
      return Type::boolean;
    case Source::ip:
      return Type::address;
    case Source::body:
      return Type::body;
    case Source::literal:
      break;
  }
  return Type::literal;
}

std::string_view describe(Type type) {
  switch (type) {
    case Type::status:
      return "a status is a whole number from 100 to 999";
    case Type::milliseconds:
      return "a response time is a duration such as 800ms, or milliseconds";
    case Type::count:
      return "a length is a whole number from 0";
    case Type::boolean:
      return "it is either true or false";
    case Type::address:
      return "an address is numeric, such as 192.0.2.1 or 2001:db8::1";
    case Type::body:
    case Type::literal:
      break;
  }
  return "";
}

Operator mirrored(Operator op) {
  switch (op) {
    case Operator::less:
      return Operator::greater;
    case Operator::greater:
      return Operator::less;
    case Operator::at_most:
      return Operator::at_least;
    case Operator::at_least:
      return Operator::at_most;
    case Operator::equal:
    case Operator::not_equal:
      break;
  }
  return op;
}

// `subject op other`, the placeholder in front whichever way it was written.
class TypeChecker {
 public:
  explicit TypeChecker(const Condition& condition)
      : subject_(condition.left), other_(condition.right), op_(condition.op) {
    if (!condition.left.reads_response()) {
      std::swap(subject_, other_);
      op_ = mirrored(op_);
    }
    type_ = type_of(subject_);
  }

  std::vector<AssertionProblem> run() {
    if (other_.get().reads_response()) {
      check_two_placeholders();
    } else if (other_.get().function == Function::pat) {
      check_pattern();
    } else if (other_.get().function == Function::any && is_ordering(op_)) {
      error(by_rule(fmt::format("any() works with == and != only, not with {}", to_string(op_))));
    } else {
      for (const Literal& literal : other_.get().literals) {
        check_literal(literal);
      }
      if (subject_.get().source == Source::connected && problems_.empty()) {
        check_connected();
      }
    }
    return std::move(problems_);
  }

 private:
  void add(bool warning, Wording wording) {
    problems_.push_back(
        {0, warning, other_.get().offset, std::move(wording.message), std::move(wording.rule)});
  }
  void error(Wording wording) { add(false, std::move(wording)); }
  void warn(Wording wording) { add(true, std::move(wording)); }

  void never(std::string_view why) {
    error({fmt::format("{} {} {} can never hold: {}", subject_.get().text, to_string(op_),
                       printable(clip(other_.get().text, 60)), why),
           fmt::format("this comparison can never hold: {}", why)});
  }

  void check_two_placeholders() {
    const Type other = type_of(other_);
    if (is_ordering(op_)) {
      for (const Type side : {type_, other}) {
        if (side == Type::boolean || side == Type::address) {
          never(side == Type::boolean ? "true or false has no order" : "an address has no order");
          return;
        }
      }
    }
    if (type_ != other && type_ != Type::body && other != Type::body) {
      const std::string rule =
          fmt::format("are of different types: {}; {}", describe(type_), describe(other));
      error({fmt::format("{} and {} {}", subject_.get().text, other_.get().text, rule),
             "the two sides " + rule});
    }
  }

  void check_pattern() {
    if (is_ordering(op_)) {
      error(by_rule(fmt::format("pat() works with == and != only, not with {}", to_string(op_))));
      return;
    }
    const std::string_view pattern = other_.get().literals.front().text;
    if (type_ == Type::status) {
      for (int status = 100; status < 1000; ++status) {
        if (glob_matches(pattern, fmt::to_string(status))) {
          return;
        }
      }
      never("no status matches the pattern");
    } else if (type_ != Type::body && type_ != Type::address) {
      error(by_rule(fmt::format("pat() matches text, but {}", describe(type_))));
    }
  }

  void check_literal(const Literal& literal) {
    switch (type_) {
      case Type::boolean:
        check_boolean(literal);
        return;
      case Type::address:
        check_address(literal);
        return;
      case Type::status:
        check_range(literal, "100", "999");
        return;
      case Type::milliseconds:
      case Type::count:
        check_range(literal, "0", "");
        return;
      case Type::body:
        check_body_literal(literal);
        return;
      case Type::literal:
        return;
    }
  }

  void check_boolean(const Literal& literal) {
    if (is_ordering(op_)) {
      never("true and false have no order");
    } else if (literal.text != "true" && literal.text != "false") {
      never(describe(type_));
    }
  }

  void check_connected() {
    const auto& literals = other_.get().literals;
    const bool holds = std::ranges::find(literals, "true", &Literal::text) != literals.end();
    if (holds != (op_ == Operator::equal)) {
      warn(
          by_rule("this never passes: without a connection the check is down, whatever the "
                  "conditions say"));
    }
  }

  void check_address(const Literal& literal) {
    if (is_ordering(op_)) {
      never("an address has no order");
    } else if (!is_numeric_address(literal.text)) {
      never(describe(type_));
    }
  }

  // A whole number from `low` to `high` ("" is no limit) on one side, `literal` on the other.
  void check_range(const Literal& literal, std::string_view low, std::string_view high) {
    const bool duration = type_ == Type::milliseconds && !literal.duration_ms.empty();
    const auto value = Decimal::parse(duration ? literal.duration_ms : literal.text);
    if (!value) {
      never(describe(type_));
      return;
    }
    const Decimal least = *Decimal::parse(low);
    const bool below = *value < least;
    const bool above = !high.empty() && *value > *Decimal::parse(high);
    const bool at_low = *value == least;
    const bool at_high = !high.empty() && *value == *Decimal::parse(high);
    bool impossible = false;
    bool certain = false;
    switch (op_) {
      case Operator::equal:
      case Operator::not_equal:
        impossible = below || above || !value->is_whole();
        break;
      case Operator::less:
        impossible = below || at_low, certain = above;
        break;
      case Operator::at_most:
        impossible = below, certain = above || at_high;
        break;
      case Operator::greater:
        impossible = above || at_high, certain = below;
        break;
      case Operator::at_least:
        impossible = above, certain = below || at_low;
        break;
    }
    if (impossible && op_ == Operator::not_equal) {
      error({fmt::format("{} differs from {} always: {}", subject_.get().text,
                         printable(clip(literal.text, 60)), describe(type_)),
             fmt::format("the two sides differ always: {}", describe(type_))});
    } else if (impossible) {
      never(describe(type_));
    } else if (certain) {
      warn(by_rule(fmt::format("this always holds: {}", describe(type_))));
    }
  }

  void check_body_literal(const Literal& literal) {
    if (is_ordering(op_) && !literal.number && literal.duration_ms.empty()) {
      never(fmt::format("{} needs a number or a duration on both sides", to_string(op_)));
      return;
    }
    const std::string_view text = literal.text;
    const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
    const bool zero_in_front = literal.number && digits.size() > 1 && digits[0] == '0' &&
                               digits[1] >= '0' && digits[1] <= '9';
    if (zero_in_front) {
      constexpr std::string_view kRule =
          "is not octal here (Gatus reads it so): it is text beside a string and the decimal "
          "number beside a number";
      warn({fmt::format("{} {}", text, kRule), fmt::format("a number with 0 in front {}", kRule)});
    } else if (!literal.number && is_go_integer(digits)) {
      constexpr std::string_view kRule =
          "is text here, not a number (Gatus reads it as one); write it in plain decimal digits";
      warn({fmt::format("{} {}", printable(clip(text, 60)), kRule),
            fmt::format("a number in Go's notation {}", kRule)});
    }
    if (subject_.get().path.empty()) {
      return;
    }
    if (text == "null") {
      constexpr std::string_view kRule =
          "null is the text \"null\" here, and a null value fails every comparison; to test for "
          "absence write has(";
      warn({fmt::format("{}{}) == false", kRule, subject_.get().text),
            fmt::format("{}...) == false", kRule)});
    } else if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
      warn(by_rule("the quotes are part of the text that is compared; leave them out"));
    }
  }

  // 0x1f, 0b1, 0o7, 1_000, +5: integers in Go's notation, which Gatus accepts.
  static bool is_go_integer(std::string_view digits) {
    if (digits.starts_with('+')) {
      digits.remove_prefix(1);
    }
    constexpr std::string_view kPrefixes = "xXbBoO";
    const bool prefixed = digits.size() > 2 && digits[0] == '0' &&
                          kPrefixes.find(digits[1]) != std::string_view::npos;
    const bool hex = prefixed && (digits[1] == 'x' || digits[1] == 'X');
    digits.remove_prefix(prefixed ? 2U : 0U);
    return !digits.empty() && digits.front() != '_' && std::ranges::all_of(digits, [hex](char c) {
      return (c >= '0' && c <= '9') || c == '_' ||
             (hex && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));
    });
  }

  std::reference_wrapper<const Operand> subject_;
  std::reference_wrapper<const Operand> other_;
  Operator op_;
  Type type_ = Type::literal;
  std::vector<AssertionProblem> problems_;
};

}  // namespace

std::vector<AssertionProblem> type_problems(const Condition& condition) {
  return TypeChecker(condition).run();
}

}  // namespace tocsin::check
