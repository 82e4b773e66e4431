#include "notification/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/utf8.hpp"
#include "notification/http_date.hpp"

namespace tocsin::notification {
namespace {

constexpr Milliseconds kLongestWait = std::chrono::hours{24};

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

// Semantics of the outbox. What is neither here nor 2xx fails the channel: its rows stay until
// somebody has looked.
Verdict::Kind kind_of(int status) {
  if (status >= 200 && status < 300) return Verdict::Kind::delivered;
  if (status == 0 || status >= 500) return Verdict::Kind::retry;
  switch (status) {
    case 408:  // Request Timeout
    case 425:  // Too Early
    case 429:  // Too Many Requests
      return Verdict::Kind::retry;
    case 400:  // Bad Request
    case 413:  // Content Too Large
    case 422:  // Unprocessable Content
      return Verdict::Kind::message_failed;
    default:
      return Verdict::Kind::channel_failed;
  }
}

}  // namespace

std::string_view header(const Answer& answer, std::string_view name) {
  const auto found =
      std::ranges::find(answer.headers, name, &std::pair<std::string, std::string>::first);
  return found == answer.headers.end() ? std::string_view{} : std::string_view(found->second);
}

std::optional<Milliseconds> retry_after(const Answer& answer) {
  const std::string_view text = trimmed(header(answer, "retry-after"));
  if (text.empty()) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc::result_out_of_range && text[0] != '-') return kLongestWait;
  // A fraction (Discord sends "1.337") is rounded up.
  const bool fraction = error == std::errc{} && end != text.data() + text.size() && *end == '.';
  if (error == std::errc{} && (fraction || end == text.data() + text.size())) {
    if (seconds < 0) return std::nullopt;
    const std::int64_t most =
        std::chrono::duration_cast<std::chrono::seconds>(kLongestWait).count();
    return Milliseconds{1000 * std::min(seconds + (fraction ? 1 : 0), most)};
  }
  const auto until = parse_http_date(text);
  const auto from = parse_http_date(trimmed(header(answer, "date")));
  if (!until || !from) return std::nullopt;
  return std::clamp(Milliseconds(*until - *from), Milliseconds{0}, kLongestWait);
}

std::string excerpt(std::string_view body) {
  body = trimmed(body);
  body = body.substr(0, body.find('\n'));
  return clip(printable(trimmed(body)), 200);
}

Verdict verdict(Verdict::Kind kind, const Answer& answer, std::string_view what) {
  Verdict out;
  out.kind = kind;
  if (answer.status == 0) {
    out.message = answer.failure.empty() ? "no answer" : answer.failure;
  } else if (what.empty()) {
    out.message = fmt::format("HTTP {}", answer.status);
  } else {
    out.message = fmt::format("HTTP {}: {}", answer.status, what);
  }
  if (kind == Verdict::Kind::retry) out.retry_after = retry_after(answer);
  return out;
}

Verdict judge_http(const Answer& answer) {
  const Verdict::Kind kind = kind_of(answer.status);
  if (kind == Verdict::Kind::delivered) return verdict(kind, answer, {});
  if (answer.status >= 300 && answer.status < 400) {
    return verdict(kind, answer, "a redirect, which is never followed; configure the final URL");
  }
  return verdict(kind, answer, excerpt(answer.body));
}

}  // namespace tocsin::notification
