#pragma once
// Reads JSON (RFC 8259) in place. Conditions read a few paths of a body many times a second, and
// numbers must be compared as decimals from the source text, so there is no tree and no double:
// parse_json() checks the whole text once and allocates nothing; a JsonValue is a view of the part
// of that text, and a lookup walks it. Values live as long as the text. Any thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tocsin::check {

inline constexpr std::size_t kMaxJsonDepth = 256;

enum class JsonKind : std::uint8_t { missing, null, boolean, number, string, array, object };

class JsonValue {
 public:
  JsonValue() = default;  // missing

  [[nodiscard]] JsonKind kind() const;
  [[nodiscard]] bool exists() const { return !text_.empty(); }
  // The source text without the space around it. Valid JSON by itself; "" when missing.
  [[nodiscard]] std::string_view text() const { return text_; }

  // The member of an object; missing in any other kind. Of several with one name the last counts,
  // as in the readers of JavaScript, Go, Python and jq. Walks the object: O(its length).
  [[nodiscard]] JsonValue find(std::string_view key) const;
  // The element of an array, from 0; missing beyond its end and in any other kind. Walks the array;
  // to visit all, use JsonItems.
  [[nodiscard]] JsonValue at(std::size_t index) const;
  // Elements of an array or members of an object; 0 for any other kind.
  [[nodiscard]] std::size_t size() const;

  // nullopt when the value is of another kind.
  [[nodiscard]] std::optional<bool> boolean() const;
  // Unescaped; a surrogate without its partner becomes U+FFFD.
  [[nodiscard]] std::optional<std::string> string() const;
  // As written; "" when it is not a number. Exact comparison: check/decimal.hpp.
  [[nodiscard]] std::string_view number() const;
  // A number written without fraction and exponent that fits; nullopt otherwise.
  [[nodiscard]] std::optional<std::int64_t> integer() const;
  // A string that unescapes to `expected`, without building it.
  [[nodiscard]] bool is_string(std::string_view expected) const;

 private:
  friend class JsonItems;
  friend Result<JsonValue> parse_json(std::string_view text);
  explicit JsonValue(std::string_view text) : text_(text) {}

  std::string_view text_;
};

// Visits an array or object in order: for (JsonItems i(v); i.next();) use(i.key(), i.value());
// Nothing to visit in any other kind.
class JsonItems {
 public:
  explicit JsonItems(JsonValue container);
  [[nodiscard]] bool next();
  [[nodiscard]] JsonValue value() const { return value_; }
  // The member's name: unescaped; as a string value without a copy; both empty in an array.
  [[nodiscard]] std::string key() const { return key_.string().value_or(""); }
  [[nodiscard]] JsonValue key_value() const { return key_; }

 private:
  std::string_view rest_;
  bool object_ = false;
  JsonValue key_;
  JsonValue value_;
};

// Checks the whole text: grammar, UTF-8, at most kMaxJsonDepth nested arrays and objects, nothing
// behind the value. A byte order mark in front is skipped (RFC 8259, section 8.1, allows it).
// Error (invalid): what was found at which byte.
[[nodiscard]] Result<JsonValue> parse_json(std::string_view text);

// The value without space outside strings; members stay in order.
void append_minified(std::string& out, JsonValue value);

}  // namespace tocsin::check
