#include "notification/provider/slack_board.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/json_writer.hpp"
#include "check/json.hpp"
#include "notification/values.hpp"

namespace tocsin::notification {
namespace {

std::string over_with(const alert::Event& other, const Style& style) {
  const bool superseded = alert::parse_event_type(other.type) == alert::EventType::deploy_started;
  std::string out = superseded ? "⚪ Superseded: " : "⚪ Over: ";
  style.escape(out, title_of(other));
  return out;
}

}  // namespace

SlackBoard::SlackBoard(const Message& message, const Composed& composed, const Texts& texts,
                       const Style& style) {
  const bool single = is_one_story(message.events);
  if (!single) style.escape(head_, headline(message.events));
  deployments_ = std::ranges::any_of(message.events, is_ecs);
  std::size_t used = length(head_, style.unit);
  std::set<std::string_view> seen;
  for (const alert::Event& event : message.events) {
    if (!begins_thread(event) || !seen.insert(event.incident).second) continue;
    if (hidden_ > 0) {
      ++hidden_;
      continue;
    }
    std::string line = single ? composed.text : list_line(event, texts, style);
    used += length(line, style.unit) + 1;
    // Half of the limit, for ends may be longer than what they replace.
    if (!single && used > style.limit / 2) {
      ++hidden_;
    } else {
      lines_.push_back({event.incident, std::move(line), {}, {}});
    }
  }
  hidden_open_ = hidden_;
  for (const alert::Event& event : message.events) {
    // What is sent of one story shows every turn already.
    if (single && phase_of(event) != alert::Phase::closes) continue;
    follow_one(event, list_line(event, texts, style));
  }
  const auto open = [](const Line& line) { return line.end.empty(); };
  if (hidden_open_ == 0 && std::ranges::none_of(lines_, open)) lines_.clear();
}

std::optional<SlackBoard> SlackBoard::parse(std::string_view json) {
  const auto value = check::parse_json(json);
  if (!value || value->kind() != check::JsonKind::object) return std::nullopt;
  SlackBoard board;
  board.head_ = value->find("head").string().value_or("");
  const auto count = [&](std::string_view name) {
    return static_cast<std::size_t>(
        std::max<std::int64_t>(value->find(name).integer().value_or(0), 0));
  };
  board.hidden_ = count("hidden");
  board.deployments_ = value->find("deployments").boolean().value_or(false);
  board.hidden_open_ = std::min(count("hidden_open"), board.hidden_);
  for (check::JsonItems item(value->find("lines")); item.next();) {
    const auto line = item.value();
    board.lines_.push_back(
        {line.find("incident").string().value_or(""), line.find("text").string().value_or(""),
         line.find("turn").string().value_or(""), line.find("end").string().value_or("")});
  }
  return board.lines_.empty() ? std::nullopt : std::optional(std::move(board));
}

bool SlackBoard::close(const std::string& incident, std::string end) {
  const auto found = std::ranges::find(lines_, incident, &Line::incident);
  if (found == lines_.end()) {
    if (hidden_open_ == 0) return false;
    --hidden_open_;
    return true;
  }
  if (!found->end.empty()) return false;
  found->end = std::move(end);
  return true;
}

bool SlackBoard::end_with(const std::string& incident, const alert::Event& other,
                          const Style& style) {
  return close(incident, over_with(other, style));
}

bool SlackBoard::follow_one(const alert::Event& event, std::string line) {
  if (event.incident.empty()) return false;
  if (phase_of(event) == alert::Phase::closes) return close(event.incident, std::move(line));
  const auto found = std::ranges::find(lines_, event.incident, &Line::incident);
  if (!is_turn(event) || found == lines_.end() || !found->end.empty()) return false;
  found->turn = std::move(line);
  return true;
}

bool SlackBoard::follow(const Message& message, const Composed& composed, const Texts& texts,
                        const Style& style) {
  // Whose text a program wrote reads its words here too.
  const bool own_words = message.formatted && is_one_story(message.events);
  bool changed = false;
  for (const alert::Event& event : message.events) {
    std::string line = own_words ? composed.text.substr(0, composed.text.find('\n'))
                                 : list_line(event, texts, style);
    changed = follow_one(event, cut(line, style.line_limit, style.unit)) || changed;
  }
  return changed;
}

std::string SlackBoard::head() const {
  const std::size_t all = lines_.size() + hidden_;
  const auto open = hidden_open_ + static_cast<std::size_t>(std::ranges::count_if(
                                       lines_, [](const Line& line) { return line.end.empty(); }));
  if (open == all) return head_;
  if (open > 0) {
    return fmt::format("{} of {} {}", open, all, deployments_ ? "go on" : "still down");
  }
  return fmt::format("All {} are {}", all, deployments_ ? "over" : "up again");
}

std::string SlackBoard::text(const Style& style) const {
  if (head_.empty()) {  // one story: how it stands above what it was
    const Line& line = lines_.front();
    const std::string& now = line.now();
    return cut(now == line.text ? now : now + "\n\n" + line.text, style.limit, style.unit);
  }
  std::string out = head();
  for (const Line& line : lines_) {
    out += '\n';
    out += line.now();
  }
  if (hidden_ > 0) {
    out += fmt::format("\n… and {} more, {} of them {}", hidden_, hidden_open_,
                       deployments_ ? "going on" : "still down");
  }
  return cut(out, style.limit, style.unit);
}

std::string SlackBoard::json() const {
  std::string out;
  JsonWriter w(out);
  w.object().field("head", head_);
  w.field("hidden", std::uint64_t{hidden_}).field("hidden_open", std::uint64_t{hidden_open_});
  w.field("deployments", deployments_).key("lines").array();
  for (const Line& line : lines_) {
    w.object().field("incident", line.incident).field("text", line.text).field("turn", line.turn);
    w.field("end", line.end).end_object();
  }
  w.end_array().end_object();
  return out;
}

}  // namespace tocsin::notification
