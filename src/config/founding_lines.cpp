#include "config/founding_lines.hpp"

#include <algorithm>
#include <array>

#include "base/near_miss.hpp"
#include "config/decoder.hpp"
#include "config/settings_fields.hpp"

namespace tocsin::config {
namespace {

constexpr std::array<std::string_view, 15> kKeys{"cron_schedule",
                                                 "scheme",
                                                 "response_json_values",
                                                 "success_test",
                                                 "post_endpoint",
                                                 "post_api_key",
                                                 "post_json_info",
                                                 "post_service",
                                                 "post_on",
                                                 "aws_key",
                                                 "aws_secret",
                                                 "data_detail_type",
                                                 "data_source",
                                                 "data_details_json",
                                                 "data_resources"};
constexpr std::array<std::string_view, 3> kSecretKeys{"param_value", "aws_secret", "heartbeat_url"};
constexpr std::string_view kMask = "\"***\"";

// Words of other formats too: alone they prove nothing.
bool is_telling(std::string_view key) {
  return key != "scheme" && std::ranges::find(kKeys, key) != kKeys.end();
}

// Keys of every depth: what is none of them may be one that was misspelt.
bool is_known(std::string_view key) {
  constexpr std::array<std::string_view, 8> kBelow{"key",      "value", "param_name", "param_value",
                                                   "param_in", "title", "text",       "tags"};
  return std::ranges::find(kKeys, key) != kKeys.end() ||
         std::ranges::find(kBelow, key) != kBelow.end();
}

bool is_space(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && (is_space(text.back()) || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

// Offset behind the quote that closes the one at `open`; npos: none does.
std::size_t behind_quote(std::string_view text, std::size_t open) {
  for (std::size_t i = open + 1; i < text.size(); ++i) {
    if (text[open] == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == text[open]) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

bool is_quote(char c) { return c == '"' || c == '\''; }

std::string_view without_comment(std::string_view value) {
  std::size_t from = 0;
  if (!value.empty() && is_quote(value.front())) {
    from = std::min(behind_quote(value, 0), value.size());
  }
  const std::size_t comment = value.find(" #", from);
  return trimmed(value.substr(0, comment));
}

// The offset of the ":" that ends a key which begins at `at`; npos: there is no key.
std::size_t end_of_key(std::string_view line, std::size_t at) {
  if (at >= line.size() || line[at] == '{' || line[at] == '[' || line[at] == '#') {
    return std::string_view::npos;
  }
  std::size_t i = at;
  if (is_quote(line[at])) {
    i = behind_quote(line, at);
    return i < line.size() && line[i] == ':' ? i : std::string_view::npos;
  }
  for (; i < line.size(); ++i) {
    if (line[i] == '#' && is_space(line[i - 1])) break;
    if (line[i] != ':') continue;
    if (i + 1 == line.size() || is_space(line[i + 1]) || line[i + 1] == '\r') return i;
  }
  return std::string_view::npos;
}

// `name` as a key anywhere in the line, also inside { }: the offset behind its ":".
std::size_t behind_key(std::string_view line, std::string_view name) {
  for (std::size_t at = line.find(name); at != std::string_view::npos;
       at = line.find(name, at + 1)) {
    std::size_t end = at + name.size();
    if (end < line.size() && is_quote(line[end])) ++end;
    const bool begins = at == 0 || is_space(line[at - 1]) || line[at - 1] == '{' ||
                        line[at - 1] == ',' || is_quote(line[at - 1]);
    if (begins && end < line.size() && line[end] == ':') return end + 1;
  }
  return std::string_view::npos;
}

// Replaces the value that begins behind `at`, unless it refers to where the secret is.
void mask_value(std::string& line, std::size_t at) {
  while (at < line.size() && is_space(line[at])) ++at;
  if (at >= line.size()) return;
  std::size_t end = line.size();
  if (is_quote(line[at])) {
    end = std::min(behind_quote(line, at), line.size());
  } else if (line.find('{') < at) {
    end = std::min(line.find_first_of(",}", at), line.size());
  }
  const std::string_view value = std::string_view(line).substr(at, end - at);
  if (value.starts_with("${") || value.starts_with("\"${")) return;
  line.replace(at, end - at, kMask);
}

// Whether the key is this one, perhaps misspelt.
bool means(const KeyLine& parts, std::string_view name) {
  return parts.key == name ||
         (!is_known(parts.key) && near_miss(parts.key, {&name, 1}).has_value());
}

bool means_secret(const KeyLine& parts) {
  return std::ranges::any_of(kSecretKeys, [&](std::string_view key) { return means(parts, key); });
}

bool is_public_of_api_key(std::string_view key) { return key == "param_name" || key == "param_in"; }

// Whether every key of a map in braces is one whose value needs no mask, or got it.
bool holds_known_keys_alone(std::string_view inner) {
  while (!inner.empty()) {
    const std::string_view part = inner.substr(0, inner.find(','));
    inner.remove_prefix(std::min(part.size() + 1, inner.size()));
    const std::string_view key = trimmed(part.substr(0, part.find(':')));
    if (!is_public_of_api_key(key) && key != "param_value" && !key.empty()) return false;
  }
  return true;
}

// The value of post_api_key behind `at`: a text there, or a map with a key nobody knows, may be or
// hold the secret in a place of its own.
void mask_api_key(std::string& line, std::size_t at) {
  while (at < line.size() && is_space(line[at])) ++at;
  if (at >= line.size() || line[at] == '#') return;
  if (line[at] != '{') {
    mask_value(line, at);
    return;
  }
  const std::size_t end = std::min(line.find('}', at), line.size());
  if (holds_known_keys_alone(std::string_view(line).substr(at + 1, end - at - 1))) return;
  line.replace(at, end - at, R"({param_name: api_key, param_value: "***")");
}

// A user and password in the name of an endpoint. False: there are none.
bool mask_user(std::string& line, const KeyLine& parts) {
  if (parts.dash != 0 || parts.item) return false;
  const std::string key(parts.key);
  const std::string masked = without_user(key);
  if (masked == key) return false;
  line.replace(line.find(key), key.size(), masked);
  return true;
}

void mask_line(std::string& line) {
  for (const std::string_view key : kSecretKeys) {
    const std::size_t at = behind_key(line, key);
    if (at != std::string_view::npos) mask_value(line, at);
  }
  const std::size_t api_key = behind_key(line, "post_api_key");
  if (api_key != std::string_view::npos) mask_api_key(line, api_key);
  const auto parts = read_key_line(line);
  if (!parts || mask_user(line, *parts) || parts->value.empty()) return;
  const std::size_t query = line.find('?');
  const std::size_t anchored = parts->value.front() == '&' ? parts->value.find(' ') : line.npos;
  if (means_secret(*parts)) {
    mask_value(line, parts->value_at);
  } else if (means(*parts, "post_api_key")) {
    mask_api_key(line, parts->value_at);
  } else if (means(*parts, "post_endpoint") && query != std::string::npos &&
             query >= parts->value_at) {
    const std::size_t end = line.find_first_of(" \"'", query);
    line.replace(query + 1, end == std::string::npos ? end : end - query - 1, "***");
  } else if (anchored != std::string::npos) {  // who knows what an alias makes of it
    mask_value(line, parts->value_at + anchored);
  }
}

// What looks_founding remembers of the top-level key that it is under.
struct Top {
  bool section = false;
  bool self = false;
};

}  // namespace

std::span<const std::string_view> founding_keys() { return kKeys; }

bool looks_like_endpoint(std::string_view key) {
  return key == "localhost" || (key.find_first_of("./:") != std::string_view::npos &&
                                key.find(' ') == std::string_view::npos);
}

std::string without_user(std::string_view endpoint) {
  std::size_t from = endpoint.find("://");
  from = from == std::string_view::npos ? 0 : from + 3;
  const std::size_t end = std::min(endpoint.find('/', from), endpoint.size());
  const std::size_t user = endpoint.substr(0, end).rfind('@');
  if (user == std::string_view::npos || user < from) return std::string(endpoint);
  return std::string(endpoint.substr(0, from)) + "***" + std::string(endpoint.substr(user));
}

bool is_blank_or_comment(std::string_view line) {
  const std::string_view text = trimmed(line);
  return text.empty() || text.front() == '#';
}

std::size_t indent_of(std::string_view line) {
  return std::min(line.find_first_not_of(" \t"), line.size());
}

bool looks_founding(std::string_view text) {
  Top top;
  bool sections = false;
  bool endpoints = false;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (is_blank_or_comment(line)) continue;
    const bool below = is_space(line.front());
    if (below && top.section && !top.self) continue;
    const auto parts = read_key_line(line);
    const std::string_view key = parts ? parts->key : trimmed(line);
    if (!below) {
      top.self = key == "self";
      top.section = is_section(key) || key.starts_with("x-");
      sections = sections || (top.section && !top.self && !key.starts_with("x-"));
      endpoints = endpoints || (!top.section && looks_like_endpoint(key));
      if (is_telling(key)) return true;  // somebody forgot to indent it
    } else if (top.self ? key.starts_with("post_") : is_telling(key)) {
      return true;
    }
    // In one line: `www.example.com: {scheme: https, cron_schedule: ...}`.
    if (!top.section && std::ranges::any_of(kKeys, [&](std::string_view name) {
          return is_telling(name) && behind_key(line, name) != std::string_view::npos;
        })) {
      return true;
    }
  }
  return endpoints && !sections;
}

std::optional<KeyLine> read_key_line(std::string_view line) {
  KeyLine out;
  std::size_t at = indent_of(line);
  if (is_blank_or_comment(line)) return std::nullopt;
  out.dash = at;
  while (at + 1 < line.size() && line[at] == '-' && is_space(line[at + 1])) {
    out.item = true;
    at = std::min(line.find_first_not_of(" \t", at + 1), line.size());
  }
  out.indent = out.value_at = at;
  if (const std::size_t end = end_of_key(line, at); end != std::string_view::npos) {
    out.key = line.substr(at, end - at);
    if (!out.key.empty() && is_quote(out.key.front())) {
      out.key = out.key.substr(1, out.key.size() - 2);
    }
    out.value_at = std::min(line.find_first_not_of(" \t", end + 1), line.size());
  } else if (!out.item) {
    return std::nullopt;
  }
  out.value = without_comment(line.substr(out.value_at));
  return out;
}

FoundingLines::FoundingLines(std::string_view text) {
  while (true) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines_.emplace_back(line);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
}

void FoundingLines::replace(std::uint32_t first, const std::vector<std::string>& lines) {
  std::ranges::copy(lines, lines_.begin() + (first - 1));
}

std::string FoundingLines::text() const {
  std::string out;
  for (const std::string& line : lines_) {
    if (&line != &lines_.front()) out += '\n';
    out += line;
  }
  return out;
}

std::uint32_t FoundingLines::before(std::uint32_t number) const {
  do {
    --number;
  } while (number > 0 && is_blank_or_comment(at(number)));
  return number;
}

std::uint32_t FoundingLines::end_of(std::uint32_t number) const {
  const std::size_t indent = indent_of(at(number));
  std::uint32_t end = number;
  for (std::uint32_t i = number + 1; i <= count(); ++i) {
    if (is_blank_or_comment(at(i))) continue;
    // A list may stand in the column of its key.
    const bool list =
        indent_of(at(i)) == indent && at(i)[indent] == '-' && at(number)[indent] != '-';
    if (indent_of(at(i)) <= indent && !list) break;
    end = i;
  }
  return end;
}

std::vector<std::string> FoundingLines::range(std::uint32_t first, std::uint32_t last) const {
  return {lines_.begin() + (first - 1), lines_.begin() + last};
}

std::string FoundingLines::path_of(std::uint32_t number) const {
  std::vector<std::string> steps;
  std::size_t indent = std::string::npos;
  for (std::uint32_t i = number; i > 0 && indent > 0; --i) {
    const auto parts = read_key_line(at(i));
    if (!parts || parts->key.empty() || parts->indent >= indent) continue;
    if (i != number && parts->item && parts->dash >= indent) continue;
    indent = parts->indent;
    steps.push_back(path_step(without_user(parts->key)));
  }
  std::string path;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    if (!path.empty() && !step->starts_with('[')) path += '.';
    path += *step;
  }
  return path;
}

std::string shown(std::vector<std::string> lines) {
  constexpr std::size_t kNone = std::string::npos;
  std::string out;
  std::size_t secret_block = kNone;   // indentation of a key whose lines are secret
  std::size_t api_key_block = kNone;  // of post_api_key
  for (std::string& line : lines) {
    const auto parts = read_key_line(line);
    const std::size_t indent = indent_of(line);
    const bool blank = is_blank_or_comment(line);
    if (!blank && indent <= api_key_block && api_key_block != kNone) api_key_block = kNone;
    if (secret_block != kNone && indent > secret_block) {
      line = std::string(indent, ' ') + "***";
    } else if (api_key_block != kNone && !blank && !(parts && is_public_of_api_key(parts->key))) {
      const bool plain = parts && !parts->key.empty();
      mask_value(line, plain ? parts->value_at : indent);
      secret_block = plain ? parts->indent : kNone;
    } else {
      secret_block = kNone;
      if (parts && means_secret(*parts)) secret_block = parts->indent;
      if (parts && means(*parts, "post_api_key")) api_key_block = parts->indent;
      mask_line(line);
    }
    if (!out.empty()) out += '\n';
    out += line;
  }
  return out;
}

}  // namespace tocsin::config
