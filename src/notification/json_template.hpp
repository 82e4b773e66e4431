#pragma once
// JSON with placeholders: whatever the values are, what comes out is valid JSON.

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "notification/template.hpp"

namespace tocsin::notification {

// Immutable; any thread; copies share.
class JsonTemplate {
 public:
  JsonTemplate() = default;  // renders to null

  [[nodiscard]] std::string render(const Values& values) const;
  [[nodiscard]] bool uses(std::string_view name) const;

  struct Node;  // json_template.cpp

 private:
  friend struct JsonTemplateAccess;
  std::shared_ptr<const Node> root_;
};

enum class Empty : std::uint8_t {
  keep,  // a value that is missing is null, or "" where a text is expected
  drop   // an object's member whose value is one placeholder, missing or empty, is left out
};

// `text` is one of two:
// - JSON whose strings are templates. A string that is exactly one placeholder takes the value's
//   own type: "{late_ms}" becomes a number. Keys are taken as they are.
// - anything else: a template whose own braces are doubled, {{"n": {count}}}. A placeholder inside
//   a JSON string is escaped there, one outside becomes a whole JSON value.
// Errors: as compile_template; a text of the second form that does not make JSON.
[[nodiscard]] std::expected<JsonTemplate, TemplateError> compile_json_template(
    std::string_view text, Vocabulary vocabulary, Empty empty = Empty::keep);

}  // namespace tocsin::notification
