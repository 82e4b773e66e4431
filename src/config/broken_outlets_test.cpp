// Broken channels, sinks and templates: each with its place and the words that the user must see.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/test_broken.hpp"

namespace tocsin::config {
namespace {

class BrokenOutlet : public testing::TestWithParam<Broken> {};

TEST_P(BrokenOutlet, NamesPlaceAndRemedy) { expect_one_error(GetParam()); }

// A channel named c; `text` begins in line 2, column 7.
std::string channel(const std::string& text) { return "channels:\n  c: {" + text + "}\n"; }
std::string sink(const std::string& text) { return "sinks:\n  s: {" + text + "}\n"; }
// A webhook with a valid URL; `text` begins in line 2, column 36.
std::string hook(const std::string& text) {
  return channel("webhook: {url: \"https://h.ex/\", " + text + "}");
}
// Keys beside a webhook; `text` begins in line 2, column 33.
std::string beside(const std::string& text) {
  return channel("webhook: \"https://h.ex/\", " + text);
}

const std::vector<Broken> kEntryRows{
    {"NoKind", channel("timeout: 5s"), {2, 3}, "channels.c", "found 0 kinds, expected exactly one"},
    {"Misspelt", channel("slak: {}"), {2, 7}, "channels.c.slak", "did you mean slack?"},
    {"SinkAsChannel",
     channel("datadog_event: {api_key: k}"),
     {2, 7},
     "channels.c.datadog_event",
     "is a kind of sink; it stands under sinks"},
    {"ChannelAsSink", sink("slack: {}"), {2, 7}, "sinks.s.slack", "it stands under channels"},
    {"LaterKind", sink("sns: {}"), {2, 7}, "sinks.s.sns", "not supported in this version"},
    {"Name", "channels:\n  ' x': {exec: [a]}\n", {2, 3}, "channels[\" x\"]", "without spaces"},
    {"GroupOfASink",
     sink("webhook: \"https://h.ex/\", group_wait: 5s"),
     {2, 33},
     "sinks.s.group_wait",
     "unknown key \"group_wait\""},
    {"BatchOfAChannel", beside("batch: 5"), {2, 33}, "channels.c.batch", "unknown key"},
    {"BatchOfDatadog",
     sink("datadog_event: {api_key: k}, batch: 5"),
     {2, 36},
     "sinks.s.batch",
     "one outcome in a request"},
    {"Timeout", beside("timeout: 1h"), {2, 42}, "channels.c.timeout", "from 100ms to 10m"},
    {"GiveUp", beside("give_up_after: 1"), {2, 48}, "channels.c.give_up_after", "mean 1s?"},
    {"RateSlash", beside("rate: 20/m"), {2, 39}, "channels.c.rate", "did you mean 20 per 1m?"},
    {"RateZero", beside("rate: 0 per 1s"), {2, 39}, "channels.c.rate", "such as 20 per 1m"},
    {"Concurrency", beside("concurrency: 0"), {2, 46}, "channels.c.concurrency", "from 1 to 100"},
    {"Private",
     beside("deny_private_networks: yes"),
     {2, 56},
     "channels.c.deny_private_networks",
     "did you mean true?"},
    {"PrivateBehindAProxy",
     beside("deny_private_networks: true, proxy: \"http://p.ex:3128\""),
     {2, 33},
     "channels.c.deny_private_networks",
     "cannot be kept with a proxy"},
    {"GroupBy", beside("group_by: [\"a b\"]"), {2, 44}, "channels.c.group_by", "a label of"},
    {"FormatterList", beside("formatter: [a]"), {2, 44}, "channels.c.formatter", "{run: ["},
    {"FormatterEmpty", beside("formatter: {}"), {2, 44}, "channels.c.formatter", "expected run"},
    {"FormatterLine",
     beside("formatter: {run: a b}"),
     {2, 50},
     "channels.c.formatter.run",
     "expected a list such as"},
    {"Proxy", beside("proxy: ftp://x"), {2, 40}, "channels.c.proxy", "a proxy such as"},
};

const std::vector<Broken> kProviderRows{
    {"SlackNothing", channel("slack: {}"), {2, 14}, "channels.c.slack", "expected webhook_url, or"},
    {"SlackBoth",
     channel("slack: {webhook_url: \"https://h/\", bot_token: t, channel: c}"),
     {2, 14},
     "channels.c.slack",
     "both webhook_url and bot_token"},
    {"SlackNoChannel",
     channel("slack: {bot_token: t}"),
     {2, 14},
     "channels.c.slack",
     "expected channel beside bot_token"},
    {"SlackScheme",
     channel("slack: {webhook_url: \"ftp://hooks.slack.com/x\"}"),
     {2, 28},
     "channels.c.slack.webhook_url",
     "found a value, expected an absolute URL"},
    {"SlackKey",
     channel("slack: {webhok_url: x}"),
     {2, 15},
     "channels.c.slack.webhok_url",
     "did you mean webhook_url?"},
    {"SlackBaseUrl",
     channel("slack: {bot_token: t, channel: c, url: \"http://h/?x\"}"),
     {2, 46},
     "channels.c.slack.url",
     "a base URL without \"?\""},
    {"WebhookNoUrl", channel("webhook: {}"), {2, 16}, "channels.c.webhook", "expected a url"},
    {"WebhookUrl", channel("webhook: h.ex"), {2, 16}, "channels.c.webhook", "mean https://h.ex?"},
    {"WebhookMethod",
     hook("method: GET"),
     {2, 47},
     "channels.c.webhook.method",
     "expected POST, PUT or PATCH"},
    {"WebhookHeader",
     hook("headers: {Content-Length: 1}"),
     {2, 49},
     "channels.c.webhook.headers.Content-Length",
     "set by Tocsin itself"},
    {"BodyPlaceholder",
     hook("body: {a: [\"{montior}\"]}"),
     {2, 50},
     "channels.c.webhook.body.a[0]",
     "unknown placeholder {montior} (did you mean {monitor}?), at byte 1 of the text"},
    {"BodyText", hook("body: '{\"a\":1,}'"), {2, 45}, "channels.c.webhook.body", "not JSON: "},
    {"BodyReport",
     sink("webhook: {url: \"https://h.ex/\", body: {a: \"{incident}\"}}"),
     {2, 49},
     "sinks.s.webhook.body.a",
     "unknown placeholder {incident}"},
    {"ExecNothing", channel("exec: {}"), {2, 13}, "channels.c.exec", "expected run"},
    {"ExecLine", channel("exec: {run: ls -l}"), {2, 19}, "channels.c.exec.run", "expected a list"},
    {"PagerDuty",
     channel("pagerduty: {}"),
     {2, 18},
     "channels.c.pagerduty",
     "expected routing_key"},
    {"Telegram",
     channel("telegram: {bot_token: \"a/b\", chat_id: 1}"),
     {2, 29},
     "channels.c.telegram.bot_token",
     "found a value, expected a token of letters"},
    {"TelegramThread",
     channel("telegram: {bot_token: a, chat_id: 1, thread_id: x}"),
     {2, 55},
     "channels.c.telegram.thread_id",
     "a whole number"},
    {"RowMissing", channel("gotify: {token: t}"), {2, 15}, "channels.c.gotify", "expected url"},
    {"RowUnknown",
     channel("ntfy: {topic: t, prio: 1}"),
     {2, 24},
     "channels.c.ntfy.prio",
     "unknown key \"prio\""},
    {"DatadogSite",
     sink("datadog_event: {api_key: k, site: \"a/b\"}"),
     {2, 41},
     "sinks.s.datadog_event.site",
     "expected a host name"},
};

// Mail with everything needed; `text` begins in line 3, column 5.
std::string mail(const std::string& text) {
  return "channels:\n  c: {email: {\n    " + text +
         ",\n    server: smtp.ex, from: a@b.ex, to: c@d.ex}}\n";
}

const std::vector<Broken> kMailRows{
    {"Nothing",
     "channels: {c: {email: {server: h, from: a@b.ex}}}\n",
     {1, 23},
     "channels.c.email",
     "expected to"},
    {"Security", mail("security: ssl"), {3, 15}, "channels.c.email.security", "starttls, tls or"},
    {"HalfAuth", mail("username: u"), {2, 14}, "channels.c.email", "belong together"},
    {"OpenPassword",
     mail("security: none, username: u, password: p"),
     {2, 14},
     "channels.c.email",
     "could be read by everybody"},
    {"Prefix",
     mail("subject_prefix: \"a\\nb\""),
     {3, 21},
     "channels.c.email.subject_prefix",
     "line"},
    {"Server",
     "channels: {c: {email: {server: \"h:0\", from: a@b.ex, to: c@d.ex}}}\n",
     {1, 32},
     "channels.c.email.server",
     "a mail server such as"},
    {"From",
     "channels: {c: {email: {server: h, from: \"T <a@b@ c>\", to: c@d.ex}}}\n",
     {1, 41},
     "channels.c.email.from",
     "an address such as"},
    {"To",
     "channels: {c: {email: {server: h, from: a@b.ex, to: [c@d.ex, \"e, f@g.ex\"]}}}\n",
     {1, 62},
     "channels.c.email.to",
     "an address such as"},
};

const std::vector<Broken> kTemplateRows{
    {"Section", "templates: x\n", {1, 12}, "templates", "expected a map"},
    {"Key", "templates: {event: {}}\n", {1, 13}, "templates.event", "did you mean events?"},
    {"Type",
     "templates: {events: {wentdown: x}}\n",
     {1, 22},
     "templates.events.wentdown",
     "did you mean went_down?"},
    {"Hook",
     "templates: {events: {deployDon: x}}\n",
     {1, 22},
     "templates.events.deployDon",
     "did you mean deployDone?"},
    {"HookAndType",
     "templates: {events: {scaled: x, scale: y}}\n",
     {1, 33},
     "templates.events.scale",
     "found a text for scaled under two names, scaled and scale; keep one"},
    {"HookAndTypeOfAChannel",
     "channels: {ops: {exec: [a]}}\n"
     "templates: {channels: {ops: {rollback: x, rolled_back: y}}}\n",
     {2, 43},
     "templates.channels.ops.rolled_back",
     "under two names"},
    {"Placeholder",
     "templates: {events: {went_down: \"{monitor} {masage}\"}}\n",
     {1, 33},
     "templates.events.went_down",
     "unknown placeholder {masage} (did you mean {message}?), at byte 11 of the text"},
    {"Label",
     "templates: {events: {went_down: \"{team}\"}}\n",
     {1, 33},
     "templates.events.went_down",
     "label.NAME"},
    {"Brace",
     "templates: {events: {went_down: \"{monitor\"}}\n",
     {1, 33},
     "templates.events.went_down",
     "{{ for a brace"},
    {"NotText",
     "templates: {events: {went_down: [a]}}\n",
     {1, 33},
     "templates.events.went_down",
     ""},
    {"TextInText",
     "templates: {events: {went_down: \"{text}\"}}\n",
     {1, 33},
     "templates.events.went_down",
     "unknown placeholder {text}"},
    {"Channel",
     "channels: {ops: {exec: [a]}}\ntemplates:\n  channels: {opps: {went_down: x}}\n",
     {3, 14},
     "templates.channels.opps",
     "unknown channel \"opps\" (did you mean ops?)"},
    {"NoChannel",
     "templates: {channels: {ops: {went_down: x}}}\n",
     {1, 24},
     "templates.channels.ops",
     "define it under channels"},
};

std::string name_of_row(const testing::TestParamInfo<Broken>& row) { return row.param.name; }

INSTANTIATE_TEST_SUITE_P(Entries, BrokenOutlet, testing::ValuesIn(kEntryRows), name_of_row);
INSTANTIATE_TEST_SUITE_P(Providers, BrokenOutlet, testing::ValuesIn(kProviderRows), name_of_row);
INSTANTIATE_TEST_SUITE_P(Mail, BrokenOutlet, testing::ValuesIn(kMailRows), name_of_row);
INSTANTIATE_TEST_SUITE_P(Templates, BrokenOutlet, testing::ValuesIn(kTemplateRows), name_of_row);

TEST(BrokenOutlets, ShowNothingOfASecret) {
  const std::string s = "literal-secret";
  const auto result = load_text(
      "channels:\n"
      "  a: {slack: {webhook_url: \"literal-secret\"}}\n"
      "  b: {slack: {bot_token: [\"literal-secret\"], channel: c}}\n"
      "  c: {telegram: {bot_token: \"literal-secret/\", chat_id: 1}}\n"
      "  d: {pagerduty: {routing_key: \"literal-secret\\nx\"}}\n"
      "  e: {discord: {webhook_url: \"ftp://literal-secret\"}}\n"
      "  f: {email: {server: h, from: a@b.ex, to: c@d.ex, username: u, password: {a: b}}}\n"
      "  g: {webhook: {url: \"${SECRET}\", secret: \"\", body: \"{${SECRET}}\"}}\n"
      "templates: {events: {went_down: \"{${SECRET}}\"}}\n");
  EXPECT_FALSE(result.config);
  EXPECT_GE(result.diagnostics.size(), 9U) << all_texts(result);
  EXPECT_THAT(all_texts(result), testing::Not(testing::HasSubstr(s)));
  EXPECT_THAT(all_texts(result), testing::Not(testing::HasSubstr("s3cr3t")));
}

}  // namespace
}  // namespace tocsin::config
