#pragma once
// PagerDuty's Events API v2 (https://developer.pagerduty.com/docs/send-alert-event): what opens an
// incident triggers, what closes it resolves, under one dedup_key. A note, which nothing would ever
// resolve, is a change event (https://developer.pagerduty.com/docs/send-change-event).

#include <memory>
#include <string>

#include "notification/format.hpp"
#include "notification/texts.hpp"

namespace tocsin::notification {

struct PagerDutyOptions {
  std::string routing_key;                           // secret
  std::string url = "https://events.pagerduty.com";  // https://events.eu.pagerduty.com
};

[[nodiscard]] std::shared_ptr<const Format> make_pagerduty(PagerDutyOptions options,
                                                           std::shared_ptr<const Texts> texts);

}  // namespace tocsin::notification
