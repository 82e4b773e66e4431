#pragma once
// What the program says to its operator. An interface, so that no module below app/ knows spdlog.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace tocsin {

enum class LogLevel : std::uint8_t { debug, info, warn, error };

// One named value of a log line. Values are data: the sink escapes them. Never put a secret in one.
struct LogField {
  std::string_view key;
  std::variant<std::string_view, std::int64_t> value;
};

// Thread-safe; a call may block for as long as standard error does.
class Logger {
 public:
  Logger() = default;
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;
  virtual ~Logger() = default;

  virtual void log(LogLevel level, std::string_view message,
                   std::initializer_list<LogField> fields = {}) = 0;

  void debug(std::string_view m, std::initializer_list<LogField> f = {}) {
    log(LogLevel::debug, m, f);
  }
  void info(std::string_view m, std::initializer_list<LogField> f = {}) {
    log(LogLevel::info, m, f);
  }
  void warn(std::string_view m, std::initializer_list<LogField> f = {}) {
    log(LogLevel::warn, m, f);
  }
  void error(std::string_view m, std::initializer_list<LogField> f = {}) {
    log(LogLevel::error, m, f);
  }
};

// Says nothing; for tests.
class NullLogger final : public Logger {
 public:
  void log(LogLevel /*level*/, std::string_view /*message*/,
           std::initializer_list<LogField> /*fields*/) override {}
};

}  // namespace tocsin
