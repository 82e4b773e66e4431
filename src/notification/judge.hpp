#pragma once
// What an answer means, in words that may be shown.

#include <string>
#include <string_view>
#include <vector>

#include "notification/format.hpp"

namespace tocsin::notification {

// "" when there is no such header.
[[nodiscard]] std::string_view header(const Answer& answer, std::string_view name);
// How long the other side asked to wait: Retry-After in seconds or as a date, which counts from the
// answer's own Date (clocks differ). At most a day.
[[nodiscard]] std::optional<Milliseconds> retry_after(const Answer& answer);

// A verdict with "HTTP 403: <what>", or with answer.failure when there was no status.
[[nodiscard]] Verdict verdict(Verdict::Kind kind, const Answer& answer, std::string_view what);

// The first line of a body for a message: printable, short.
[[nodiscard]] std::string excerpt(std::string_view body);

}  // namespace tocsin::notification
