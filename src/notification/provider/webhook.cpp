#include "notification/provider/webhook.hpp"

#include "notification/compose.hpp"
#include "notification/provider/http_format.hpp"
#include "notification/signature.hpp"
#include "notification/values.hpp"

namespace tocsin::notification {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return a.size() == b.size() &&
         std::ranges::equal(a, b, [&](char x, char y) { return lower(x) == lower(y); });
}

std::vector<std::string> secrets_of(const WebhookOptions& options) {
  std::vector<std::string> secrets;
  if (!options.secret.empty()) secrets.push_back(options.secret);
  for (const auto& header : options.headers) {
    if (header.second.size() >= 8) secrets.push_back(header.second);
  }
  secrets.push_back(options.url);
  return secrets;
}

Work request(const WebhookOptions& options, const Message& message, std::string body) {
  HttpStep step = json_request(options.url, std::move(body));
  step.method = options.method;
  for (const auto& header : options.headers) {
    const auto same = [&](const auto& other) { return same_name(other.first, header.first); };
    std::erase_if(step.headers, same);
    step.headers.push_back(header);
  }
  step.headers.emplace_back("Idempotency-Key", header_value(message.key));
  if (!options.secret.empty()) {
    step.headers.emplace_back("X-Tocsin-Signature",
                              signature(options.secret, message.now, step.body));
  }
  Work work;
  work.steps.emplace_back(std::move(step));
  return work;
}

class Webhook final : public HttpFormat {
 public:
  Webhook(WebhookOptions options, std::shared_ptr<const Texts> texts)
      : HttpFormat(secrets_of(options)), options_(std::move(options)), texts_(std::move(texts)) {}

  [[nodiscard]] Audience audience() const override { return Audience::machines; }
  [[nodiscard]] bool takes_many() const override {
    return options_.body && options_.body->uses("events");
  }

  [[nodiscard]] Work prepare(const Message& message,
                             const std::optional<Earlier>& /*earlier*/) const override {
    if (!options_.body) {
      return request(options_, message, alert::to_json(message.events.front()));
    }
    // A receiver of unknown limits: 64 KiB of text is more than any person reads.
    const Style style{.limit = 64U << 10U, .unit = Unit::bytes};
    const Composed composed = compose(message, *texts_, style);
    return request(options_, message,
                   options_.body->render(MessageValues(message, composed.title, composed.text)));
  }

 private:
  WebhookOptions options_;
  std::shared_ptr<const Texts> texts_;
};

class WebhookSink final : public HttpFormat {
 public:
  WebhookSink(WebhookOptions options, std::uint32_t batch)
      : HttpFormat(secrets_of(options)), options_(std::move(options)), batch_(batch) {}

  [[nodiscard]] Audience audience() const override { return Audience::machines; }
  [[nodiscard]] bool takes_many() const override { return batch_ > 1; }

  [[nodiscard]] Work prepare(const Message& message,
                             const std::optional<Earlier>& /*earlier*/) const override {
    const auto& reports = message.reports;
    if (options_.body && options_.body->uses("reports")) {
      return request(options_, message,
                     options_.body->render(ReportValues(reports.front(), &reports)));
    }
    if (batch_ <= 1) return request(options_, message, one(reports.front()));
    std::string body = "[";
    for (const Report& report : reports) body += (body.size() > 1 ? "," : "") + one(report);
    return request(options_, message, body + ']');
  }

 private:
  [[nodiscard]] std::string one(const Report& report) const {
    return options_.body ? options_.body->render(ReportValues(report)) : to_json(report);
  }

  WebhookOptions options_;
  std::uint32_t batch_;
};

}  // namespace

std::shared_ptr<const Format> make_webhook(WebhookOptions options,
                                           std::shared_ptr<const Texts> texts) {
  return std::make_shared<Webhook>(std::move(options), std::move(texts));
}

std::shared_ptr<const Format> make_webhook_sink(WebhookOptions options, std::uint32_t batch) {
  return std::make_shared<WebhookSink>(std::move(options), batch);
}

}  // namespace tocsin::notification
