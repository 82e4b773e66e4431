// The JSON reader over hostile text: whatever it accepts must be walkable, and stay the same value
// when minified.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/utf8.hpp"
#include "check/decimal.hpp"
#include "check/json.hpp"

namespace {

using tocsin::check::JsonItems;
using tocsin::check::JsonKind;
using tocsin::check::JsonValue;

// Depth is bounded by the reader, so recursion is.
std::size_t visit(JsonValue value) {
  std::size_t count = 1;
  std::size_t index = 0;
  for (JsonItems items(value); items.next(); ++index) {
    TOCSIN_ASSERT(items.value().exists());
    if (value.kind() == JsonKind::object) {
      const std::string key = items.key();
      TOCSIN_ASSERT(tocsin::is_utf8(key));
      TOCSIN_ASSERT(items.key_value().is_string(key));
    }
    if (index < 4) {
      const JsonValue found =
          value.kind() == JsonKind::object ? value.find(items.key()) : value.at(index);
      TOCSIN_ASSERT(found.exists());
    }
    count += visit(items.value());
  }
  if (const auto text = value.string()) {
    TOCSIN_ASSERT(tocsin::is_utf8(*text));
    TOCSIN_ASSERT(value.is_string(*text));
  }
  if (value.kind() == JsonKind::number) {
    if (const auto decimal = tocsin::check::Decimal::parse(value.number())) {
      TOCSIN_ASSERT(*decimal == *decimal);
      if (const auto integer = value.integer()) {
        TOCSIN_ASSERT(*decimal == *tocsin::check::Decimal::parse(std::to_string(*integer)));
      }
    }
  }
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Finding members walks from the start each time; keep one input's work small.
  if (size > 4096) {
    return 0;
  }
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = tocsin::check::parse_json(text);
  if (!value) {
    TOCSIN_ASSERT(!value.error().message.empty());
    return 0;
  }
  TOCSIN_ASSERT(tocsin::is_utf8(value->text()));
  const std::size_t count = visit(*value);
  std::string minified;
  append_minified(minified, *value);
  const auto again = tocsin::check::parse_json(minified);
  TOCSIN_ASSERT(again.has_value());
  TOCSIN_ASSERT(visit(*again) == count);
  std::string twice;
  append_minified(twice, *again);
  TOCSIN_ASSERT(twice == minified);
  return 0;
}
