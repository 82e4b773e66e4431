#include "web/router.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/utf8.hpp"

namespace tocsin::web {
namespace {

bool matches(std::string_view pattern, const std::vector<std::string>& segments, Match& found) {
  bool first = true;
  pattern.remove_prefix(1);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const std::size_t slash = pattern.find('/');
    const std::string_view part = pattern.substr(0, slash);
    if (part.starts_with('{')) {
      if (segments[i].empty()) {
        return false;
      }
      (std::exchange(first, false) ? found.name : found.second) = segments[i];
    } else if (part != segments[i]) {
      return false;
    }
    if (slash == std::string_view::npos) {
      return i + 1 == segments.size();
    }
    pattern.remove_prefix(slash + 1);
  }
  return false;
}

}  // namespace

std::expected<Match, NoMatch> match_route(std::string_view method,
                                          const std::vector<std::string>& segments) {
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  std::string allow;
  for (const Route& route : routes()) {
    Match found;
    if (!matches(route.pattern, segments, found)) {
      continue;
    }
    if (route.method == wanted) {
      found.route = &route;
      return found;
    }
    allow += allow.empty() ? "" : ", ";
    allow += route.method == "GET" ? "GET, HEAD" : route.method;
  }
  if (allow.empty()) {
    return std::unexpected(NoMatch{{404, "not_found", "there is nothing at this path"}, {}});
  }
  Problem problem{405, "method_not_allowed",
                  fmt::format("this path answers {}, not {}", allow, clip(printable(method), 20))};
  return std::unexpected(NoMatch{std::move(problem), std::move(allow)});
}

}  // namespace tocsin::web
