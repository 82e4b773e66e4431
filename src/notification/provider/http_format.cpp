#include "notification/provider/http_format.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace tocsin::notification {

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
