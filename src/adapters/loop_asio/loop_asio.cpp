#include "adapters/loop_asio/loop_asio.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "adapters/loop_asio/timer_heap.hpp"
#include "base/result.hpp"

namespace tocsin::adapters {
namespace {

// So many due timers run before I/O and posts get their turn.
constexpr int kTimersPerTurn = 256;

MonoTime boot_time() {
  timespec value{};
  TOCSIN_ASSERT(clock_gettime(CLOCK_BOOTTIME, &value) == 0);
  return MonoTime{std::chrono::seconds{value.tv_sec} +
                  std::chrono::floor<Microseconds>(std::chrono::nanoseconds{value.tv_nsec})};
}

int open_timer() {
  const int descriptor = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  if (descriptor < 0) {
    throw std::system_error(errno, std::generic_category(), "timerfd_create");
  }
  return descriptor;
}

}  // namespace

class LoopAsio::Impl {
 public:
  Impl() : timer_(context_, open_timer()), work_(context_.get_executor()) { await_timer(); }

  ~Impl() {
    stop();
    // Destructors of tasks may post or cancel; they find the loop stopped.
    std::vector<ports::Task> dropped;
    {
      const std::scoped_lock lock(mutex_);
      dropped.swap(posted_);
    }
    dropped.clear();
    while (ports::Task task = timers_.pop_due(MonoTime::max())) {
    }
  }

  void run() { context_.run(); }

  void stop() {
    stopped_.store(true, std::memory_order_release);
    context_.stop();
  }

  void post(ports::Task task) {
    if (stopped_.load(std::memory_order_acquire)) {
      return;
    }
    bool first = false;
    {
      const std::scoped_lock lock(mutex_);
      first = posted_.empty();
      posted_.push_back(std::move(task));
    }
    // One wake-up for all that gathers until the loop gets to it.
    if (first) {
      boost::asio::post(context_, [this] { run_posted(); });
    }
  }

  ports::TimerId call_at(MonoTime when, ports::Task task) {
    const ports::TimerId id = timers_.add(when, std::move(task));
    if (!armed_ || when < *armed_) {
      arm(when);
    }
    return id;
  }

  void cancel(ports::TimerId id) {
    // The kernel timer stays as it is: a wake-up for nothing is cheaper than a call per cancel.
    const ports::Task dropped = timers_.remove(id);
  }

  boost::asio::io_context& context() { return context_; }

 private:
  void run_posted() {
    {
      const std::scoped_lock lock(mutex_);
      running_.swap(posted_);
    }
    for (ports::Task& task : running_) {
      if (stopped_.load(std::memory_order_relaxed)) {
        break;
      }
      std::exchange(task, {})();
    }
    running_.clear();
  }

  void arm(MonoTime when) {
    const auto since_boot = std::max<std::int64_t>(when.time_since_epoch().count(), 1);
    itimerspec spec{};
    spec.it_value.tv_sec = since_boot / 1'000'000;
    spec.it_value.tv_nsec = (since_boot % 1'000'000) * 1'000;
    TOCSIN_ASSERT(timerfd_settime(timer_.native_handle(), TFD_TIMER_ABSTIME, &spec, nullptr) == 0);
    armed_ = when;
  }

  void await_timer() {
    timer_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this](const boost::system::error_code& error) {
                        if (!error) {
                          run_timers();
                          await_timer();
                        }
                      });
  }

  void run_timers() {
    std::uint64_t expirations = 0;
    if (read(timer_.native_handle(), &expirations, sizeof expirations) < 0 && errno == EAGAIN) {
      return;  // set to a later time since it fired
    }
    armed_.reset();
    const MonoTime now = boot_time();
    for (int turn = 0; turn < kTimersPerTurn && !stopped_.load(std::memory_order_relaxed); ++turn) {
      ports::Task task = timers_.pop_due(now);
      if (!task) {
        break;
      }
      task();
    }
    if (const auto next = timers_.earliest(); next && (!armed_ || *next < *armed_)) {
      arm(*next);
    }
  }

  boost::asio::io_context context_{1};
  boost::asio::posix::stream_descriptor timer_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  TimerHeap timers_;
  std::optional<MonoTime> armed_;  // what the kernel timer is set to
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;
  std::vector<ports::Task> posted_;   // guarded by mutex_
  std::vector<ports::Task> running_;  // loop thread
};

LoopAsio::LoopAsio() : impl_(std::make_unique<Impl>()) {}
LoopAsio::~LoopAsio() = default;

void LoopAsio::run() { impl_->run(); }
void LoopAsio::stop() { impl_->stop(); }
boost::asio::io_context& LoopAsio::context() { return impl_->context(); }
void LoopAsio::post(ports::Task task) { impl_->post(std::move(task)); }
ports::TimerId LoopAsio::call_at(MonoTime when, ports::Task task) {
  return impl_->call_at(when, std::move(task));
}
void LoopAsio::cancel(ports::TimerId id) { impl_->cancel(id); }

}  // namespace tocsin::adapters
