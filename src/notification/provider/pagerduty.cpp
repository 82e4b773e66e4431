#include "notification/provider/pagerduty.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/hash.hpp"
#include "base/json_writer.hpp"
#include "base/utf8.hpp"
#include "check/json.hpp"
#include "notification/compose.hpp"
#include "notification/judge.hpp"
#include "notification/provider/http_format.hpp"
#include "notification/values.hpp"

namespace tocsin::notification {
namespace {

// Limits of the reference: payload.summary 1,024 characters, dedup_key 255.
constexpr std::size_t kSummary = 1024;
constexpr std::size_t kDedupKey = 255;
constexpr std::size_t kLargestEvent = 200'000;

// The key itself as long as it fits: it is what `acknowledge` from elsewhere would name.
std::string dedup_key(const std::string& key) {
  if (key.size() <= kDedupKey) return key;
  return fmt::format("tocsin-{:016x}", stable_hash(key));
}

void write_link(JsonWriter& w, const alert::Event& event, std::string_view name,
                std::string_view text) {
  const Value link = EventValues(event).find(name);
  if (link.content.empty()) return;
  w.object().field("href", link.content).field("text", text).end_object();
}

class PagerDuty final : public HttpFormat {
 public:
  PagerDuty(PagerDutyOptions options, std::shared_ptr<const Texts> texts)
      : HttpFormat({options.routing_key}), options_(std::move(options)), texts_(std::move(texts)) {}

  [[nodiscard]] Audience audience() const override { return Audience::machines; }
  [[nodiscard]] bool takes_many() const override { return false; }

  [[nodiscard]] Work prepare(const Message& message,
                             const std::optional<Earlier>& /*earlier*/) const override {
    const alert::Event& event = message.events.front();
    Work work;
    if (phase_of(event) == alert::Phase::closes) {
      work.steps.emplace_back(resolve(event.incident.empty() ? event.key : event.incident));
    } else {
      work.steps.emplace_back(tell(message));
    }
    // Harmless where nothing was triggered.
    for (const std::string& incident : closed_incidents(event)) {
      work.steps.emplace_back(resolve(incident));
    }
    return work;
  }

 protected:
  [[nodiscard]] Verdict read(const Work& /*work*/, std::size_t /*index*/,
                             const Answer& answer) const override {
    Verdict out = judge_http(answer);
    if (answer.status == 202) {
      const auto json = check::parse_json(answer.body);
      if (json && json->find("status").is_string("success")) return out;
      return verdict(Verdict::Kind::retry, answer,
                     fmt::format("expected status success, found \"{}\"", excerpt(answer.body)));
    }
    if (answer.status >= 200 && answer.status < 300) {
      return verdict(Verdict::Kind::channel_failed, answer,
                     "expected HTTP 202; this URL is not PagerDuty's Events API");
    }
    // A key that is not one is refused with 400 as a bad event is.
    if (answer.status == 400 && answer.body.find("routing_key") != std::string::npos) {
      out.kind = Verdict::Kind::channel_failed;
    }
    return out;
  }

 private:
  [[nodiscard]] HttpStep resolve(const std::string& incident) const {
    std::string body;
    JsonWriter w(body);
    w.object().field("routing_key", options_.routing_key).field("event_action", "resolve");
    w.field("dedup_key", dedup_key(incident)).end_object();
    return json_request(options_.url + "/v2/enqueue", std::move(body));
  }

  // An alert; of what nobody is to be woken for a change event, which opens nothing.
  [[nodiscard]] HttpStep tell(const Message& message) const {
    const alert::Event& event = message.events.front();
    const bool change = is_change(phase_of(event));
    std::string body;
    JsonWriter w(body);
    w.object().field("routing_key", options_.routing_key);
    if (!change) {
      w.field("event_action", "trigger");
      w.field("dedup_key", dedup_key(event.incident.empty() ? event.key : event.incident));
    }
    write_payload(w, message, change);
    w.end_object();
    const std::string_view path = change ? "/v2/change/enqueue" : "/v2/enqueue";
    return json_request(options_.url + std::string(path), std::move(body));
  }

  static bool is_change(alert::Phase phase) {
    return phase == alert::Phase::note || phase == alert::Phase::announces;
  }

  void write_payload(JsonWriter& w, const Message& message, bool change) const {
    const alert::Event& event = message.events.front();
    const Style style{.marks = false, .line_limit = kSummary};
    w.key("payload").object().field("summary", one_line(list_line(event, *texts_, style)));
    w.field("source", one_line(event.monitor)).field("timestamp", event.at);
    if (!change) {
      w.field("severity", alert::to_string(event.severity));
      w.field("component", event.kind);
      if (!event.reason.empty()) w.field("class", event.reason);
    }
    w.key("custom_details").object().field("text", text_of(message));
    // An event may have 512 KB in all.
    const std::string json = alert::to_json(event);
    if (json.size() <= kLargestEvent) {
      w.key("event").raw(json);
    } else {
      w.field("event", "left out: larger than PagerDuty takes");
    }
    w.end_object().end_object();
    if (!change) {
      w.field("client", "Tocsin");
      Value page = EventValues(event).find("dashboard");
      if (page.content.empty()) page = EventValues(event).find("link");
      if (!page.content.empty()) w.field("client_url", page.content);
    }
    w.key("links").array();
    write_link(w, event, "runbook", "Runbook");
    write_link(w, event, "dashboard", "Dashboard");
    write_link(w, event, "link", "AWS console");
    w.end_array();
  }

  // The templates' text, for whoever opens the alert.
  [[nodiscard]] std::string text_of(const Message& message) const {
    return compose(message, *texts_, {.marks = false, .limit = 8000}).text;
  }

  PagerDutyOptions options_;
  std::shared_ptr<const Texts> texts_;
};

}  // namespace

std::shared_ptr<const Format> make_pagerduty(PagerDutyOptions options,
                                             std::shared_ptr<const Texts> texts) {
  return std::make_shared<PagerDuty>(std::move(options), std::move(texts));
}

}  // namespace tocsin::notification
