#pragma once
// Texts with placeholders, compiled once: {name} becomes a value, {{ and }} are braces. A line
// whose placeholders are all empty is left out, so that "Runbook: {runbook}" needs no condition.

#include <cstddef>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "notification/escape.hpp"

namespace tocsin::notification {

// What may stand between braces.
struct Vocabulary {
  std::span<const std::string_view> names;
  // "label." lets any {label.NAME} through; a name that is missing at rendering is empty.
  std::span<const std::string_view> prefixes;
  [[nodiscard]] bool knows(std::string_view name) const;
};

// A value for a placeholder.
struct Value {
  enum class Kind : std::uint8_t { missing, text, json };
  Kind kind = Kind::missing;
  std::string content;     // of json: valid JSON that is no string (number, flag, list, object)
  std::string plain = {};  // how a text shows it; "" as `content`

  [[nodiscard]] const std::string& for_people() const { return plain.empty() ? content : plain; }
};

class Values {
 public:
  Values() = default;
  Values(const Values&) = delete;
  Values& operator=(const Values&) = delete;
  virtual ~Values() = default;
  [[nodiscard]] virtual Value find(std::string_view name) const = 0;
};

struct TemplateError {
  std::size_t offset = 0;  // byte in the template at which it stands
  std::string message;     // "unknown placeholder {montior} (did you mean {monitor}?)"
};

// Immutable; any thread.
class Template {
 public:
  Template() = default;  // renders to ""

  // Values pass through `escape`, the template's own text does not.
  [[nodiscard]] std::string render(const Values& values, Escape escape) const;
  [[nodiscard]] bool uses(std::string_view name) const;
  // The name when the template is exactly one placeholder, else "".
  [[nodiscard]] std::string_view only_placeholder() const;

 private:
  friend std::expected<Template, TemplateError> compile_template(std::string_view, Vocabulary);
  struct Piece {
    bool placeholder = false;
    std::string text;  // literal, or the placeholder's name
  };
  struct Line {
    std::vector<Piece> pieces;
  };
  std::vector<Line> lines_;
};

// Errors: a placeholder that the vocabulary does not know (with the nearest that it does), a brace
// without its partner.
[[nodiscard]] std::expected<Template, TemplateError> compile_template(std::string_view text,
                                                                      Vocabulary vocabulary);

// Reads the placeholder that begins at text[at], a "{". On success `at` is behind its "}".
[[nodiscard]] std::expected<std::string_view, TemplateError> read_placeholder(
    std::string_view text, std::size_t& at, Vocabulary vocabulary);

}  // namespace tocsin::notification
