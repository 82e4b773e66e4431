#include "deployment/selection.hpp"

#include <algorithm>

#include "check/glob.hpp"

namespace tocsin::deployment {
namespace {

bool any_matches(const std::vector<std::string>& patterns, std::string_view name) {
  return std::ranges::any_of(
      patterns, [name](const std::string& pattern) { return check::glob_matches(pattern, name); });
}

bool is_pattern(std::string_view text) {
  return text.find_first_of("*?[\\") != std::string_view::npos;
}

// "*", also written twice.
bool matches_all(std::string_view pattern) {
  return !pattern.empty() && pattern.find_first_not_of('*') == std::string_view::npos;
}

}  // namespace

bool Selection::takes(std::string_view name) const {
  return (include.empty() || any_matches(include, name)) && !any_matches(exclude, name);
}

bool Selection::takes_tags(const Tags& tags_of_service) const {
  return std::ranges::all_of(tags, [&](const auto& wanted) {
    return std::ranges::any_of(tags_of_service, [&](const auto& tag) {
      return tag.first == wanted.first && check::glob_matches(wanted.second, tag.second);
    });
  });
}

bool Selection::is_named() const {
  return !include.empty() && std::ranges::none_of(include, is_pattern);
}

bool Selection::names(std::string_view name) const {
  return !is_pattern(name) && std::ranges::find(include, name) != include.end();
}

bool Selection::takes_all() const {
  return exclude.empty() && (include.empty() || std::ranges::any_of(include, matches_all));
}

bool Selection::takes_none() const {
  const auto is_left_out = [this](const std::string& one) {
    return is_pattern(one) ? std::ranges::find(exclude, one) != exclude.end()
                           : any_matches(exclude, one);
  };
  return std::ranges::any_of(exclude, matches_all) ||
         (!include.empty() && std::ranges::all_of(include, is_left_out));
}

}  // namespace tocsin::deployment
