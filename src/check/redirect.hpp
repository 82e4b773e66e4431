#pragma once
// Whether and how a redirect is followed. A pure rule: the prober asks it after every response.

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "check/url.hpp"

namespace tocsin::check {

// One request of a chain of redirects.
struct Hop {
  Url url;
  std::string method = "GET";
  bool keep_body = true;  // false: send no body and none of its Content-* headers
  // False once the chain has left the first origin: send neither Authorization nor Cookie, not even
  // after a redirect back.
  bool keep_credentials = true;
};

// 301, 302, 303, 307, 308. Others of the 300s are final answers.
[[nodiscard]] bool is_redirect(int status);

// What tells two requests of a chain apart: method and URL.
[[nodiscard]] std::string hop_key(const Hop& hop);

// The next request after `from` was answered with the redirect `status`. `visited` holds the
// hop_key() of every request so far, `from` among them; `limit` is how many redirects may be
// followed. Error: a sentence for people, without any query: too many, a loop, no Location, an
// unusable one.
//
// 303 turns every method but HEAD into GET, 301 and 302 turn POST into GET, as browsers do (RFC
// 9110, section 15.4); 307 and 308 repeat the request. From https to http is allowed: it is another
// origin, so credentials stay behind.
[[nodiscard]] std::expected<Hop, std::string> follow_redirect(
    const Hop& from, int status, std::optional<std::string_view> location,
    std::span<const std::string> visited, std::uint32_t limit);

}  // namespace tocsin::check
