#include "notification/provider/slack_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "check/json.hpp"
#include "notification/judge.hpp"

namespace tocsin::notification {
namespace {

using Kind = Verdict::Kind;

struct Word {
  std::string_view name;
  Kind kind;
};

// What is not listed keeps its rows: a word of tomorrow may be about the channel.
constexpr std::array<Word, 24> kWords{{
    {"ratelimited", Kind::retry},
    {"rate_limited", Kind::retry},
    {"message_limit_exceeded", Kind::retry},
    {"internal_error", Kind::retry},
    {"fatal_error", Kind::retry},
    {"service_unavailable", Kind::retry},
    {"request_timeout", Kind::retry},
    {"team_added_to_org", Kind::retry},
    {"rollup_error", Kind::retry},
    {"msg_too_long", Kind::message_failed},
    {"no_text", Kind::message_failed},
    {"msg_blocks_too_long", Kind::message_failed},
    {"invalid_blocks", Kind::message_failed},
    {"invalid_blocks_format", Kind::message_failed},
    {"invalid_attachments", Kind::message_failed},
    {"too_many_attachments", Kind::message_failed},
    {"invalid_payload", Kind::message_failed},
    {"invalid_json", Kind::message_failed},
    {"json_not_object", Kind::message_failed},
    {"invalid_arguments", Kind::message_failed},
    {"invalid_array_arg", Kind::message_failed},
    {"invalid_charset", Kind::message_failed},
    {"invalid_form_data", Kind::message_failed},
    {"markdown_text_conflict", Kind::message_failed},
}};

std::optional<Kind> kind_of(std::string_view word) {
  const auto* found = std::ranges::find(kWords, word, &Word::name);
  return found == kWords.end() ? std::nullopt : std::optional(found->kind);
}

}  // namespace

Verdict judge_slack_webhook(const Answer& answer) {
  Verdict by_status = judge_http(answer);
  if (answer.status == 0 || answer.status == 429 || answer.status >= 500) return by_status;
  const std::string word = excerpt(answer.body);
  if (answer.status == 200) {
    if (word == "ok") return by_status;
    // A proxy's page, or a URL that is no webhook: nothing has been posted.
    return verdict(kind_of(word).value_or(Kind::channel_failed), answer,
                   fmt::format("expected \"ok\", found \"{}\"", word));
  }
  // 400 also comes with words about the channel: "invalid_token", "no_service", ...
  if (answer.status == 400) {
    return verdict(kind_of(word).value_or(Kind::channel_failed), answer, word);
  }
  return by_status;
}

Verdict judge_slack_method(const Answer& answer) {
  if (answer.status != 200) return judge_http(answer);
  const auto json = check::parse_json(answer.body);
  const auto ok = json ? json->find("ok").boolean() : std::nullopt;
  if (!ok) {
    // No proxy or half answer says whether the message is there: again, under the same key.
    return verdict(Kind::retry, answer,
                   fmt::format("expected {{\"ok\":...}}, found \"{}\"", excerpt(answer.body)));
  }
  if (!*ok) {
    const std::string word = json->find("error").string().value_or("no error given");
    return verdict(kind_of(word).value_or(Kind::channel_failed), answer, excerpt(word));
  }
  Verdict out = verdict(Kind::delivered, answer, {});
  const auto channel = json->find("channel").string();
  const auto ts = json->find("ts").string();
  if (channel && ts) out.reference = fmt::format("{} {}", *channel, *ts);
  return out;
}

}  // namespace tocsin::notification
