#include "notification/provider/test_providers.hpp"

namespace tocsin::notification {
namespace {

using check::JsonKind;
using SharedTexts = std::shared_ptr<const Texts>;

const Row& row(std::string_view name) { return *std::ranges::find(rows(), name, &Row::name); }

// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
Provider slack_webhook(const SharedTexts& texts) {
  return {.name = "slack_webhook",
          .format = make_slack_webhook({.webhook_url = "http://127.0.0.1/" + kSecret}, texts),
          .url_begins = "http://127.0.0.1/" + kSecret,
          .rules = {{"text", JsonKind::string, true, 4000},
                    {"unfurl_links", JsonKind::boolean},
                    {"unfurl_media", JsonKind::boolean}},
          .good = {.status = 200, .body = "ok"},
          .never = {"<!channel>", "<https://", "<@U"},
          .says_no_to_400 = false};
}

// https://docs.slack.dev/reference/methods/chat.postMessage
Provider slack_bot(const SharedTexts& texts) {
  return {.name = "slack_bot",
          .format = make_slack_bot(
              {.bot_token = kSecret, .channel = "C1", .url = "http://127.0.0.1/api"}, texts),
          .url_begins = "http://127.0.0.1/api/chat.postMessage",
          .rules = {{"channel", JsonKind::string, true},
                    {"text", JsonKind::string, true, 4000},
                    {"thread_ts"},
                    {"reply_broadcast", JsonKind::boolean},
                    {"unfurl_links", JsonKind::boolean},
                    {"unfurl_media", JsonKind::boolean}},
          .good = {.status = 200, .body = R"({"ok":true,"channel":"C1","ts":"1.2"})"},
          .never = {"<!channel>", "<https://", "<@U"}};
}

Provider webhook(const SharedTexts& texts) {
  WebhookOptions options{.url = "http://127.0.0.1/hook?key=" + kSecret,
                         .headers = {{"X-Token", kSecret}},
                         .secret = kSecret};
  return {.name = "webhook",
          .format = make_webhook(options, texts),
          .url_begins = "http://127.0.0.1/hook",
          .rules = {},
          .good = {.status = 204},
          .proves = false};
}

// https://developer.pagerduty.com/docs/send-alert-event
Provider pagerduty(const SharedTexts& texts) {
  return {
      .name = "pagerduty",
      .format = make_pagerduty({.routing_key = kSecret, .url = "http://127.0.0.1"}, texts),
      .url_begins = "http://127.0.0.1/v2/",
      .rules = {{"routing_key", JsonKind::string, true},
                {.path = "event_action", .one_of = {"trigger", "acknowledge", "resolve"}},
                {"dedup_key", JsonKind::string, false, 255},
                {"payload.summary", JsonKind::string, false, 1024},
                {"payload.source"},
                {.path = "payload.severity", .one_of = {"critical", "error", "warning", "info"}},
                {"payload.timestamp"},
                {"payload.component"},
                {"payload.class"},
                {"payload.custom_details", JsonKind::object},
                {"client"},
                {"client_url"},
                {"links[].href"},
                {"links[].text"}},
      .good = {.status = 202, .body = R"({"status":"success","message":"Event processed"})"},
      .body_limit = 512'000};
}

const std::vector<Rule>& datadog_rules() {
  static const std::vector<Rule> kRules{{"title", JsonKind::string, true, 250},
                                        {"text", JsonKind::string, true, 4000},
                                        {.path = "alert_type",
                                         .required = true,
                                         .one_of = {"error", "warning", "info", "success",
                                                    "user_update", "recommendation", "snapshot"}},
                                        {"aggregation_key", JsonKind::string, false, 100},
                                        {"date_happened", JsonKind::number},
                                        {"tags[]", JsonKind::string},
                                        {"source_type_name"}};
  return kRules;
}

// https://docs.datadoghq.com/api/latest/events/post-an-event/
Provider datadog(const SharedTexts& texts) {
  return {.name = "datadog",
          .format =
              make_row(row("datadog"), {{"api_key", kSecret}, {"url", "http://127.0.0.1"}}, texts),
          .url_begins = "http://127.0.0.1/api/v1/events",
          .rules = datadog_rules(),
          .good = {.status = 202, .body = R"({"status":"ok","event":{"id":1}})"}};
}

Provider datadog_event() {
  return {.name = "datadog_event",
          .format = make_datadog_sink({.api_key = kSecret, .url = "http://127.0.0.1"}),
          .url_begins = "http://127.0.0.1/api/v1/events",
          .rules = datadog_rules(),
          .good = {.status = 202, .body = R"({"status":"ok","event":{"id":1}})"},
          .sink = true};
}

// The same reference: the founding format's posts have its shape.
Provider post() {
  const std::vector<std::string_view> names{"v", "outcome.message"};
  PostOptions options{.url = "http://127.0.0.1/api/v1/events?api_key=" + kSecret,
                      .headers = {{"DD-API-KEY", kSecret}},
                      .secrets = {kSecret}};
  options.title = compile_template("{v} {outcome.message}", {names, {}}).value();
  options.text = compile_template("{outcome.message}", {names, {}}).value();
  options.tags = {compile_template("v:{v}", {names, {}}).value()};
  return {.name = "post",
          .format = make_post(std::move(options)),
          .url_begins = "http://127.0.0.1/api/v1/events?api_key=" + kSecret,
          .rules = {{"title", JsonKind::string, true, 250},
                    {"text", JsonKind::string, true, 4000},
                    {"tags[]", JsonKind::string, false, 200}},
          .good = {.status = 202},
          .proves = false,
          .sink = true};
}

Provider webhook_sink() {
  return {.name = "webhook_sink",
          .format = make_webhook_sink({.url = "http://127.0.0.1/r", .secret = kSecret}, 1),
          .url_begins = "http://127.0.0.1/r",
          .rules = {{"monitor"},
                    {"kind"},
                    {"labels", JsonKind::object},
                    {"outcome", JsonKind::object, true}},
          .good = {.status = 200},
          .proves = false,
          .sink = true};
}

// https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/
// connectors-using and https://adaptivecards.io/explorer/
Provider teams(const SharedTexts& texts) {
  const std::string card = "attachments[].content.";
  return {.name = "teams",
          .format =
              make_row(row("teams"), {{"webhook_url", "http://127.0.0.1/w?sig=" + kSecret}}, texts),
          .url_begins = "http://127.0.0.1/w?sig=" + kSecret,
          .rules = {{.path = "type", .required = true, .one_of = {"message"}},
                    {.path = "attachments[].contentType",
                     .required = true,
                     .one_of = {"application/vnd.microsoft.card.adaptive"}},
                    {.path = card + "type", .required = true, .one_of = {"AdaptiveCard"}},
                    {.path = card + "version", .required = true, .one_of = {"1.4"}},
                    {.path = card + "body[].type", .required = true, .one_of = {"Container"}},
                    {.path = card + "body[].style",
                     .one_of = {"default", "emphasis", "good", "attention", "warning", "accent"}},
                    {.path = card + "body[].items[].type",
                     .required = true,
                     .one_of = {"RichTextBlock"}},
                    {.path = card + "body[].items[].inlines[].type",
                     .required = true,
                     .one_of = {"TextRun"}},
                    {card + "body[].items[].inlines[].text", JsonKind::string, true}},
          .good = {.status = 202},
          .proves = false,
          .body_limit = std::size_t{28} * 1024};
}

// https://discord.com/developers/docs/resources/webhook#execute-webhook
Provider discord(const SharedTexts& texts) {
  return {.name = "discord",
          .format =
              make_row(row("discord"),
                       {{"webhook_url", "http://127.0.0.1/" + kSecret}, {"thread_id", "7"}}, texts),
          .url_begins = "http://127.0.0.1/" + kSecret + "?wait=true&thread_id=7",
          .rules = {{"username", JsonKind::string, false, 80},
                    {"embeds[].title", JsonKind::string, true, 256},
                    {"embeds[].description", JsonKind::string, true, 4096},
                    {"embeds[].color", JsonKind::number, true},
                    {"allowed_mentions.parse", JsonKind::array, true}},
          .good = {.status = 200, .body = R"({"id":"1"})"},
          .never = {"@everyone", "@here", "[x](", "**bold"}};
}

// https://core.telegram.org/bots/api#sendmessage
Provider telegram(const SharedTexts& texts) {
  return {.name = "telegram",
          .format = make_row(row("telegram"),
                             {{"bot_token", kSecret},
                              {"chat_id", "-100"},
                              {"thread_id", "7"},
                              {"url", "http://127.0.0.1"}},
                             texts),
          .url_begins = "http://127.0.0.1/bot" + kSecret + "/sendMessage",
          .rules = {{"chat_id", JsonKind::string, true},
                    {"message_thread_id", JsonKind::number},
                    {"text", JsonKind::string, true, 4096},
                    {"link_preview_options.is_disabled", JsonKind::boolean}},
          .good = {.status = 200, .body = R"({"ok":true,"result":{"message_id":1}})"}};
}

// https://docs.ntfy.sh/publish/#publish-as-json
Provider ntfy(const SharedTexts& texts) {
  return {
      .name = "ntfy",
      .format = make_row(
          row("ntfy"), {{"topic", "ops"}, {"token", kSecret}, {"url", "http://127.0.0.1"}}, texts),
      .url_begins = "http://127.0.0.1/",
      .rules = {{.path = "topic", .required = true, .one_of = {"ops"}},
                {"title", JsonKind::string, true},
                {.path = "message", .required = true, .longest_bytes = 4096},
                {"priority", JsonKind::number, true},
                {"tags[]", JsonKind::string},
                {"click"}},
      .good = {.status = 200, .body = R"({"id":"a","event":"message"})"}};
}

// https://developers.mattermost.com/integrate/webhooks/incoming/
Provider mattermost(const SharedTexts& texts) {
  return {.name = "mattermost",
          .format =
              make_row(row("mattermost"), {{"webhook_url", "http://127.0.0.1/" + kSecret}}, texts),
          .url_begins = "http://127.0.0.1/" + kSecret,
          .rules = {{"text", JsonKind::string, true, 16'383}, {"channel"}, {"username"}},
          .good = {.status = 200, .body = "ok"},
          .never = {"@everyone", "@here", "[x](", "**bold"}};
}

// https://gotify.net/api-docs#/message/createMessage
Provider gotify(const SharedTexts& texts) {
  return {
      .name = "gotify",
      .format = make_row(row("gotify"), {{"token", kSecret}, {"url", "http://127.0.0.1"}}, texts),
      .url_begins = "http://127.0.0.1/message",
      .rules = {{"title"}, {"message", JsonKind::string, true}, {"priority", JsonKind::number}},
      .good = {.status = 200, .body = R"({"id":1,"message":"x"})"}};
}

// https://pushover.net/api
Provider pushover(const SharedTexts& texts) {
  return {
      .name = "pushover",
      .format = make_row(
          row("pushover"),
          {{"token", kSecret}, {"user", kSecret + "-user"}, {"url", "http://127.0.0.1"}}, texts),
      .url_begins = "http://127.0.0.1/1/messages.json",
      .rules = {{"token", JsonKind::string, true},
                {"user", JsonKind::string, true},
                {"device"},
                {"title", JsonKind::string, false, 250},
                {"message", JsonKind::string, true, 1024},
                {"priority", JsonKind::number, true},
                {"timestamp", JsonKind::number},
                {"url", JsonKind::string, false, 512}},
      .good = {.status = 200, .body = R"({"status":1,"request":"x"})"}};
}

}  // namespace

std::vector<Provider> all_providers() {
  const auto texts = std::make_shared<Texts>();
  return {slack_webhook(texts), slack_bot(texts), webhook(texts), pagerduty(texts),
          datadog(texts),       datadog_event(),  webhook_sink(), teams(texts),
          discord(texts),       telegram(texts),  ntfy(texts),    mattermost(texts),
          gotify(texts),        pushover(texts),  post()};
}

}  // namespace tocsin::notification
