#include "config/provider_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/endpoint.hpp"
#include "config/header_fields.hpp"
#include "notification/values.hpp"

namespace tocsin::config {
namespace {

using notification::DatadogSinkOptions;
using notification::ExecOptions;
using notification::Outlet;
using notification::PagerDutyOptions;
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
constexpr auto kHost = [](Decoder& d, const Node& n) { return decode_host(d, n); };
constexpr auto kArgv = [](Decoder& d, const Node& n) { return decode_argv(d, n); };
constexpr auto kRoutingKey = [](Decoder& d, const Node& n) {
  return decode_secret(d, n, "an integration key");
};
constexpr auto kTags = [](Decoder& d, const Node& n) -> std::optional<std::vector<std::string>> {
  const auto names = decode_names(d, n, "a tag such as env:production");
  if (!names) return std::nullopt;
  std::vector<std::string> tags;
  for (const NamedReference& name : *names) tags.push_back(name.name);
  return tags;
};
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

constexpr std::array kExecFields{
    field<ExecOptions, kMember<&ExecOptions::run>, kArgv>("run", "program and arguments",
                                                          R"({"$ref":"#/$defs/argv"})"),
};
constexpr std::array kPagerDutyFields{
    field<PagerDutyOptions, kMember<&PagerDutyOptions::routing_key>, kRoutingKey>(
        "routing_key", "secret: integration key of a service, Events API v2", kText),
    field<PagerDutyOptions, kMember<&PagerDutyOptions::url>, kBaseUrl>(
        "url", "base URL: https://events.eu.pagerduty.com in the EU", kText),
};
constexpr std::array kDatadogSinkFields{
    field<DatadogSinkOptions, kMember<&DatadogSinkOptions::api_key>, kToken>(
        "api_key", "secret: API key", kText),
    field<DatadogSinkOptions, kMember<&DatadogSinkOptions::site>, kHost>(
        "site", "Datadog site, such as datadoghq.eu", kText),
    field<DatadogSinkOptions, kMember<&DatadogSinkOptions::url>, kBaseUrl>(
        "url", "base URL of the API, instead of the site's", kText),
    field<DatadogSinkOptions, kMember<&DatadogSinkOptions::tags>, kTags>(
        "tags", "tags of every event, beside the labels", R"({"$ref":"#/$defs/names"})"),
};

// Options that are a map with keys that must be there; empty when something is wrong.
template <typename Options>
std::optional<Options> decode_options(Decoder& d, const Node& node, const Table<Options>& table,
                                      std::initializer_list<std::string_view> required) {
  const std::size_t before = d.errors();
  Draft<Options> draft;
  decode_object(d, node, table, draft);
  if (d.errors() > before) return std::nullopt;
  for (const std::string_view name : required) {
    if (!given(table, draft, name)) d.error(node.at, fmt::format("expected {}", name));
  }
  return d.errors() == before ? std::optional(std::move(draft.value)) : std::nullopt;
}

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

const Table<ExecOptions>& exec_table() {
  static constexpr Table<ExecOptions> kTable{kExecFields, {}};
  return kTable;
}
const Table<PagerDutyOptions>& pagerduty_table() {
  static constexpr Table<PagerDutyOptions> kTable{kPagerDutyFields, {}};
  return kTable;
}
const Table<DatadogSinkOptions>& datadog_sink_table() {
  static constexpr Table<DatadogSinkOptions> kTable{kDatadogSinkFields, {}};
  return kTable;
}

MakeFormat decode_exec(Decoder& d, const Node& node) {
  std::optional<ExecOptions> options;
  if (node.kind == Node::Kind::list) {  // exec: [program, argument]
    if (auto argv = decode_argv(d, node)) options = ExecOptions{std::move(*argv)};
  } else {
    options = decode_options(d, node, exec_table(), {"run"});
  }
  if (!options) return {};
  return [options = std::move(*options)](const Outlet&, const SharedTexts&) {
    return notification::make_exec(options);
  };
}

MakeFormat decode_pagerduty(Decoder& d, const Node& node) {
  auto options = decode_options(d, node, pagerduty_table(), {"routing_key"});
  if (!options) return {};
  return [options = std::move(*options)](const Outlet&, const SharedTexts& texts) {
    return notification::make_pagerduty(options, texts);
  };
}

MakeFormat decode_datadog_sink(Decoder& d, const Node& node) {
  auto options = decode_options(d, node, datadog_sink_table(), {"api_key"});
  if (!options) return {};
  return [options = std::move(*options)](const Outlet&, const SharedTexts&) {
    return notification::make_datadog_sink(options);
  };
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

}  // namespace tocsin::config
