// Templates over hostile text: the part up to the first NUL is the template, the rest is what a
// server sent. Whatever compiles renders; what a JSON template renders is JSON; a cut keeps its
// limit and leaves text whole.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/utf8.hpp"
#include "check/json.hpp"
#include "notification/compose.hpp"
#include "notification/http_date.hpp"
#include "notification/json_template.hpp"
#include "notification/provider/mime.hpp"
#include "notification/provider/slack_board.hpp"
#include "notification/values.hpp"

namespace alert = tocsin::alert;
namespace check = tocsin::check;
namespace notification = tocsin::notification;

namespace {

alert::Event event_with(const std::string& text) {
  alert::Event event;
  event.id = "01KDVXZ0DWE3K99N58377CJE65";
  event.type = "went_down";
  event.monitor = text.substr(0, 200);
  event.message = text;
  event.incident = event.key = text;
  event.labels = {{"team", text}};
  event.late = tocsin::Milliseconds{5000};
  return event;
}

void check_text(const notification::Template& compiled, const notification::Message& message) {
  using notification::Unit;
  notification::Texts texts;
  texts.set(alert::EventType::went_down, compiled);
  for (const auto escape : {notification::escape_mrkdwn, notification::escape_markdown}) {
    const notification::Style style{.escape = escape, .limit = 60};
    const auto composed = notification::compose(message, texts, style);
    TOCSIN_ASSERT(!composed.text.empty());
    TOCSIN_ASSERT(notification::length(composed.text, Unit::utf16) <= 60);
    TOCSIN_ASSERT(tocsin::is_utf8(composed.title));
    TOCSIN_ASSERT(composed.title.find('\n') == std::string::npos);
    const notification::SlackBoard board(message, composed, texts, style);
    if (!board.empty()) {
      const auto again = notification::SlackBoard::parse(board.json());
      TOCSIN_ASSERT(again.has_value());
      TOCSIN_ASSERT(again->json() == board.json());
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(all.find('\0'), all.size());
  const std::string_view source = all.substr(0, end);
  notification::Message message;
  message.key = "ops/1";
  message.events.push_back(event_with(std::string(all.substr(std::min(end + 1, all.size())))));

  const auto text = notification::compile_template(source, notification::event_vocabulary());
  if (text) {
    check_text(*text, message);
  } else {
    TOCSIN_ASSERT(!text.error().message.empty());
    TOCSIN_ASSERT(text.error().offset < source.size());
  }
  const auto json = notification::compile_json_template(source, notification::message_vocabulary());
  if (json) {
    const std::string title = message.events.front().message;
    const std::string made = json->render(notification::MessageValues(message, title, title));
    TOCSIN_ASSERT(check::parse_json(made).has_value());
  }
  const auto board = notification::SlackBoard::parse(source);
  if (board) {
    TOCSIN_ASSERT(notification::SlackBoard::parse(board->json()).has_value());
  }
  const std::string words = notification::encode_words(source);
  TOCSIN_ASSERT(words.find("\r\n\r\n") == std::string::npos);
  static_cast<void>(notification::parse_http_date(source));
  return 0;
}
