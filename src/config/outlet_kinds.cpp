#include <algorithm>
#include <array>
#include <utility>

#include "config/outlet_fields.hpp"
#include "config/provider_fields.hpp"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;

// JSON Schemas of the kinds that are rows of notification::rows().
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kRowSchemas{
    {{"datadog", R"({"$ref":"#/$defs/datadog"})"},
     {"teams", R"({"$ref":"#/$defs/teams"})"},
     {"discord", R"({"$ref":"#/$defs/discord"})"},
     {"telegram", R"({"$ref":"#/$defs/telegram"})"},
     {"ntfy", R"({"$ref":"#/$defs/ntfy"})"},
     {"mattermost", R"({"$ref":"#/$defs/mattermost"})"},
     {"gotify", R"({"$ref":"#/$defs/gotify"})"},
     {"pushover", R"({"$ref":"#/$defs/pushover"})"}}};

OutletKind row_kind(const notification::Row& row) {
  const auto* const schema = std::ranges::find(
      kRowSchemas, row.name, &std::pair<std::string_view, std::string_view>::first);
  TOCSIN_ASSERT(schema != kRowSchemas.end());
  OutletKind kind;
  kind.doc = {row.name, row.doc, schema->second};
  kind.rate_count = row.rate_count;
  kind.rate_per = std::chrono::seconds{row.rate_seconds};
  kind.concurrency = row.concurrency;
  kind.decode = [&row](Decoder& d, const Node& node) { return decode_row(d, node, row); };
  return kind;
}

std::vector<OutletKind> all_kinds() {
  std::vector<OutletKind> kinds;
  const auto channel = [&](FieldDoc doc, auto decode) -> OutletKind& {
    OutletKind kind;
    kind.doc = doc;
    kind.decode = decode;
    return kinds.emplace_back(std::move(kind));
  };
  OutletKind& slack =
      channel({"slack", "a Slack channel", R"({"$ref":"#/$defs/slack"})"}, decode_slack);
  // One message a second and channel (https://docs.slack.dev/apis/web-api/rate-limits).
  slack.rate_count = 1;
  slack.concurrency = 1;
  channel({"webhook", "any HTTP receiver", R"({"$ref":"#/$defs/webhook"})"}, decode_webhook);
  channel({"exec", "a program", R"({"$ref":"#/$defs/exec"})"}, decode_exec);
  channel({"email", "mail through an SMTP server", R"({"$ref":"#/$defs/email"})"}, decode_email)
      .concurrency = 2;
  OutletKind& pagerduty =
      channel({"pagerduty", "PagerDuty, Events API v2", R"({"$ref":"#/$defs/pagerduty"})"},
              decode_pagerduty);
  pagerduty.rate_count = 120;  // a key and minute; PagerDuty says 429 where it is less
  pagerduty.rate_per = 1min;
  for (const notification::Row& row : notification::rows()) kinds.push_back(row_kind(row));
  const auto sink = [&](FieldDoc doc, auto decode) { channel(doc, decode).sink = true; };
  sink({"datadog_event", "an event in Datadog per outcome", R"({"$ref":"#/$defs/datadog_event"})"},
       decode_datadog_sink);
  sink({"webhook", "any HTTP receiver", R"({"$ref":"#/$defs/webhook_sink"})"}, decode_webhook_sink);
  return kinds;
}

}  // namespace

const std::vector<OutletKind>& outlet_kinds() {
  static const std::vector<OutletKind> kKinds = all_kinds();
  return kKinds;
}

}  // namespace tocsin::config
