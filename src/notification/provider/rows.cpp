#include <array>

#include "notification/provider/row.hpp"

namespace tocsin::notification {
namespace {

using Kind = RowOption::Kind;

constexpr std::array<std::string_view, 4> kColours{"critical", "warning", "info", "closed"};

constexpr std::array kDatadogOptions{
    RowOption{"api_key", "secret: API key", Kind::secret, true},
    RowOption{"site", "Datadog site, such as datadoghq.eu", Kind::host, false, "datadoghq.com"},
    RowOption{"url", "base URL of the API, instead of the site's", Kind::base_url},
};
constexpr std::array kDatadogHeaders{RowHeader{"DD-API-KEY", "{api_key}"}};

constexpr std::array kTeamsOptions{
    RowOption{"webhook_url", "secret: URL of a Workflows webhook", Kind::secret_url, true}};

constexpr std::array kDiscordOptions{
    RowOption{"webhook_url", "secret: URL of the webhook", Kind::secret_url, true},
    RowOption{"username", "name to post as", Kind::text},
    RowOption{"thread_id", "thread to post into", Kind::integer},
};

constexpr std::array kTelegramOptions{
    RowOption{"bot_token", "secret: token of the bot", Kind::path_secret, true},
    RowOption{"chat_id", "chat to post into: a number or @channel", Kind::text, true},
    RowOption{"thread_id", "topic of a forum", Kind::integer},
    RowOption{"url", "base URL of the Bot API", Kind::base_url, false, "https://api.telegram.org"},
};
constexpr std::array<std::string_view, 7> kTelegramWords{
    "chat not found",  "chat_id is empty",  "group chat was upgraded",
    "PEER_ID_INVALID", "not enough rights", "message thread not found",
    "TOPIC_CLOSED"};

constexpr std::array kNtfyOptions{
    RowOption{"topic", "topic; on a public server as secret as a password", Kind::secret, true},
    RowOption{"token", "secret: access token", Kind::secret},
    RowOption{"url", "base URL of the server", Kind::base_url, false, "https://ntfy.sh"},
};
constexpr std::array kBearer{RowHeader{"Authorization", "Bearer {token}"}};
constexpr std::array<std::string_view, 2> kNtfyWords{"topic invalid", "topic name"};

constexpr std::array kMattermostOptions{
    RowOption{"webhook_url", "secret: URL of an incoming webhook", Kind::secret_url, true},
    RowOption{"channel", "channel instead of the webhook's own", Kind::text},
    RowOption{"username", "name to post as", Kind::text},
};
constexpr std::array<std::string_view, 2> kMattermostWords{"Couldn't find the channel",
                                                           "web_hook.incoming"};

constexpr std::array kGotifyOptions{
    RowOption{"url", "base URL of the server", Kind::base_url, true},
    RowOption{"token", "secret: token of the application", Kind::secret, true},
};
constexpr std::array kGotifyHeaders{RowHeader{"X-Gotify-Key", "{token}"}};

constexpr std::array kPushoverOptions{
    RowOption{"token", "secret: token of the application", Kind::secret, true},
    RowOption{"user", "secret: key of the user or group", Kind::secret, true},
    RowOption{"device", "device instead of all", Kind::text},
    RowOption{"url", "base URL of the API", Kind::base_url, false, "https://api.pushover.net"},
};
constexpr std::array<std::string_view, 4> kPushoverWords{
    "application token is invalid", "user identifier is", "user key is invalid",
    "device name is not valid"};

constexpr std::array<Row, 8> kRows{{
    {.name = "datadog",
     .doc = "Datadog events",
     .reference = "https://docs.datadoghq.com/api/latest/events/post-an-event/",
     .options = kDatadogOptions,
     .url = "{url}/api/v1/events",
     .headers = kDatadogHeaders,
     .body = R"({"title":"{title}","text":"{text}","alert_type":"{level}",)"
             R"("aggregation_key":"{short_key}","date_happened":"{happened}","tags":"{tags}",)"
             R"("source_type_name":"tocsin"})",
     .levels = {"error", "warning", "info", "success"},
     .priorities = {},
     .proof = "status"},
    {.name = "teams",
     .doc = "a Microsoft Teams channel, through a Workflows webhook",
     .reference = "https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/"
                  "how-to/connectors-using",
     .options = kTeamsOptions,
     .url = "{webhook_url}",
     .headers = {},
     // A TextRun, unlike a TextBlock, reads no Markdown: what a server sent stays text.
     .body = R"({"type":"message","attachments":[{"contentType":)"
             R"("application/vnd.microsoft.card.adaptive","contentUrl":null,"content":{"$schema":)"
             R"("http://adaptivecards.io/schemas/adaptive-card.json","type":"AdaptiveCard",)"
             R"("version":"1.4","msteams":{"width":"Full"},"body":[{"type":"Container",)"
             R"("style":"{level}","bleed":true,"items":[{"type":"RichTextBlock","inlines":)"
             R"([{"type":"TextRun","text":"{title}","weight":"Bolder"}]}]},)"
             R"({"type":"Container","items":"{paragraphs}"}]}}]})",
     .marks = false,
     .text_limit = 3500,  // a message may have 28 KB, of which escapes may take the most
     .levels = {"attention", "warning", "accent", "good"},
     .priorities = {},
     .rate_count = 4,
     .concurrency = 1,
     .proof = {}},
    {.name = "discord",
     .doc = "a Discord channel",
     .reference = "https://discord.com/developers/docs/resources/webhook#execute-webhook",
     .options = kDiscordOptions,
     .url = "{webhook_url}?wait=true&thread_id={thread_id}",
     .headers = {},
     .body = R"({"username":"{username}","embeds":[{"title":"{title}","description":"{text}",)"
             R"("color":"{colour}"}],"allowed_mentions":{"parse":[]}})",
     .escape = escape_markdown,
     .marks = false,
     .text_limit = 4000,  // description 4,096, an embed in all 6,000
     .levels = kColours,
     .priorities = {},
     .rate_count = 5,
     .rate_seconds = 2,
     .concurrency = 1,
     .proof = "id",
     .retry_member = "retry_after"},
    {.name = "telegram",
     .doc = "a Telegram chat",
     .reference = "https://core.telegram.org/bots/api#sendmessage",
     .options = kTelegramOptions,
     .url = "{url}/bot{bot_token}/sendMessage",
     .headers = {},
     // Without parse_mode a text is only text.
     .body = R"({"chat_id":"{chat_id}","message_thread_id":"{thread_id}","text":"{text}",)"
             R"("link_preview_options":{"is_disabled":true}})",
     .levels = kColours,
     .priorities = {},
     .rate_count = 20,
     .rate_seconds = 60,  // to one group
     .concurrency = 1,
     .proof = "ok",
     .channel_words = kTelegramWords,
     .retry_member = "parameters.retry_after"},
    {.name = "ntfy",
     .doc = "an ntfy topic",
     .reference = "https://docs.ntfy.sh/publish/#publish-as-json",
     .options = kNtfyOptions,
     .url = "{url}/",
     .headers = kBearer,
     .body = R"({"topic":"{topic}","title":"{title}","message":"{text}","priority":"{priority}",)"
             R"("tags":["{level}"],"click":"{link}"})",
     .marks = false,
     .text_limit = 3900,  // beyond 4,096 bytes the text becomes an attachment
     .unit = Unit::bytes,
     .levels = {"red_circle", "yellow_circle", "blue_circle", "green_circle"},
     .priorities = {5, 4, 3, 3},
     .rate_count = 12,
     .rate_seconds = 60,  // ntfy.sh refills one request in 5 s
     .proof = "id",
     .channel_words = kNtfyWords},
    {.name = "mattermost",
     .doc = "a Mattermost channel",
     .reference = "https://developers.mattermost.com/integrate/webhooks/incoming/",
     .options = kMattermostOptions,
     .url = "{webhook_url}",
     .headers = {},
     .body = R"({"text":"{text}","channel":"{channel}","username":"{username}"})",
     .escape = escape_markdown,
     .text_limit = 16'000,  // 16,383
     .levels = kColours,
     .priorities = {},
     .rate_count = 10,
     .proof = "\"ok\"",
     .channel_words = kMattermostWords},
    {.name = "gotify",
     .doc = "a Gotify server",
     .reference = "https://gotify.net/api-docs#/message/createMessage",
     .options = kGotifyOptions,
     .url = "{url}/message",
     .headers = kGotifyHeaders,
     .body = R"({"title":"{title}","message":"{text}","priority":"{priority}"})",
     .text_limit = 8000,
     .levels = kColours,
     .priorities = {8, 5, 2, 2},
     .proof = "id"},
    {.name = "pushover",
     .doc = "Pushover",
     .reference = "https://pushover.net/api",
     .options = kPushoverOptions,
     .url = "{url}/1/messages.json",
     .headers = {},
     .body = R"({"token":"{token}","user":"{user}","device":"{device}","title":"{title}",)"
             R"("message":"{text}","priority":"{priority}","timestamp":"{happened}",)"
             R"("url":"{link}"})",
     .marks = false,
     .text_limit = 1024,
     .levels = kColours,
     .priorities = {1, 0, -1, -1},
     .concurrency = 2,
     .proof = "status",
     .channel_words = kPushoverWords},
}};

}  // namespace

std::span<const Row> rows() { return kRows; }

}  // namespace tocsin::notification
