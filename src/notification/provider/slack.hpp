#pragma once
// Slack: an incoming webhook, or a bot with one thread per incident.

#include <memory>
#include <string>

#include "notification/format.hpp"
#include "notification/texts.hpp"

namespace tocsin::notification {

struct SlackOptions {
  std::string webhook_url;  // secret; or bot_token and channel
  std::string bot_token;    // secret
  std::string channel;      // id or #name
  std::string url = "https://slack.com/api";
};

// Of an incoming webhook: it can neither answer in a thread nor update.
[[nodiscard]] std::shared_ptr<const Format> make_slack_webhook(const SlackOptions& options,
                                                               std::shared_ptr<const Texts> texts);
// Of a bot token (https://docs.slack.dev/reference/methods/chat.postMessage and chat.update): the
// first message of an incident opens a thread, later events answer in it, and its turns and its end
// are written into the first message. Work::content holds what that message shows. What must be
// seen (reminders, failures) is shown in the channel too. Of other incidents that are over with an
// event (closed_incidents) at most 5 first messages are updated.
[[nodiscard]] std::shared_ptr<const Format> make_slack_bot(const SlackOptions& options,
                                                           std::shared_ptr<const Texts> texts);

}  // namespace tocsin::notification
