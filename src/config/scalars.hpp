#pragma once
// Decoders of single values. Each reports what is wrong and then answers nullopt.

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "config/decoder.hpp"

namespace tocsin::config {

template <typename T>
struct Range {
  T least;
  T most;
};

// A text that came with its place, to be looked up when all files are read.
struct NamedReference {
  std::string name;
  Position at;
  bool filled_in = false;  // not what stands in the file: messages must not quote it
};

[[nodiscard]] std::optional<bool> decode_bool(Decoder& d, const Node& node);
[[nodiscard]] std::optional<std::uint64_t> decode_integer(Decoder& d, const Node& node,
                                                          Range<std::uint64_t> range,
                                                          std::string_view what = "a whole number");
[[nodiscard]] std::optional<Milliseconds> decode_duration(Decoder& d, const Node& node,
                                                          Range<Milliseconds> range);
[[nodiscard]] std::optional<std::uint64_t> decode_size(Decoder& d, const Node& node,
                                                       Range<std::uint64_t> range);
// At most `most` bytes; may be empty.
[[nodiscard]] std::optional<std::string> decode_text(Decoder& d, const Node& node,
                                                     std::size_t most = 64U << 10U);
// One line without control characters, not empty.
[[nodiscard]] std::optional<std::string> decode_line(Decoder& d, const Node& node,
                                                     std::string_view what,
                                                     std::size_t most = 4096);
// A line that no message shows and every output redacts.
[[nodiscard]] std::optional<std::string> decode_secret(Decoder& d, const Node& node,
                                                       std::string_view what);
// A list of names, or a single one.
[[nodiscard]] std::optional<std::vector<NamedReference>> decode_names(Decoder& d, const Node& node,
                                                                      std::string_view what);

// The index of the word found.
[[nodiscard]] std::optional<std::size_t> decode_word(Decoder& d, const Node& node,
                                                     std::span<const std::string_view> words);

template <typename Enum>
using Choice = std::pair<std::string_view, Enum>;

template <typename Enum>
[[nodiscard]] std::optional<Enum> decode_choice(Decoder& d, const Node& node,
                                                std::initializer_list<Choice<Enum>> choices) {
  std::vector<std::string_view> words;
  for (const Choice<Enum>& choice : choices) words.push_back(choice.first);
  const auto index = decode_word(d, node, words);
  if (!index) return std::nullopt;
  return (choices.begin() + *index)->second;
}

[[nodiscard]] bool has_control_characters(std::string_view text);

}  // namespace tocsin::config
