#pragma once
// Writes finished lines to a file descriptor that it borrows, whole lines, one after the other.

#include <spdlog/sinks/base_sink.h>

#include <mutex>

namespace tocsin::adapters {

class FdSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FdSink(int fd) : fd_(fd) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

  int fd_;
};

}  // namespace tocsin::adapters
