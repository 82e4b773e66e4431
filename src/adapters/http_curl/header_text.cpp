#include "adapters/http_curl/header_text.hpp"

#include <algorithm>

namespace tocsin::adapters {

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_status_line(std::string_view line) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto space = line.find(' ');
  if (!line.starts_with("HTTP/") || space == std::string_view::npos || line.size() < space + 4) {
    return false;
  }
  const std::string_view version = line.substr(5, space - 5);
  const std::string_view status = line.substr(space + 1, 3);
  return (version.size() == 1 || (version.size() == 3 && version[1] == '.')) &&
         digit(version.front()) && digit(version.back()) && std::ranges::all_of(status, digit) &&
         status.front() != '0' && (line.size() == space + 4 || line[space + 4] == ' ');
}

}  // namespace tocsin::adapters
