#include "config/provider_fields.hpp"

#include <algorithm>
#include <array>

#include "config/endpoint.hpp"
#include "config/header_fields.hpp"
#include "notification/values.hpp"

namespace tocsin::config {
namespace {

using notification::Outlet;
using notification::SlackOptions;
using notification::Texts;
using notification::WebhookOptions;
using SharedTexts = std::shared_ptr<const Texts>;

constexpr std::string_view kText = R"({"type":"string"})";

template <auto Member>
constexpr auto kMember = [](auto& object) -> auto& { return object.*Member; };

constexpr auto kUrl = [](Decoder& d, const Node& n) { return decode_url(d, n); };
constexpr auto kSecretUrl = [](Decoder& d, const Node& n) { return decode_secret_url(d, n); };
constexpr auto kBaseUrl = [](Decoder& d, const Node& n) { return decode_base_url(d, n); };
constexpr auto kToken = [](Decoder& d, const Node& n) { return decode_secret(d, n, "a token"); };
constexpr auto kSecret = [](Decoder& d, const Node& n) { return decode_secret(d, n, "a secret"); };
constexpr auto kHeaders = [](Decoder& d, const Node& n) { return decode_headers(d, n); };
constexpr auto kMethod = [](Decoder& d, const Node& n) -> std::optional<std::string> {
  constexpr std::array<std::string_view, 3> kMethods{"POST", "PUT", "PATCH"};
  const auto index = decode_word(d, n, kMethods);
  return index ? std::optional(std::string(kMethods.at(*index))) : std::nullopt;
};
constexpr auto kChannel = [](Decoder& d, const Node& n) {
  return decode_line(d, n, "a channel such as C024BE91L or #ops", 200);
};
constexpr auto kEventBody = [](Decoder& d, const Node& n) {
  return decode_json_template(d, n, notification::message_vocabulary());
};
constexpr auto kReportBody = [](Decoder& d, const Node& n) {
  return decode_json_template(d, n, notification::report_vocabulary());
};

constexpr std::array kSlackFields{
    field<SlackOptions, kMember<&SlackOptions::webhook_url>, kSecretUrl>(
        "webhook_url", "secret: URL of an incoming webhook", kText),
    field<SlackOptions, kMember<&SlackOptions::bot_token>, kToken>(
        "bot_token", "secret: token of a bot, instead of webhook_url", kText),
    field<SlackOptions, kMember<&SlackOptions::channel>, kChannel>(
        "channel", "where the bot posts: id or #name", kText),
    field<SlackOptions, kMember<&SlackOptions::url>, kBaseUrl>("url", "base URL of Slack's API",
                                                               kText),
};

constexpr Field<WebhookOptions> kUrlField =
    field<WebhookOptions, kMember<&WebhookOptions::url>, kUrl>("url", "where to send", kText);
constexpr Field<WebhookOptions> kMethodField =
    field<WebhookOptions, kMember<&WebhookOptions::method>, kMethod>(
        "method", "POST, PUT or PATCH", R"({"enum":["POST","PUT","PATCH"]})");
constexpr Field<WebhookOptions> kHeadersField =
    field<WebhookOptions, kMember<&WebhookOptions::headers>, kHeaders>(
        "headers", "header names and values", R"({"$ref":"#/$defs/texts"})");
constexpr Field<WebhookOptions> kSecretField =
    field<WebhookOptions, kMember<&WebhookOptions::secret>, kSecret>(
        "secret", "secret: signs every request with X-Tocsin-Signature", kText);
constexpr std::string_view kBodyDoc = "JSON with placeholders, instead of the whole event";
constexpr std::string_view kReportBodyDoc = "JSON with placeholders, instead of the whole outcome";
constexpr std::string_view kBody = R"({"type":["object","array","string"]})";

constexpr std::array kWebhookFields{
    kUrlField, kMethodField, kHeadersField, kSecretField,
    field<WebhookOptions, kMember<&WebhookOptions::body>, kEventBody>("body", kBodyDoc, kBody)};
constexpr std::array kWebhookSinkFields{
    kUrlField, kMethodField, kHeadersField, kSecretField,
    field<WebhookOptions, kMember<&WebhookOptions::body>, kReportBody>("body", kReportBodyDoc,
                                                                       kBody)};

// Options of a webhook; nullopt when something is wrong.
std::optional<WebhookOptions> webhook_options(Decoder& d, const Node& node,
                                              const Table<WebhookOptions>& table) {
  const std::size_t before = d.errors();
  Draft<WebhookOptions> draft;
  if (node.kind == Node::Kind::scalar) {  // webhook: URL
    if (auto url = decode_url(d, node)) draft.value.url = std::move(*url);
  } else {
    decode_object(d, node, table, draft);
    if (d.errors() == before && draft.value.url.empty()) d.error(node.at, "expected a url");
  }
  return d.errors() == before ? std::optional(std::move(draft.value)) : std::nullopt;
}

}  // namespace

const Table<SlackOptions>& slack_table() {
  static constexpr Table<SlackOptions> kTable{kSlackFields, {}};
  return kTable;
}
const Table<WebhookOptions>& webhook_table() {
  static constexpr Table<WebhookOptions> kTable{kWebhookFields, {}};
  return kTable;
}
const Table<WebhookOptions>& webhook_sink_table() {
  static constexpr Table<WebhookOptions> kTable{kWebhookSinkFields, {}};
  return kTable;
}

std::optional<std::string> decode_base_url(Decoder& d, const Node& node) {
  auto url = decode_url(d, node);
  if (!url) return std::nullopt;
  if (url->find('?') != std::string::npos) {
    d.expected(node, "a base URL without \"?\"");
    return std::nullopt;
  }
  while (url->ends_with('/')) url->pop_back();
  return url;
}

MakeFormat decode_slack(Decoder& d, const Node& node) {
  const std::size_t before = d.errors();
  Draft<SlackOptions> draft;
  decode_object(d, node, slack_table(), draft);
  if (d.errors() > before) return {};
  const SlackOptions& o = draft.value;
  const bool bot = given(slack_table(), draft, "bot_token");
  if (bot == given(slack_table(), draft, "webhook_url")) {
    d.error(node.at, bot ? "found both webhook_url and bot_token, expected one of them"
                         : "expected webhook_url, or bot_token with channel");
  } else if (bot == o.channel.empty()) {
    d.error(node.at, bot ? "expected channel beside bot_token"
                         : "channel goes with bot_token; a webhook_url has its own channel");
  }
  if (d.errors() > before) return {};
  return [options = o, bot](const Outlet&, const SharedTexts& texts) {
    return bot ? notification::make_slack_bot(options, texts)
               : notification::make_slack_webhook(options, texts);
  };
}

MakeFormat decode_webhook(Decoder& d, const Node& node) {
  auto options = webhook_options(d, node, webhook_table());
  if (!options) return {};
  return [options = std::move(*options)](const Outlet&, const SharedTexts& texts) {
    return notification::make_webhook(options, texts);
  };
}

MakeFormat decode_webhook_sink(Decoder& d, const Node& node) {
  auto options = webhook_options(d, node, webhook_sink_table());
  if (!options) return {};
  return [options = std::move(*options)](const Outlet& outlet, const SharedTexts&) {
    return notification::make_webhook_sink(options, outlet.batch);
  };
}

std::vector<OutletKind> outlet_kinds() {
  using namespace std::chrono_literals;
  std::vector<OutletKind> kinds;
  const auto channel = [&](FieldDoc doc, auto decode, std::uint32_t count = 0,
                           Milliseconds per = 1s, std::uint32_t concurrency = 4) {
    kinds.push_back({doc, false, count, per, concurrency, decode});
  };
  const auto sink = [&](FieldDoc doc, auto decode) {
    kinds.push_back({doc, true, 0, 1s, 4, decode});
  };
  // One message a second and channel (https://docs.slack.dev/apis/web-api/rate-limits).
  channel({"slack", "a Slack channel", R"({"$ref":"#/$defs/slack"})"}, decode_slack, 1, 1s, 1);
  channel({"webhook", "any HTTP receiver", R"({"$ref":"#/$defs/webhook"})"}, decode_webhook);
  sink({"webhook", "any HTTP receiver", R"({"$ref":"#/$defs/webhook_sink"})"}, decode_webhook_sink);
  return kinds;
}

}  // namespace tocsin::config
