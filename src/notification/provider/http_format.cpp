#include "notification/provider/http_format.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace tocsin::notification {

namespace {

// Shorter parts of a URL are words: "services", "hook".
constexpr std::size_t kShortestPart = 10;

std::vector<std::string> with_parts(const std::vector<std::string>& secrets) {
  std::vector<std::string> out = secrets;
  for (const std::string& secret : secrets) {
    const std::size_t scheme = secret.find("://");
    if (scheme == std::string::npos) continue;
    std::size_t at = secret.find('/', scheme + 3);
    while (at != std::string::npos) {
      const std::size_t end = secret.find_first_of("/?&=", at + 1);
      const std::string part = secret.substr(at + 1, end - at - 1);
      if (part.size() >= kShortestPart) out.push_back(part);
      at = end;
    }
  }
  return out;
}

}  // namespace

HttpFormat::HttpFormat(const std::vector<std::string>& secrets) : redactor_(with_parts(secrets)) {}

Verdict HttpFormat::judge(const Work& work, std::size_t index, const Answer& answer) const {
  Verdict verdict = read(work, index, answer);
  verdict.message = redactor_.redact(verdict.message);
  return verdict;
}

Verdict HttpFormat::read(const Work& /*work*/, std::size_t /*index*/, const Answer& answer) const {
  return judge_http(answer);
}

HttpStep json_request(std::string url, std::string body) {
  HttpStep step;
  step.url = std::move(url);
  step.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
  step.body = std::move(body);
  return step;
}

std::string header_value(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c > 0x20 && c < 0x7F && c != '%') {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}",
                     static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return out;
}

}  // namespace tocsin::notification
