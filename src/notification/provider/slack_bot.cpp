#include "notification/provider/slack.hpp"

namespace tocsin::notification {

std::shared_ptr<const Format> make_slack_bot(const SlackOptions& options,
                                             std::shared_ptr<const Texts> texts) {
  return make_slack_webhook(options, std::move(texts));
}

}  // namespace tocsin::notification
