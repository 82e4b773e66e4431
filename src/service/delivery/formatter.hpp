#pragma once
// A channel's own program that writes the text: the events in, the text out.

#include <algorithm>
#include <string>
#include <utility>

#include "alert/event.hpp"
#include "notification/outlet.hpp"
#include "ports/courier.hpp"

namespace tocsin::service {

inline constexpr Milliseconds kFormatterTimeout{2'000};
inline constexpr std::size_t kLongestFormatted = 64U << 10U;

// A line of JSON for each event.
[[nodiscard]] inline notification::ExecStep formatter_step(const notification::Outlet& outlet,
                                                           const notification::Message& message) {
  std::string input;
  for (const alert::Event& event : message.events) {
    input += alert::to_json(event) + '\n';
  }
  return {outlet.formatter, std::move(input)};
}

[[nodiscard]] inline ports::Carriage formatter_carriage() {
  ports::Carriage how;
  how.timeout = kFormatterTimeout;
  return how;
}

// The text, without line ends at its end. Error (unavailable): it failed, or said nothing; then the
// default text is sent.
[[nodiscard]] inline Result<std::string> formatted_text(notification::Answer answer) {
  if (!answer.failure.empty()) {
    return fail(ErrorCode::unavailable, std::move(answer.failure));
  }
  if (answer.status != 0) {
    return fail(ErrorCode::unavailable, "exit status " + std::to_string(answer.status));
  }
  // Programs end their output with a line end; a message does not.
  answer.body.erase(answer.body.find_last_not_of("\r\n") + 1);
  if (answer.body.empty()) {
    return fail(ErrorCode::unavailable, "it said nothing");
  }
  answer.body.resize(std::min(answer.body.size(), kLongestFormatted));
  return std::move(answer.body);
}

}  // namespace tocsin::service
