#pragma once
// Writes finished lines to a file descriptor that it borrows, whole lines, one after the other.
// Waits for a reader that is stuck, until closing() was called: from then on for a second in all.

#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <mutex>

namespace tocsin::adapters {

class FdSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FdSink(int fd) : fd_(fd) {}

  // Any thread.
  void closing() { closing_ = true; }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

  int fd_;
  std::atomic<bool> closing_ = false;
  int looks_left_ = 20;  // of 50 ms each, once closing
};

}  // namespace tocsin::adapters
