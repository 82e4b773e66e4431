#pragma once
// Where the outcomes of a founding-format entry go: its keys post_*, aws_* and data_*.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/founding_entry.hpp"
#include "config/model.hpp"
#include "notification/provider/post.hpp"

namespace tocsin::config {

struct FoundingPosts {
  std::optional<notification::PostOptions> post;  // post_endpoint
  bool service = false;                           // post_service: nothing delivers to it yet
  ReportOn on = ReportOn::up;
};

// `captured`: names that placeholders may use beside those of notification::post_names(). Usable
// only when no error was added.
[[nodiscard]] FoundingPosts decode_posts(const FoundingEntry& e,
                                         const std::vector<std::string>& captured,
                                         ReportOn default_on);
[[nodiscard]] bool is_post_key(std::string_view key);

}  // namespace tocsin::config
