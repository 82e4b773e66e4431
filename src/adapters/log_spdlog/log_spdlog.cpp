#include "adapters/log_spdlog/log_spdlog.hpp"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <utility>

#include "adapters/log_spdlog/fd_sink.hpp"
#include "adapters/log_spdlog/line.hpp"
#include "base/redactor.hpp"

namespace tocsin::adapters {

namespace {

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

class LogSpdlog::Impl {
 public:
  explicit Impl(const LogSpdlogOptions& options)
      : json_(options.json),
        sink_(std::make_shared<FdSink>(options.fd)),
        pool_(std::make_shared<spdlog::details::thread_pool>(options.queue_lines, 1)),
        logger_(std::make_shared<spdlog::async_logger>(
            "tocsin", sink_, pool_, spdlog::async_overflow_policy::overrun_oldest)),
        redactor_(std::make_shared<const Redactor>()) {
    logger_->set_level(level_of(options.level));
  }

  ~Impl() { sink_->closing(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
    const auto spdlog_level = level_of(level);
    if (!logger_->should_log(spdlog_level)) return;
    const auto now = std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
    const LogLine line{now, level, message, {fields.begin(), fields.size()}};
    const auto redactor = this->redactor();
    const std::string text = json_ ? format_json(line, *redactor) : format_text(line, *redactor);
    logger_->log(spdlog_level, spdlog::string_view_t(text.data(), text.size()));
  }

  void set_level(LogLevel level) { logger_->set_level(level_of(level)); }
  void set_json(bool json) { json_ = json; }

  void set_secrets(std::vector<std::string> secrets) {
    auto fresh = std::make_shared<const Redactor>(std::move(secrets));
    const std::lock_guard lock(mutex_);
    redactor_ = std::move(fresh);
  }

  std::uint64_t dropped() const { return pool_->overrun_counter(); }

 private:
  std::shared_ptr<const Redactor> redactor() {
    const std::lock_guard lock(mutex_);
    return redactor_;
  }

  std::atomic<bool> json_;
  std::shared_ptr<FdSink> sink_;
  std::shared_ptr<spdlog::details::thread_pool> pool_;  // outlives logger_; drains when destroyed
  std::shared_ptr<spdlog::async_logger> logger_;
  std::mutex mutex_;
  std::shared_ptr<const Redactor> redactor_;
};

LogSpdlog::LogSpdlog(LogSpdlogOptions options) : impl_(std::make_unique<Impl>(options)) {}
LogSpdlog::~LogSpdlog() = default;

void LogSpdlog::log(LogLevel level, std::string_view message,
                    std::initializer_list<LogField> fields) {
  impl_->log(level, message, fields);
}

void LogSpdlog::set_level(LogLevel level) { impl_->set_level(level); }
void LogSpdlog::set_json(bool json) { impl_->set_json(json); }
void LogSpdlog::set_secrets(std::vector<std::string> secrets) {
  impl_->set_secrets(std::move(secrets));
}
std::uint64_t LogSpdlog::dropped() const { return impl_->dropped(); }

}  // namespace tocsin::adapters
