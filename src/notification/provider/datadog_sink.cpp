#include "notification/provider/datadog_sink.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/json_writer.hpp"
#include "base/utf8.hpp"
#include "check/json.hpp"
#include "notification/escape.hpp"
#include "notification/judge.hpp"
#include "notification/provider/http_format.hpp"
#include "notification/values.hpp"

namespace tocsin::notification {
namespace {

constexpr std::size_t kLongestText = 4000;  // of the reference
constexpr std::size_t kLongestTitle = 250;

std::string_view alert_type(std::string_view status) {
  return status == "up" ? "success" : status == "down" ? "error" : "warning";
}

class DatadogSink final : public HttpFormat {
 public:
  explicit DatadogSink(DatadogSinkOptions options)
      : HttpFormat({options.api_key}), options_(std::move(options)) {
    if (options_.url.empty()) options_.url = "https://api." + options_.site;
  }

  [[nodiscard]] Audience audience() const override { return Audience::machines; }
  [[nodiscard]] bool takes_many() const override { return false; }

  [[nodiscard]] Work prepare(const Message& message,
                             const std::optional<Earlier>& /*earlier*/) const override {
    const Report& report = message.reports.front();
    const ReportValues values(report);
    const std::string status = values.find("status").content;
    std::string body;
    JsonWriter w(body);
    w.object();
    w.field("title", cut(one_line(report.monitor + " is " + status), kLongestTitle, Unit::utf16));
    w.field("text", text_of(values)).field("alert_type", alert_type(status));
    w.field("source_type_name", "tocsin");
    write_time(w, values, message.now);
    write_tags(w, report, values);
    w.end_object();
    HttpStep step = json_request(options_.url + "/api/v1/events", std::move(body));
    step.headers.emplace_back("DD-API-KEY", options_.api_key);
    Work work;
    work.steps.emplace_back(std::move(step));
    return work;
  }

 protected:
  [[nodiscard]] Verdict read(const Work& /*work*/, std::size_t /*index*/,
                             const Answer& answer) const override {
    Verdict out = judge_http(answer);
    if (out.kind != Verdict::Kind::delivered) return out;
    const auto json = check::parse_json(answer.body);
    if (json && json->find("status").exists()) return out;
    return verdict(
        Verdict::Kind::retry, answer,
        fmt::format("expected an answer of Datadog, found \"{}\"", excerpt(answer.body)));
  }

 private:
  static std::string text_of(const ReportValues& values) {
    std::string text = values.find("message").content;
    if (text.empty()) text = "took " + values.find("duration_ms").content + " ms";
    const std::string captured = values.find("outcome").content;
    const auto outcome = check::parse_json(captured);
    if (outcome) {
      for (check::JsonItems item(outcome->find("values")); item.next();) {
        text += fmt::format("\n{}: {}", item.key(), item.value().text());
      }
    }
    // "%%%" in front would make Markdown of it.
    if (text.starts_with("%%%")) text.insert(0, " ");
    return cut(text, kLongestText, Unit::utf16);
  }

  // An event may be at most 18 hours old; an older one counts as of now.
  static void write_time(JsonWriter& w, const ReportValues& values, Instant now) {
    const auto at = parse_rfc3339(values.find("started_at").content);
    if (!at || now - *at > std::chrono::hours{17}) return;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(*at).time_since_epoch().count();
    w.field("date_happened", std::int64_t{seconds});
  }

  void write_tags(JsonWriter& w, const Report& report, const ReportValues& values) const {
    w.key("tags").array();
    w.value("monitor:" + report.monitor).value("kind:" + report.kind);
    w.value("status:" + values.find("status").content);
    const std::string reason = values.find("reason").content;
    if (!reason.empty()) w.value("reason:" + reason);
    for (const auto& [key, value] : report.labels) w.value(fmt::format("{}:{}", key, value));
    for (const std::string& tag : options_.tags) w.value(tag);
    w.end_array();
  }

  DatadogSinkOptions options_;
};

}  // namespace

std::shared_ptr<const Format> make_datadog_sink(DatadogSinkOptions options) {
  return std::make_shared<DatadogSink>(std::move(options));
}

}  // namespace tocsin::notification
