#pragma once
// Appends JSON text to a string. For API answers, stored rows and messages; reading is
// check/json.hpp.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace tocsin {

// Appends `text` as a quoted JSON string. Bytes that are not UTF-8 become U+FFFD, so the result is
// always valid JSON whatever a target sent.
void append_json_string(std::string& out, std::string_view text);

// A streaming writer that places commas itself. Usage: w.object(); w.key("a").value(1); w.end();
// The caller keeps begin/end balanced; nothing is checked in between.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& object() { return open('{'); }
  JsonWriter& array() { return open('['); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(std::int64_t number);
  JsonWriter& value(std::uint64_t number);
  JsonWriter& value(int number) { return value(static_cast<std::int64_t>(number)); }
  JsonWriter& value(unsigned number) { return value(static_cast<std::uint64_t>(number)); }
  JsonWriter& value(bool flag);
  // Up to six decimals, no exponent; NaN and infinities become null.
  JsonWriter& value(double number);
  JsonWriter& value(Instant at);         // RFC 3339 with milliseconds
  JsonWriter& value_ms(Microseconds d);  // milliseconds with up to three decimals
  JsonWriter& null();
  // Already valid JSON, copied as it is.
  JsonWriter& raw(std::string_view json);

  template <typename T>
  JsonWriter& field(std::string_view name, const T& v) {
    key(name);
    return value(v);
  }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();

  std::string& out_;
  bool first_ = true;
  bool after_key_ = false;
};

}  // namespace tocsin
