#pragma once
// The keys under each kind of channel and sink.

#include <optional>
#include <string>
#include <string_view>

#include "config/field_table.hpp"
#include "config/outlet_fields.hpp"
#include "notification/json_template.hpp"
#include "notification/provider/datadog_sink.hpp"
#include "notification/provider/email.hpp"
#include "notification/provider/exec.hpp"
#include "notification/provider/pagerduty.hpp"
#include "notification/provider/row.hpp"
#include "notification/provider/slack.hpp"
#include "notification/provider/webhook.hpp"
#include "notification/template.hpp"

namespace tocsin::config {

[[nodiscard]] const Table<notification::SlackOptions>& slack_table();
[[nodiscard]] const Table<notification::WebhookOptions>& webhook_table();
[[nodiscard]] const Table<notification::WebhookOptions>& webhook_sink_table();

[[nodiscard]] const Table<notification::ExecOptions>& exec_table();
[[nodiscard]] const Table<notification::EmailOptions>& email_table();
[[nodiscard]] const Table<notification::PagerDutyOptions>& pagerduty_table();
[[nodiscard]] const Table<notification::DatadogSinkOptions>& datadog_sink_table();
[[nodiscard]] std::vector<FieldDoc> row_docs(const notification::Row& row);

[[nodiscard]] MakeFormat decode_slack(Decoder& d, const Node& node);
[[nodiscard]] MakeFormat decode_webhook(Decoder& d, const Node& node);
[[nodiscard]] MakeFormat decode_webhook_sink(Decoder& d, const Node& node);
[[nodiscard]] MakeFormat decode_exec(Decoder& d, const Node& node);
[[nodiscard]] MakeFormat decode_email(Decoder& d, const Node& node);
[[nodiscard]] MakeFormat decode_pagerduty(Decoder& d, const Node& node);
[[nodiscard]] MakeFormat decode_datadog_sink(Decoder& d, const Node& node);
[[nodiscard]] MakeFormat decode_row(Decoder& d, const Node& node, const notification::Row& row);

// The base URL of a provider's API without the slash at its end.
[[nodiscard]] std::optional<std::string> decode_base_url(Decoder& d, const Node& node);

// A text with placeholders. Problems name the byte at which they stand.
[[nodiscard]] std::optional<notification::Template> decode_template(
    Decoder& d, const Node& node, notification::Vocabulary vocabulary);
// JSON with placeholders: a map or list whose texts are templates, or a text that is JSON.
[[nodiscard]] std::optional<notification::JsonTemplate> decode_json_template(
    Decoder& d, const Node& node, notification::Vocabulary vocabulary);

}  // namespace tocsin::config
