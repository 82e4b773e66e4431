#include "check/json.hpp"

#include <fmt/format.h>

#include <array>
#include <bitset>
#include <charconv>

#include "base/utf8.hpp"

namespace tocsin::check {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Bytes that end a run of plain characters inside a string.
constexpr std::array<bool, 256> kStopsRun = [] {
  std::array<bool, 256> stops{};
  for (std::size_t c = 0; c < 256; ++c) {
    stops[c] = c < 0x20 || c == '"' || c == '\\' || c >= 0x80;
  }
  return stops;
}();

int hex_digit(char c) {
  if (is_digit(c)) {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// One pass over untrusted text. Iterative: what is open is a bit per level, not a stack frame.
class Checker {
 public:
  explicit Checker(std::string_view text) : text_(text) {}

  // nullptr when the text is valid, else what is wrong at at().
  const char* run() {
    skip_space();
    for (;;) {
      if (const char* problem = value()) {
        return problem;
      }
      if (opened_) {
        continue;
      }
      if (const char* problem = close_containers()) {
        return problem;
      }
      if (depth_ == 0) {
        return at_ == text_.size() ? nullptr : "expected the end of the text";
      }
      ++at_;  // the comma
      skip_space();
      if (in_object()) {
        if (const char* problem = member_name()) {
          return problem;
        }
      }
    }
  }

  [[nodiscard]] std::size_t at() const { return at_; }

 private:
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  [[nodiscard]] bool in_object() const { return objects_[depth_ - 1]; }

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) {
      ++at_;
    }
  }

  // Behind a value: the ends of all containers that end here. Then comes a comma, or nothing is
  // open.
  const char* close_containers() {
    for (skip_space(); depth_ > 0 && peek() != ','; skip_space()) {
      if (peek() != (in_object() ? '}' : ']')) {
        return in_object() ? "expected \",\" or \"}\"" : "expected \",\" or \"]\"";
      }
      ++at_;
      --depth_;
    }
    return nullptr;
  }

  // A scalar, an empty container, or (opened_) the beginning of a container up to its first value.
  const char* value() {
    opened_ = false;
    switch (peek()) {
      case '"':
        return string();
      case '{':
        return open(true);
      case '[':
        return open(false);
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  const char* open(bool object) {
    if (depth_ == kMaxJsonDepth) {
      return "more than 256 levels deep";
    }
    ++at_;
    skip_space();
    if (peek() == (object ? '}' : ']')) {
      ++at_;
      return nullptr;
    }
    objects_[depth_++] = object;
    opened_ = true;
    return object ? member_name() : nullptr;
  }

  const char* member_name() {
    if (peek() != '"') {
      return "expected a member name in quotes";
    }
    if (const char* problem = string()) {
      return problem;
    }
    skip_space();
    if (peek() != ':') {
      return "expected \":\"";
    }
    ++at_;
    skip_space();
    return nullptr;
  }

  const char* word(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) {
      return "expected a value";
    }
    at_ += expected.size();
    return nullptr;
  }

  const char* string() {
    ++at_;
    for (;;) {
      while (at_ < text_.size() && !kStopsRun[static_cast<unsigned char>(text_[at_])]) {
        ++at_;
      }
      if (at_ == text_.size()) {
        return "a string without its closing quote";
      }
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') {
        ++at_;
        return nullptr;
      }
      if (c == '\\') {
        if (const char* problem = escape()) {
          return problem;
        }
      } else if (c < 0x20) {
        return "a control character in a string";
      } else {
        const std::size_t length = utf8_sequence_length(text_.substr(at_));
        if (length == 0) {
          return "bytes that are not UTF-8";
        }
        at_ += length;
      }
    }
  }

  const char* escape() {
    const char kind = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (kind == 'u') {
      for (std::size_t i = 2; i < 6; ++i) {
        if (at_ + i >= text_.size() || hex_digit(text_[at_ + i]) < 0) {
          return "\"\\u\" without four hexadecimal digits";
        }
      }
      at_ += 6;
      return nullptr;
    }
    constexpr std::string_view kKinds = "\"\\/bfnrt";
    if (kind == '\0' || kKinds.find(kind) == std::string_view::npos) {
      return "an unknown escape in a string";
    }
    at_ += 2;
    return nullptr;
  }

  bool digits() {
    const std::size_t start = at_;
    while (is_digit(peek())) {
      ++at_;
    }
    return at_ > start;
  }

  const char* number() {
    const bool negative = peek() == '-';
    at_ += negative ? 1U : 0U;
    if (peek() == '0') {
      ++at_;
      if (is_digit(peek())) {
        return "a number with a leading zero";
      }
    } else if (!digits()) {
      return negative ? "expected a digit after \"-\"" : "expected a value";
    }
    if (peek() == '.') {
      ++at_;
      if (!digits()) {
        return "expected a digit after \".\"";
      }
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      at_ += peek() == '+' || peek() == '-' ? 1U : 0U;
      if (!digits()) {
        return "expected a digit in the exponent";
      }
    }
    return nullptr;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  bool opened_ = false;
  std::bitset<kMaxJsonDepth> objects_;
};

// --- Walking text that the Checker accepted ---

constexpr std::array<bool, 256> marks(std::string_view bytes) {
  std::array<bool, 256> out{};
  for (const char c : bytes) {
    out[static_cast<unsigned char>(c)] = true;
  }
  return out;
}

constexpr std::array<bool, 256> kInString = marks("\"\\");
constexpr std::array<bool, 256> kInContainer = marks("\"[]{}");

std::size_t after_space(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space(text[at])) {
    ++at;
  }
  return at;
}

// The next byte that `stops` marks; one is there.
std::size_t next_of(const std::array<bool, 256>& stops, std::string_view text, std::size_t at) {
  while (!stops[static_cast<unsigned char>(text[at])]) {
    ++at;
  }
  return at;
}

std::size_t after_string(std::string_view text, std::size_t at) {
  for (at = next_of(kInString, text, at + 1); text[at] != '"';) {
    at = next_of(kInString, text, at + 2);  // an escape
  }
  return at + 1;
}

std::size_t after_container(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  do {
    at = next_of(kInContainer, text, at);
    const char c = text[at];
    if (c == '"') {
      at = after_string(text, at);
      continue;
    }
    if (c == '[' || c == '{') {
      ++depth;
    } else {
      --depth;
    }
    ++at;
  } while (depth > 0);
  return at;
}

std::size_t after_value(std::string_view text, std::size_t at) {
  switch (text[at]) {
    case '"':
      return after_string(text, at);
    case '[':
    case '{':
      return after_container(text, at);
    default:
      break;
  }
  while (at < text.size() && !is_space(text[at]) && text[at] != ',' && text[at] != ']' &&
         text[at] != '}') {
    ++at;
  }
  return at;
}

// --- Unescaping ---

struct Unescaped {
  std::array<char, 4> bytes{};
  std::size_t size = 0;
  std::size_t consumed = 0;

  [[nodiscard]] std::string_view view() const { return {bytes.data(), size}; }
};

std::uint32_t four_digits(std::string_view text, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value = value * 16 + static_cast<std::uint32_t>(hex_digit(text[at + i]));
  }
  return value;
}

void encode_utf8(std::uint32_t point, Unescaped& out) {
  const auto put = [&out](std::uint32_t byte) {
    out.bytes.at(out.size++) = static_cast<char>(static_cast<unsigned char>(byte));
  };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0U | (point >> 6U));
    put(0x80U | (point & 0x3FU));
  } else if (point < 0x10000) {
    put(0xE0U | (point >> 12U));
    put(0x80U | ((point >> 6U) & 0x3FU));
    put(0x80U | (point & 0x3FU));
  } else {
    put(0xF0U | (point >> 18U));
    put(0x80U | ((point >> 12U) & 0x3FU));
    put(0x80U | ((point >> 6U) & 0x3FU));
    put(0x80U | (point & 0x3FU));
  }
}

// The escape at the start of `text`, which is what follows up to the string's end.
Unescaped unescape_one(std::string_view text) {
  Unescaped out;
  out.consumed = 2;
  switch (text[1]) {
    case 'b':
      encode_utf8('\b', out);
      return out;
    case 'f':
      encode_utf8('\f', out);
      return out;
    case 'n':
      encode_utf8('\n', out);
      return out;
    case 'r':
      encode_utf8('\r', out);
      return out;
    case 't':
      encode_utf8('\t', out);
      return out;
    case 'u':
      break;
    default:
      encode_utf8(static_cast<unsigned char>(text[1]), out);
      return out;
  }
  std::uint32_t point = four_digits(text, 2);
  out.consumed = 6;
  if (point >= 0xD800 && point < 0xDC00 && text.size() >= 12 && text[6] == '\\' && text[7] == 'u') {
    const std::uint32_t low = four_digits(text, 8);
    if (low >= 0xDC00 && low < 0xE000) {
      point = 0x10000 + ((point - 0xD800) << 10U) + (low - 0xDC00);
      out.consumed = 12;
    }
  }
  if (point >= 0xD800 && point < 0xE000) {
    point = 0xFFFD;
  }
  encode_utf8(point, out);
  return out;
}

}  // namespace

JsonKind JsonValue::kind() const {
  if (text_.empty()) {
    return JsonKind::missing;
  }
  switch (text_.front()) {
    case '{':
      return JsonKind::object;
    case '[':
      return JsonKind::array;
    case '"':
      return JsonKind::string;
    case 't':
    case 'f':
      return JsonKind::boolean;
    case 'n':
      return JsonKind::null;
    default:
      return JsonKind::number;
  }
}

JsonValue JsonValue::find(std::string_view key) const {
  JsonValue found;
  if (kind() == JsonKind::object) {
    for (JsonItems items(*this); items.next();) {
      if (items.key_value().is_string(key)) {
        found = items.value();
      }
    }
  }
  return found;
}

JsonValue JsonValue::at(std::size_t index) const {
  if (kind() == JsonKind::array) {
    std::size_t position = 0;
    for (JsonItems items(*this); items.next(); ++position) {
      if (position == index) {
        return items.value();
      }
    }
  }
  return {};
}

std::size_t JsonValue::size() const {
  std::size_t count = 0;
  for (JsonItems items(*this); items.next();) {
    ++count;
  }
  return count;
}

std::optional<bool> JsonValue::boolean() const {
  return kind() == JsonKind::boolean ? std::optional(text_.front() == 't') : std::nullopt;
}

std::optional<std::string> JsonValue::string() const {
  if (kind() != JsonKind::string) {
    return std::nullopt;
  }
  std::string_view rest = text_.substr(1, text_.size() - 2);
  std::string out;
  out.reserve(rest.size());
  while (!rest.empty()) {
    const std::size_t plain = rest.find('\\');
    out.append(rest.substr(0, plain));
    if (plain == std::string_view::npos) {
      break;
    }
    rest.remove_prefix(plain);
    const Unescaped one = unescape_one(rest);
    out.append(one.view());
    rest.remove_prefix(one.consumed);
  }
  return out;
}

std::string_view JsonValue::number() const {
  return kind() == JsonKind::number ? text_ : std::string_view();
}

std::optional<std::int64_t> JsonValue::integer() const {
  std::int64_t value = 0;
  if (kind() != JsonKind::number) {
    return std::nullopt;
  }
  const auto [stop, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
  return error == std::errc() && stop == text_.data() + text_.size() ? std::optional(value)
                                                                     : std::nullopt;
}

bool JsonValue::is_string(std::string_view expected) const {
  if (kind() != JsonKind::string) {
    return false;
  }
  std::string_view rest = text_.substr(1, text_.size() - 2);
  while (!rest.empty()) {
    const std::size_t plain = rest.find('\\');
    if (plain == std::string_view::npos) {
      return rest == expected;
    }
    if (!expected.starts_with(rest.substr(0, plain))) {
      return false;
    }
    expected.remove_prefix(plain);
    rest.remove_prefix(plain);
    const Unescaped one = unescape_one(rest);
    if (!expected.starts_with(one.view())) {
      return false;
    }
    expected.remove_prefix(one.size);
    rest.remove_prefix(one.consumed);
  }
  return expected.empty();
}

JsonItems::JsonItems(JsonValue container) {
  const JsonKind kind = container.kind();
  if (kind == JsonKind::object || kind == JsonKind::array) {
    object_ = kind == JsonKind::object;
    rest_ = container.text_.substr(1, container.text_.size() - 2);
  }
}

bool JsonItems::next() {
  std::size_t at = after_space(rest_, 0);
  if (at == rest_.size()) {
    return false;
  }
  if (object_) {
    const std::size_t end = after_string(rest_, at);
    key_ = JsonValue(rest_.substr(at, end - at));
    at = after_space(rest_, end);
    at = after_space(rest_, at + 1);  // the colon
  }
  const std::size_t end = after_value(rest_, at);
  value_ = JsonValue(rest_.substr(at, end - at));
  at = after_space(rest_, end);
  rest_.remove_prefix(at == rest_.size() ? at : at + 1);  // the comma
  return true;
}

Result<JsonValue> parse_json(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  const std::size_t skipped = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  text.remove_prefix(skipped);
  Checker checker(text);
  if (const char* problem = checker.run()) {
    const std::size_t at = checker.at();
    if (after_space(text, 0) == text.size()) {
      return fail(ErrorCode::invalid, "the text is empty");
    }
    const std::string found =
        at >= text.size()
            ? "the end of the text"
            : fmt::format(
                  "\"{}\"",
                  printable(text.substr(
                      at, std::max<std::size_t>(1, utf8_sequence_length(text.substr(at))))));
    return fail(ErrorCode::invalid,
                fmt::format("{} at byte {}, found {}", problem, at + skipped, found));
  }
  text.remove_prefix(after_space(text, 0));
  while (is_space(text.back())) {
    text.remove_suffix(1);
  }
  return JsonValue(text);
}

void append_minified(std::string& out, JsonValue value) {
  const std::string_view text = value.text();
  std::size_t at = 0;
  while (at < text.size()) {
    if (is_space(text[at])) {
      ++at;
      continue;
    }
    const std::size_t start = at;
    if (text[at] == '"') {
      at = after_string(text, at);
    } else {
      while (at < text.size() && !is_space(text[at]) && text[at] != '"') {
        ++at;
      }
    }
    out.append(text.substr(start, at - start));
  }
}

}  // namespace tocsin::check
