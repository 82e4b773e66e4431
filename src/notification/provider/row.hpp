#pragma once
// Providers that are one HTTP request each, as data: options, a JSON body with placeholders,
// limits, and what their answers mean where HTTP does not say it.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "notification/escape.hpp"
#include "notification/format.hpp"
#include "notification/texts.hpp"

namespace tocsin::notification {

struct RowOption {
  enum class Kind : std::uint8_t {
    text,
    secret,
    secret_url,
    path_secret,  // stands in a URL's path: letters, digits and : _ -
    base_url,
    host,
    integer
  };
  std::string_view name;
  std::string_view doc;
  Kind kind = Kind::text;
  bool required = false;
  std::string_view fallback = {};
};

struct RowHeader {
  std::string_view name;
  std::string_view value;  // a template of options; left out when the option is not given
};

// Strings are templates (template.hpp) of: the options by name, all of message_vocabulary(), and
//   level priority colour   by severity, from this row; `closed` ones last
//   link                    the dashboard, else the runbook
//   tags                    JSON list of "key:value", of the labels and monitor, kind, severity
//   happened                Unix seconds of the first event
//   short_key               the key in at most 100 characters
//   paragraphs              the text as blocks of an Adaptive Card
struct Row {
  std::string_view name;
  std::string_view doc;
  std::string_view reference;  // URL of the API's documentation
  std::span<const RowOption> options;
  std::string_view url;
  std::span<const RowHeader> headers;
  std::string_view body;  // JSON whose strings are templates; members without a value are left out
  Escape escape = escape_nothing;
  bool marks = true;
  std::size_t text_limit = 4000;
  std::size_t title_limit = 250;
  Unit unit = Unit::utf16;
  std::array<std::string_view, 4> levels;  // critical, warning, info, closed
  std::array<int, 4> priorities;           // same
  std::uint32_t rate_count = 0;            // notification::Outlet
  std::uint32_t rate_seconds = 1;
  std::uint32_t concurrency = 4;
  // A member that the JSON of every good answer has; "" when answers prove nothing. "ok" alone, in
  // quotes, is a text.
  std::string_view proof;
  // Words in the answer to a 400 that mean the channel, not the message.
  std::span<const std::string_view> channel_words;
  std::string_view retry_member;  // seconds to wait, "a.b" in the JSON of a 429
};

// datadog teams discord telegram ntfy mattermost gotify pushover
[[nodiscard]] std::span<const Row> rows();

using RowOptions = std::map<std::string, std::string, std::less<>>;

// `row` must live as long as the format; `options` holds every required one.
[[nodiscard]] std::shared_ptr<const Format> make_row(const Row& row, RowOptions options,
                                                     std::shared_ptr<const Texts> texts);

}  // namespace tocsin::notification
