// Conditions over hostile conditions and bodies. The input is a condition, a line end, and the
// body. What compiles must evaluate, fail closed, and report printable text.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/utf8.hpp"
#include "check/assertions.hpp"
#include "check/json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace check = tocsin::check;
  if (size > 4096) {
    return 0;
  }
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  const std::string condition(text.substr(0, line));
  const std::string body(line == std::string_view::npos ? "" : text.substr(line + 1));
  const auto compiled = check::Assertions::compile({condition}, {{"value", condition}},
                                                   {.status = true, .body = true});
  for (const check::AssertionProblem& problem : compiled.problems) {
    TOCSIN_ASSERT(problem.index <= 1);
    TOCSIN_ASSERT(problem.offset <= condition.size());
    TOCSIN_ASSERT(!problem.message.empty());
  }
  check::Response response;
  response.http_status = 200;
  response.connected = true;
  response.ip = "10.0.0.1";
  response.body = body;
  response.response_time = tocsin::Milliseconds{123};
  // As a condition, then as a capture: hardly a text is both.
  const auto alone = check::Assertions::compile({condition}, {}, {.status = true, .body = true});
  if (alone.assertions) {
    const auto verdict = alone.assertions->evaluate(response);
    TOCSIN_ASSERT(verdict.conditions.size() == 1);
    TOCSIN_ASSERT(verdict.passed == verdict.conditions[0].passed);
    TOCSIN_ASSERT(verdict.passed == verdict.message.empty());
    // A null or missing value passes nothing.
    const bool invalid = verdict.conditions[0].seen.find("(INVALID)") != std::string::npos;
    TOCSIN_ASSERT(!(invalid && verdict.passed) || condition.find("INVALID") != std::string::npos ||
                  body.find("INVALID") != std::string::npos);
  }
  const auto capture =
      check::Assertions::compile({}, {{"value", condition}}, {.status = true, .body = true});
  if (capture.assertions) {
    for (const check::CapturedValue& value : capture.assertions->evaluate(response).values) {
      TOCSIN_ASSERT(check::parse_json(value.json).has_value());
    }
  }
  return 0;
}
