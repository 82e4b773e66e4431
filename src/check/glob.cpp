#include "check/glob.hpp"

#include <algorithm>

#include "base/utf8.hpp"

namespace tocsin::check {
namespace {

std::size_t character_length(std::string_view text) {
  return std::max<std::size_t>(1, utf8_sequence_length(text));
}

// One character of a pattern, "\" taken away. Empty when there is none.
struct Taken {
  std::string_view character;
  std::size_t consumed = 0;
};

Taken take(std::string_view pattern) {
  const std::size_t skip = pattern.starts_with('\\') ? 1 : 0;
  pattern.remove_prefix(skip);
  if (pattern.empty()) {
    return {};
  }
  const std::size_t length = character_length(pattern);
  return {pattern.substr(0, length), skip + length};
}

// UTF-8 sorts by bytes as by code points, so a range is a comparison of texts.
struct SetMatch {
  bool valid = false;
  bool matched = false;
  std::size_t consumed = 0;
};

// `pattern` begins with "[".
SetMatch match_set(std::string_view pattern, std::string_view character) {
  SetMatch result;
  std::size_t at = 1;
  const bool negated = pattern.substr(at).starts_with('^');
  at += negated ? 1U : 0U;
  bool any = false;
  bool inside = false;
  while (at < pattern.size() && !(pattern[at] == ']' && any)) {
    const Taken low = take(pattern.substr(at));
    if (low.consumed == 0 || pattern[at] == ']' || pattern[at] == '-') {
      return result;
    }
    at += low.consumed;
    Taken high = low;
    if (at + 1 < pattern.size() && pattern[at] == '-') {
      if (pattern[at + 1] == ']') {
        return result;
      }
      high = take(pattern.substr(at + 1));
      if (high.consumed == 0 || high.character < low.character) {
        return result;
      }
      at += 1 + high.consumed;
    }
    any = true;
    inside = inside || (low.character <= character && character <= high.character);
  }
  result.valid = at < pattern.size();
  result.consumed = at + 1;
  result.matched = inside != negated;
  return result;
}

// Matches the first item of `pattern`, which is no star, against the first character of `text`.
// Advances both on success.
bool match_one(std::string_view& pattern, std::string_view& text) {
  if (text.empty() || pattern.empty()) {
    return false;
  }
  const std::size_t length = character_length(text);
  const std::string_view character = text.substr(0, length);
  std::size_t consumed = 1;
  if (pattern.front() == '[') {
    const SetMatch set = match_set(pattern, character);
    if (!set.matched) {
      return false;
    }
    consumed = set.consumed;
  } else if (pattern.front() != '?') {
    const Taken literal = take(pattern);
    if (literal.character != character) {
      return false;
    }
    consumed = literal.consumed;
  }
  pattern.remove_prefix(consumed);
  text.remove_prefix(length);
  return true;
}

bool is_plain(std::string_view pattern) {
  constexpr std::string_view kSpecial = "*?[\\";
  return !pattern.empty() && kSpecial.find(pattern.front()) == std::string_view::npos;
}

}  // namespace

std::optional<std::string> glob_problem(std::string_view pattern) {
  while (!pattern.empty()) {
    if (pattern.front() == '[') {
      const SetMatch set = match_set(pattern, "x");
      if (!set.valid) {
        return "the \"[\" set is not closed, empty or has a range out of order; "
               "write \\[ for the character";
      }
      pattern.remove_prefix(set.consumed);
      continue;
    }
    const Taken one = take(pattern);
    if (one.consumed == 0) {
      return "it ends in a lone \"\\\"; write \\\\ for the character";
    }
    pattern.remove_prefix(one.consumed);
  }
  return std::nullopt;
}

bool glob_matches(std::string_view pattern, std::string_view text) {
  // Where to try again: behind the last star, one character further in the text. Earlier stars need
  // no second try, because the part between them matched as early as it can.
  bool starred = false;
  std::string_view retry_pattern;
  std::string_view retry_text;
  for (;;) {
    if (pattern.starts_with('*')) {
      pattern.remove_prefix(1);
      if (pattern.empty()) {
        return true;
      }
      starred = true;
      retry_pattern = pattern;
      retry_text = text;
    } else if (pattern.empty() && text.empty()) {
      return true;
    } else if (!match_one(pattern, text)) {
      if (!starred || retry_text.empty()) {
        return false;
      }
      retry_text.remove_prefix(character_length(retry_text));
      pattern = retry_pattern;
    } else {
      continue;
    }
    if (starred && pattern.data() == retry_pattern.data() && is_plain(pattern)) {
      const std::size_t next = retry_text.find(pattern.front());
      if (next == std::string_view::npos) {
        return false;
      }
      retry_text.remove_prefix(next);
    }
    text = starred ? retry_text : text;
  }
}

}  // namespace tocsin::check
