#include "check/redirect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tocsin::check {

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string hop_key(const Hop& hop) { return hop.method + ' ' + hop.url.to_string(); }

std::expected<Hop, std::string> follow_redirect(const Hop& from, int status,
                                                std::optional<std::string_view> location,
                                                std::span<const std::string> visited,
                                                std::uint32_t limit) {
  if (!location) {
    return std::unexpected(fmt::format("status {} without a Location", status));
  }
  auto url = resolve_location(from.url, *location);
  if (!url) {
    return std::unexpected(
        fmt::format("status {} with an unusable Location: {}", status, url.error().message));
  }
  Hop next{std::move(*url), from.method, from.keep_body, from.keep_credentials};
  const bool to_get = (status == 303 && from.method != "HEAD" && from.method != "GET") ||
                      ((status == 301 || status == 302) && from.method == "POST");
  if (to_get) {
    next.method = "GET";
    next.keep_body = false;
  }
  next.keep_credentials = from.keep_credentials && same_origin(from.url, next.url);
  if (std::ranges::find(visited, hop_key(next)) != visited.end()) {
    return std::unexpected(fmt::format("a redirect loop, back to {}", next.url.shown()));
  }
  if (visited.size() > limit) {
    return std::unexpected(
        fmt::format("more than {} redirects, the last one to {}", limit, next.url.shown()));
  }
  return next;
}

}  // namespace tocsin::check
