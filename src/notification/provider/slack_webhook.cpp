#include <utility>

#include "base/json_writer.hpp"
#include "notification/compose.hpp"
#include "notification/provider/http_format.hpp"
#include "notification/provider/slack.hpp"
#include "notification/provider/slack_answer.hpp"

namespace tocsin::notification {
namespace {

class SlackWebhook final : public HttpFormat {
 public:
  SlackWebhook(const SlackOptions& options, std::shared_ptr<const Texts> texts)
      : HttpFormat({options.webhook_url}), url_(options.webhook_url), texts_(std::move(texts)) {}

  [[nodiscard]] Audience audience() const override { return Audience::people; }

  [[nodiscard]] Work prepare(const Message& message,
                             const std::optional<Earlier>& /*earlier*/) const override {
    // 4,000 characters is what Slack recommends at most for `text`; it cuts at 40,000.
    const Style style{.escape = escape_mrkdwn, .limit = 4000};
    std::string body;
    JsonWriter w(body);
    w.object().field("text", compose(message, *texts_, style).text);
    w.field("unfurl_links", false).field("unfurl_media", false).end_object();
    Work work;
    work.steps.emplace_back(json_request(url_, std::move(body)));
    return work;
  }

 protected:
  [[nodiscard]] Verdict read(const Work& /*work*/, std::size_t /*index*/,
                             const Answer& answer) const override {
    return judge_slack_webhook(answer);
  }

 private:
  std::string url_;
  std::shared_ptr<const Texts> texts_;
};

}  // namespace

std::shared_ptr<const Format> make_slack_webhook(const SlackOptions& options,
                                                 std::shared_ptr<const Texts> texts) {
  return std::make_shared<SlackWebhook>(options, std::move(texts));
}

}  // namespace tocsin::notification
