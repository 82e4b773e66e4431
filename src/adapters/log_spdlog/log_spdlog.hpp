#pragma once
// The program's log: lines to standard error, written by a thread of its own.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"

namespace tocsin::adapters {

struct LogSpdlogOptions {
  LogLevel level = LogLevel::info;
  bool json = false;
  int fd = 2;
  // Lines that may wait for a slow reader. Beyond it the oldest are dropped and counted: the loop
  // never waits for a terminal that somebody paused, or for a journal that is stuck.
  std::size_t queue_lines = 8192;
};

// log() formats on the caller's thread and hands over; it never waits for the file descriptor. Safe
// from any thread. The destructor writes what is queued. Lines queued at a kill -9 are lost: the
// log tells people, the store remembers.
class LogSpdlog final : public Logger {
 public:
  explicit LogSpdlog(LogSpdlogOptions options);
  ~LogSpdlog() override;

  void log(LogLevel level, std::string_view message,
           std::initializer_list<LogField> fields = {}) override;

  // For a reload. What is logged later follows the new settings.
  void set_level(LogLevel level);
  void set_json(bool json);
  // The values to hide in every line from now on. See Redactor for which are too short.
  void set_secrets(std::vector<std::string> secrets);

  // Lines dropped because the reader was too slow.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::adapters
