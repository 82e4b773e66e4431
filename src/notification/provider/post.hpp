#pragma once
// The posts of the founding format: {title, text, tags} to one URL, with a key as query parameter
// or header. It is the shape of Datadog's events API
// (https://docs.datadoghq.com/api/latest/events/post-an-event/), whose limits it keeps; the keys in
// the configuration are read by config/founding_post.hpp.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "notification/format.hpp"
#include "notification/template.hpp"

namespace tocsin::notification {

struct PostOptions {
  std::string url;                                           // with the key, if that is its place
  std::vector<std::pair<std::string, std::string>> headers;  // same
  std::vector<std::string> secrets;  // every form of the key: an answer might echo it
  // Placeholders: names of captured values, and those of post_names().
  Template title, text;
  std::vector<Template> tags;  // one whose placeholders are all empty is left out
};

// outcome.status outcome.reason outcome.message outcome.started_at outcome.duration_ms: what was
// found, for texts. A captured value of the same name goes first.
[[nodiscard]] const std::vector<std::string_view>& post_names();

// A title or text that comes out blank says the monitor's state instead, since receivers refuse an
// empty one. A post a minute or more after the check says how late it is.
[[nodiscard]] std::shared_ptr<const Format> make_post(PostOptions options);

// `text` percent-encoded as the value of a query parameter (RFC 3986, section 2.3).
[[nodiscard]] std::string query_encoded(std::string_view text);

}  // namespace tocsin::notification
