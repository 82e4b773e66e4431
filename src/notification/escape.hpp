#pragma once
// Foreign text made safe for where it goes, and texts cut to the length that a provider takes.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin::notification {

// Appends `text` so that it reads as itself there.
using Escape = void (*)(std::string& out, std::string_view text);

void escape_nothing(std::string& out, std::string_view text);
// Inside a JSON string, without the quotes around it.
void escape_json(std::string& out, std::string_view text);
// & < > as entities: Slack's mrkdwn, where <!channel> and <url|text> mean something, asks for
// exactly these three (https://docs.slack.dev/messaging/formatting-message-text).
void escape_mrkdwn(std::string& out, std::string_view text);
// & < > " ' as entities.
void escape_html(std::string& out, std::string_view text);
// A backslash before whatever Markdown reads as format, and a zero-width space behind "@" so that
// nobody is called by a name in a body: Discord, Mattermost. URLs stay links.
void escape_markdown(std::string& out, std::string_view text);

// How a provider counts length. utf16: code units, of which an emoji has two; where a provider
// says "characters" without saying which, this is the count that is never too low.
enum class Unit : std::uint8_t { bytes, utf16 };

[[nodiscard]] std::size_t length(std::string_view text, Unit unit);

// Ends every text that was cut.
inline constexpr std::string_view kCutMark = "… [cut]";

// `text` when it is not longer than `limit`; else as much of it as fits with kCutMark behind it:
// whole characters, no half of an entity (&amp;) and no backslash without what it escapes. A limit
// below the mark's own length cuts without a mark.
[[nodiscard]] std::string cut(std::string_view text, std::size_t limit, Unit unit);

}  // namespace tocsin::notification
