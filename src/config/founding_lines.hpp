#pragma once
// A drop-in in the founding format (docs/founding.md) as lines of text: whether it is one, which
// line says what, and lines as an error may show them. Works on text that is not valid YAML, since
// that is when it is needed most.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::config {

// Keys of an endpoint, and of `self` those that begin with post_, aws_ and data_.
[[nodiscard]] std::span<const std::string_view> founding_keys();
// A host, perhaps with port and path: `www.example.com/health`, `localhost:8080`.
[[nodiscard]] bool looks_like_endpoint(std::string_view key);
// The name of an endpoint as messages may show it: without a user and password in front of the
// host, which must not stand there.
[[nodiscard]] std::string without_user(std::string_view endpoint);
// Whether a drop-in is in the founding format. Decided by its keys: a top-level key that is no
// section has keys of the format below it, or `self` has post_ keys; or no section stands there at
// all, but something that looks like an endpoint. Never by the names of values.
[[nodiscard]] bool looks_founding(std::string_view text);

// `- key: value  # comment`, in parts. Views into the line.
struct KeyLine {
  std::size_t dash = 0;    // column of the first "-", from 0; where the key stands without one
  std::size_t indent = 0;  // columns in front of the key
  bool item = false;
  std::string_view key;      // "" of an item without one
  std::size_t value_at = 0;  // offset of `value`
  std::string_view value;    // without comment and space around it
};
// nullopt: blank, a comment, or no `key:` and no "- ".
[[nodiscard]] std::optional<KeyLine> read_key_line(std::string_view line);

[[nodiscard]] bool is_blank_or_comment(std::string_view line);
[[nodiscard]] std::size_t indent_of(std::string_view line);  // spaces and tabs

// The text, line by line; numbers count from 1. Owns a copy, so that it can be repaired.
class FoundingLines {
 public:
  explicit FoundingLines(std::string_view text);

  [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(lines_.size()); }
  [[nodiscard]] const std::string& at(std::uint32_t number) const { return lines_[number - 1]; }
  void replace(std::uint32_t first, const std::vector<std::string>& lines);
  [[nodiscard]] std::string text() const;

  // The last line before `number` that is neither blank nor a comment; 0: none.
  [[nodiscard]] std::uint32_t before(std::uint32_t number) const;
  // The last line that belongs to what begins in line `number`: the deeper ones that follow.
  [[nodiscard]] std::uint32_t end_of(std::uint32_t number) const;
  [[nodiscard]] std::vector<std::string> range(std::uint32_t first, std::uint32_t last) const;
  // The path of the field in line `number`, as messages show it.
  [[nodiscard]] std::string path_of(std::uint32_t number) const;

 private:
  std::vector<std::string> lines_;  // without line ends
};

// The lines as a message shows them, joined: literal secrets (param_value, aws_secret, the query of
// post_endpoint) read "***".
[[nodiscard]] std::string shown(std::vector<std::string> lines);

}  // namespace tocsin::config
