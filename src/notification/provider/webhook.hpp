#pragma once
// Any HTTP receiver: events for a channel, outcomes for a sink.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "notification/format.hpp"
#include "notification/json_template.hpp"
#include "notification/texts.hpp"

namespace tocsin::notification {

struct WebhookOptions {
  std::string url;
  std::string method = "POST";
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<JsonTemplate> body;  // message_vocabulary(); of a sink report_vocabulary()
  std::string secret;                // of X-Tocsin-Signature; "" sends none
};

// Without a body template: the event as the API shows it. Takes several events only when the
// template names {events}. Idempotency-Key is the delivery's key.
[[nodiscard]] std::shared_ptr<const Format> make_webhook(WebhookOptions options,
                                                         std::shared_ptr<const Texts> texts);
// Without a body template: {monitor,kind,labels,outcome}. `batch` above 1: a list of such objects,
// or of what the template makes of each; a template that names {reports} is the whole body.
[[nodiscard]] std::shared_ptr<const Format> make_webhook_sink(WebhookOptions options,
                                                              std::uint32_t batch);

}  // namespace tocsin::notification
