#pragma once
// A real loop on its own thread for suites whose port answers on the loop.

#include <gtest/gtest.h>

#include <future>
#include <thread>
#include <utility>

#include "adapters/clock_system/clock_system.hpp"
#include "adapters/loop_asio/loop_asio.hpp"

namespace tocsin::test {

class LoopThread {
 public:
  LoopThread() : thread_([this] { loop.run(); }) {}
  ~LoopThread() { stop(); }
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  void stop() {
    if (thread_.joinable()) {
      loop.stop();
      thread_.join();
    }
  }

  // Runs `call` on the loop thread and waits for its end.
  template <typename Call>
  void on_loop(Call call) {
    std::promise<void> ran;
    loop.post([&] {
      call();
      ran.set_value();
    });
    ASSERT_EQ(ran.get_future().wait_for(std::chrono::seconds{30}), std::future_status::ready);
  }

  [[nodiscard]] MonoTime in(Milliseconds delay) const { return clock.mono_now() + delay; }

  adapters::ClockSystem clock;
  adapters::LoopAsio loop;

 private:
  std::thread thread_;
};

// An answer that may come on another thread; taken once.
template <typename T>
class Awaited {
 public:
  std::move_only_function<void(T)> taker() {
    return [promise = promise_](T value) { promise->set_value(std::move(value)); };
  }
  [[nodiscard]] bool ready() {
    return future_.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
  }
  T get() {
    if (future_.wait_for(std::chrono::seconds{30}) != std::future_status::ready) {
      throw std::runtime_error("no answer");
    }
    return future_.get();
  }

 private:
  std::shared_ptr<std::promise<T>> promise_ = std::make_shared<std::promise<T>>();
  std::future<T> future_ = promise_->get_future();
};

}  // namespace tocsin::test
