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
  // The message as it is first sent. Incidents that events begin, less those that events close.
  SlackBoard(const Message& message, const Composed& composed, const Texts& texts,
             const Style& style);
  // What json() wrote; nullopt for anything else.
  [[nodiscard]] static std::optional<SlackBoard> parse(std::string_view json);

  [[nodiscard]] bool empty() const { return lines_.empty(); }  // no incident to follow
  // Writes turns and ends of incidents into their lines. False: nothing changed.
  bool follow(const Message& message, const Composed& composed, const Texts& texts,
              const Style& style);
  // The incident is over with an event of another one. False: nothing changed.
  bool end_with(const std::string& incident, const alert::Event& other, const Style& style);
  [[nodiscard]] std::string text(const Style& style) const;
  [[nodiscard]] std::string json() const;

 private:
  struct Line {
    std::string incident;
    std::string text;  // as sent; of a single event its whole text
    std::string turn;  // what came of it since, while it is open; "" nothing
    std::string end;   // what closed it; "" while it is open

    [[nodiscard]] const std::string& now() const {
      return !end.empty() ? end : !turn.empty() ? turn : text;
    }
  };
  SlackBoard() = default;
  bool follow_one(const alert::Event& event, std::string line);
  // False: it is known to be over.
  bool close(const std::string& incident, std::string end);
  [[nodiscard]] std::string head() const;

  std::string head_;          // of several events
  bool deployments_ = false;  // of ECS services: nothing is "down" then
  std::vector<Line> lines_;
  std::size_t hidden_ = 0;  // incidents that the limit left out
  std::size_t hidden_open_ = 0;
};

}  // namespace tocsin::notification
