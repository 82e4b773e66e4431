#pragma once
// What the first message of a thread shows, kept as Work::content, so that the end of each incident
// can be written into it.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "notification/compose.hpp"

namespace tocsin::notification {

class SlackBoard {
 public:
  // The message as it is first sent. Incidents that events open, less those that events close.
  SlackBoard(const Message& message, const Composed& composed, const Texts& texts,
             const Style& style);
  // What json() wrote; nullopt for anything else.
  [[nodiscard]] static std::optional<SlackBoard> parse(std::string_view json);

  [[nodiscard]] bool empty() const { return lines_.empty(); }  // no incident to follow
  // Writes ends of incidents into their lines. False: nothing changed.
  bool close(const std::vector<alert::Event>& events, const Texts& texts, const Style& style);
  [[nodiscard]] std::string text(const Style& style) const;
  [[nodiscard]] std::string json() const;

 private:
  struct Line {
    std::string incident;
    std::string text;  // as sent; of a single event its whole text
    std::string end;   // what closed it; "" while it is open
  };
  SlackBoard() = default;
  bool close_one(const alert::Event& event, const Texts& texts, const Style& style);

  std::string head_;  // of several events
  std::vector<Line> lines_;
  std::size_t hidden_ = 0;  // incidents that the limit left out
  std::size_t hidden_open_ = 0;
};

}  // namespace tocsin::notification
