#pragma once
// What formats that speak HTTP share: secrets kept out of verdicts.

#include <string>
#include <vector>

#include "base/redactor.hpp"
#include "notification/format.hpp"

namespace tocsin::notification {

class HttpFormat : public Format {
 public:
  // `secrets`: whatever of the configuration an answer might echo. Of a URL its longer parts count
  // as well: a server echoes a path or a token, hardly ever all of it.
  explicit HttpFormat(const std::vector<std::string>& secrets);

  [[nodiscard]] Verdict judge(const Work& work, std::size_t index,
                              const Answer& answer) const final;

 protected:
  // By default judge_http. Its message may quote the answer.
  [[nodiscard]] virtual Verdict read(const Work& work, std::size_t index,
                                     const Answer& answer) const;

 private:
  Redactor redactor_;
};

// A request with a JSON body.
[[nodiscard]] HttpStep json_request(std::string url, std::string body);
// The text as a header value: printable ASCII as it is, every other byte as %XX.
[[nodiscard]] std::string header_value(std::string_view text);

}  // namespace tocsin::notification
