#include "web/wire/epoll_loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace tocsin::web {
namespace {

constexpr std::uint64_t kWakeName = 0;
constexpr std::uint64_t kTimerName = 1;
constexpr int kReadyAtOnce = 256;

int checked(int descriptor, const char* what) {
  if (descriptor < 0) {
    throw std::system_error(errno, std::generic_category(), what);
  }
  return descriptor;
}

void drain(int descriptor) {
  std::uint64_t count = 0;
  while (::read(descriptor, &count, sizeof count) > 0) {
  }
}

}  // namespace

EpollLoop::EpollLoop(const ports::Clock& clock)
    : clock_(clock),
      epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")),
      timer_(
          checked(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd_create")) {
  if (!add(wake_, kWakeName) || !add(timer_, kTimerName)) {
    throw std::system_error(ENOSPC, std::generic_category(), "epoll_ctl");
  }
}

EpollLoop::~EpollLoop() {
  ::close(timer_);
  ::close(wake_);
  ::close(epoll_);
}

void EpollLoop::serve(std::function<void(std::uint64_t, std::uint32_t)> ready,
                      std::function<void()> turned) {
  ready_ = std::move(ready);
  turned_ = std::move(turned);
}

Result<void> EpollLoop::add(int descriptor, std::uint64_t name) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = name;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0) {
    return fail(ErrorCode::exhausted, "epoll_ctl: " + std::generic_category().message(errno));
  }
  return {};
}

void EpollLoop::post(ports::Task task) {
  bool first = false;
  {
    const std::scoped_lock lock(mutex_);
    posted_.push_back(std::move(task));
    first = !std::exchange(woken_, true);
  }
  if (first) {
    wake();
  }
}

void EpollLoop::wake() {
  const std::uint64_t one = 1;
  // It can only fail when the counter is full, and then the loop is awake anyway.
  static_cast<void>(::write(wake_, &one, sizeof one));
}

void EpollLoop::stop() {
  stopping_ = true;
  wake();
}

ports::TimerId EpollLoop::call_at(MonoTime when, ports::Task task) {
  const ports::TimerId id = next_id_++;
  timers_.emplace(std::pair{when, id}, std::move(task));
  due_.emplace(id, when);
  return id;
}

void EpollLoop::cancel(ports::TimerId id) {
  if (const auto found = due_.find(id); found != due_.end()) {
    // The task may own what cancels it: it goes when all is in order again.
    const auto dropped = timers_.extract({found->second, id});
    due_.erase(found);
  }
}

void EpollLoop::run_posted() {
  {
    const std::scoped_lock lock(mutex_);
    running_.swap(posted_);
    woken_ = false;
  }
  for (ports::Task& task : running_) {
    if (!stopping_) {
      task();
    }
  }
  running_.clear();
}

void EpollLoop::run_timers() {
  const MonoTime now = clock_.mono_now();
  while (!stopping_ && !timers_.empty() && timers_.begin()->first.first <= now) {
    auto timer = timers_.extract(timers_.begin());
    due_.erase(timer.key().second);
    timer.mapped()();
  }
}

void EpollLoop::arm_timer() {
  const std::optional<MonoTime> next =
      timers_.empty() ? std::nullopt : std::optional(timers_.begin()->first.first);
  if (next == armed_) {
    return;
  }
  armed_ = next;
  itimerspec spec{};
  if (next) {
    // Zero would disarm it; what is past fires at once.
    const auto at = std::max<std::int64_t>(next->time_since_epoch().count(), 1);
    spec.it_value.tv_sec = at / 1'000'000;
    spec.it_value.tv_nsec = at % 1'000'000 * 1'000;
  }
  static_cast<void>(::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &spec, nullptr));
}

void EpollLoop::wait(bool idle) {
  std::array<epoll_event, kReadyAtOnce> events{};
  const int count = ::epoll_wait(epoll_, events.data(), kReadyAtOnce, idle ? -1 : 0);
  for (int i = 0; i < count && !stopping_; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.u64 == kWakeName) {
      drain(wake_);
    } else if (event.data.u64 == kTimerName) {
      drain(timer_);
      armed_.reset();
    } else {
      ready_(event.data.u64, event.events);
    }
  }
}

void EpollLoop::run() {
  while (!stopping_) {
    run_posted();
    run_timers();
    if (turned_) {
      turned_();
    }
    if (stopping_) {
      break;
    }
    arm_timer();
    bool idle = false;
    {
      const std::scoped_lock lock(mutex_);
      idle = posted_.empty();
    }
    wait(idle);
  }
  const std::scoped_lock lock(mutex_);
  posted_.clear();
}

}  // namespace tocsin::web
