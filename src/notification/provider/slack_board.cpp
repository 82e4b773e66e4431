#include "notification/provider/slack_board.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/json_writer.hpp"
#include "check/json.hpp"

namespace tocsin::notification {
namespace {

bool opens(const alert::Event& event) {
  const alert::Phase phase = phase_of(event);
  const bool open = phase == alert::Phase::opens || phase == alert::Phase::goes_on;
  return open && !event.incident.empty();
}

}  // namespace

SlackBoard::SlackBoard(const Message& message, const Composed& composed, const Texts& texts,
                       const Style& style) {
  const bool single = message.events.size() == 1;
  if (!single) style.escape(head_, headline(message.events));
  std::size_t used = length(head_, style.unit);
  std::set<std::string_view> seen;
  for (const alert::Event& event : message.events) {
    if (!opens(event) || !seen.insert(event.incident).second) continue;
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
      lines_.push_back({event.incident, std::move(line), {}});
    }
  }
  hidden_open_ = hidden_;
  close(message.events, texts, style);
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
  board.hidden_open_ = std::min(count("hidden_open"), board.hidden_);
  for (check::JsonItems item(value->find("lines")); item.next();) {
    const auto line = item.value();
    board.lines_.push_back({line.find("incident").string().value_or(""),
                            line.find("text").string().value_or(""),
                            line.find("end").string().value_or("")});
  }
  return board.lines_.empty() ? std::nullopt : std::optional(std::move(board));
}

bool SlackBoard::close_one(const alert::Event& event, const Texts& texts, const Style& style) {
  if (phase_of(event) != alert::Phase::closes || event.incident.empty()) return false;
  const auto found = std::ranges::find(lines_, event.incident, &Line::incident);
  if (found == lines_.end()) {
    if (hidden_open_ == 0) return false;
    --hidden_open_;
    return true;
  }
  if (!found->end.empty()) return false;
  found->end = list_line(event, texts, style);
  return true;
}

bool SlackBoard::close(const std::vector<alert::Event>& events, const Texts& texts,
                       const Style& style) {
  bool changed = false;
  for (const alert::Event& event : events) changed = close_one(event, texts, style) || changed;
  return changed;
}

std::string SlackBoard::text(const Style& style) const {
  if (head_.empty()) {  // one event: its end above what it was
    const Line& line = lines_.front();
    return cut(line.end.empty() ? line.text : line.end + "\n\n" + line.text, style.limit,
               style.unit);
  }
  const std::size_t all = lines_.size() + hidden_;
  const auto open = hidden_open_ + static_cast<std::size_t>(std::ranges::count_if(
                                       lines_, [](const Line& line) { return line.end.empty(); }));
  std::string out = open == all ? head_
                    : open > 0  ? fmt::format("{} of {} still down", open, all)
                                : fmt::format("All {} are up again", all);
  for (const Line& line : lines_) {
    out += '\n';
    out += line.end.empty() ? line.text : line.end;
  }
  if (hidden_ > 0) {
    out += fmt::format("\n… and {} more, {} of them still down", hidden_, hidden_open_);
  }
  return cut(out, style.limit, style.unit);
}

std::string SlackBoard::json() const {
  std::string out;
  JsonWriter w(out);
  w.object().field("head", head_);
  w.field("hidden", std::uint64_t{hidden_}).field("hidden_open", std::uint64_t{hidden_open_});
  w.key("lines").array();
  for (const Line& line : lines_) {
    w.object().field("incident", line.incident).field("text", line.text);
    w.field("end", line.end).end_object();
  }
  w.end_array().end_object();
  return out;
}

}  // namespace tocsin::notification
