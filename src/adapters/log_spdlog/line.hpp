#pragma once
// One log line as text for people or as JSON for machines. Pure: the time is an argument.

#include <span>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "base/redactor.hpp"
#include "base/time.hpp"

namespace tocsin::adapters {

struct LogLine {
  Instant at{};
  LogLevel level = LogLevel::info;
  std::string_view message;
  std::span<const LogField> fields;
};

// "2026-11-21T08:48:32.120Z info  message key=value other="two words"", without a line break at the
// end or anywhere else. Secrets are hidden before anything is quoted.
[[nodiscard]] std::string format_text(const LogLine& line, const Redactor& redactor);

// {"at":"...","level":"info","message":"...","key":"value"}. Fields named at, level or message
// would repeat a key: do not use these names.
[[nodiscard]] std::string format_json(const LogLine& line, const Redactor& redactor);

}  // namespace tocsin::adapters
