#pragma once
// What Slack says back.

#include "notification/format.hpp"

namespace tocsin::notification {

// Of an incoming webhook: HTTP status and a word as plain text
// (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors).
[[nodiscard]] Verdict judge_slack_webhook(const Answer& answer);
// Of a Web API method: HTTP 200 whatever happened, {"ok":false,"error":"..."}
// (https://docs.slack.dev/reference/methods/chat.postMessage#errors). Sets Verdict::reference to
// "CHANNEL TS" of the message when it is delivered.
[[nodiscard]] Verdict judge_slack_method(const Answer& answer);

}  // namespace tocsin::notification
