#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/json_writer.hpp"
#include "check/json.hpp"
#include "notification/compose.hpp"
#include "notification/judge.hpp"
#include "notification/provider/http_format.hpp"
#include "notification/provider/slack.hpp"
#include "notification/provider/slack_answer.hpp"
#include "notification/provider/slack_board.hpp"

namespace tocsin::notification {
namespace {

// 4,000 characters is what Slack recommends at most for `text`; chat.update refuses more.
constexpr Style kStyle{.escape = escape_mrkdwn, .limit = 4000};
constexpr std::string_view kUpdate = "/chat.update";
constexpr std::size_t kMostOthers = 5;

// "CHANNEL TS", as judge_slack_method writes it.
struct Place {
  std::string channel, ts;
};

std::optional<Place> parse_place(std::string_view reference) {
  const std::size_t space = reference.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  return Place{std::string(reference.substr(0, space)), std::string(reference.substr(space + 1))};
}

// Errors that say that the message to answer or change is not there or not changeable any more.
bool is_gone(std::string_view body) {
  constexpr std::array<std::string_view, 7> kWords{"message_not_found",
                                                   "thread_not_found",
                                                   "cant_update_message",
                                                   "edit_window_closed",
                                                   "invalid_ts_format",
                                                   "cannot_reply_to_message",
                                                   "restricted_action_thread_locked"};
  const auto json = check::parse_json(body);
  if (!json) return false;
  const auto word = json->find("error");
  return std::ranges::any_of(kWords, [&](std::string_view known) { return word.is_string(known); });
}

class SlackBot final : public HttpFormat {
 public:
  SlackBot(SlackOptions options, std::shared_ptr<const Texts> texts)
      : HttpFormat({options.bot_token}), options_(std::move(options)), texts_(std::move(texts)) {}

  [[nodiscard]] Audience audience() const override { return Audience::people; }
  [[nodiscard]] bool follows_up() const override { return true; }

  [[nodiscard]] Work prepare(const Message& message,
                             const std::optional<Earlier>& earlier) const override {
    const Composed composed = compose(message, *texts_, kStyle);
    const auto place = earlier ? parse_place(earlier->reference) : std::nullopt;
    Work work;
    work.steps.emplace_back(post(composed.text, message, place ? &*place : nullptr));
    if (!place) {
      const SlackBoard board(message, composed, *texts_, kStyle);
      if (!board.empty()) work.content = board.json();
    } else if (auto board = SlackBoard::parse(earlier->content)) {
      bool changed = board->follow(message, composed, *texts_, kStyle);
      changed = end_over(*board, message, earlier->reference) || changed;
      if (changed) {
        work.steps.emplace_back(update(*place, board->text(kStyle)));
        work.content = board->json();
      }
    }
    update_others(work, message, earlier ? earlier->reference : std::string());
    return work;
  }

 protected:
  [[nodiscard]] Verdict read(const Work& work, std::size_t index,
                             const Answer& answer) const override {
    Verdict out = judge_slack_method(answer);
    const auto* step = std::get_if<HttpStep>(&work.steps.at(index));
    const bool is_update = step != nullptr && step->url.ends_with(kUpdate);
    const auto sent =
        step != nullptr ? check::parse_json(step->body) : fail(ErrorCode::invalid, "");
    const bool is_answer = sent && sent->find("thread_ts").exists();
    if (is_update || is_answer) out.reference.clear();
    if (answer.status != 200 || !is_gone(answer.body)) return out;
    if (is_update) {  // the news is in the thread; somebody removed the message above it
      return verdict(Verdict::Kind::delivered, answer, "the first message cannot be changed");
    }
    if (is_answer) {
      out.kind = Verdict::Kind::retry;
      out.earlier_gone = true;
    }
    return out;
  }

 private:
  // Writes into a board what is over with events of other incidents.
  [[nodiscard]] static bool end_over(SlackBoard& board, const Message& message,
                                     const std::string& reference) {
    bool changed = false;
    for (const Over& over : message.over) {
      if (over.earlier.reference != reference) continue;
      const auto by = std::ranges::find_if(message.events, [&](const alert::Event& event) {
        const auto closed = closed_incidents(event);
        return std::ranges::find(closed, over.incident) != closed.end();
      });
      if (by == message.events.end()) continue;
      changed = board.end_with(over.incident, *by, kStyle) || changed;
    }
    return changed;
  }

  // First messages of other threads that end with this one; of more than a few the rest stays as
  // it is.
  void update_others(Work& work, const Message& message, const std::string& own) const {
    std::set<std::string_view> seen;
    for (const Over& over : message.over) {
      const Earlier& other = over.earlier;
      const auto place = parse_place(other.reference);
      const bool fresh = other.reference != own && seen.insert(other.reference).second;
      auto board = fresh ? SlackBoard::parse(other.content) : std::nullopt;
      if (work.others.size() == kMostOthers || !place || !board ||
          !end_over(*board, message, other.reference)) {
        continue;
      }
      work.steps.emplace_back(update(*place, board->text(kStyle)));
      work.others.push_back({other.reference, board->json()});
    }
  }

  [[nodiscard]] HttpStep call(std::string_view method, std::string body) const {
    HttpStep step = json_request(options_.url + std::string(method), std::move(body));
    step.headers.emplace_back("Authorization", "Bearer " + options_.bot_token);
    return step;
  }

  [[nodiscard]] HttpStep post(const std::string& text, const Message& message,
                              const Place* thread) const {
    std::string body;
    JsonWriter w(body);
    w.object().field("channel", thread == nullptr ? options_.channel : thread->channel);
    w.field("text", text).field("unfurl_links", false).field("unfurl_media", false);
    if (thread != nullptr) {
      w.field("thread_ts", thread->ts);
      if (std::ranges::any_of(message.events, is_for_all)) w.field("reply_broadcast", true);
    }
    w.end_object();
    return call("/chat.postMessage", std::move(body));
  }

  [[nodiscard]] HttpStep update(const Place& place, const std::string& text) const {
    std::string body;
    JsonWriter w(body);
    w.object().field("channel", place.channel).field("ts", place.ts).field("text", text);
    w.end_object();
    return call(kUpdate, std::move(body));
  }

  SlackOptions options_;
  std::shared_ptr<const Texts> texts_;
};

}  // namespace

std::shared_ptr<const Format> make_slack_bot(const SlackOptions& options,
                                             std::shared_ptr<const Texts> texts) {
  return std::make_shared<SlackBot>(options, std::move(texts));
}

}  // namespace tocsin::notification
