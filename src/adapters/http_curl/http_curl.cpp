#include "adapters/http_curl/http_curl.hpp"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/http_curl/curl_memory.hpp"
#include "adapters/http_curl/transfer.hpp"
#include "base/result.hpp"

namespace tocsin::adapters {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::size_t kIdleTransfers = 1'024;  // easy handles kept for the next exchange
constexpr int kEventsPerWait = 256;

class Descriptor {
 public:
  Descriptor(int descriptor, const char* what) : descriptor_(descriptor) {
    if (descriptor < 0) {
      throw std::system_error(errno, std::generic_category(), what);
    }
  }
  ~Descriptor() { close(descriptor_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_;
};

// Small numbers, given out lowest first by the system.
class DescriptorSet {
 public:
  void insert(int descriptor) {
    const auto index = static_cast<std::size_t>(descriptor);
    if (index >= has_.size()) {
      has_.resize(std::max(index + 1, has_.size() * 2));
    }
    has_[index] = true;
  }
  void erase(int descriptor) {
    if (contains(descriptor)) {
      has_[static_cast<std::size_t>(descriptor)] = false;
    }
  }
  [[nodiscard]] bool contains(int descriptor) const {
    const auto index = static_cast<std::size_t>(descriptor);
    return index < has_.size() && has_[index];
  }

 private:
  std::vector<bool> has_;
};

void initialise_libcurl() {
  static const CURLcode kInitialised = initialise_libcurl_with_memory();
  if (kInitialised != CURLE_OK) {
    throw std::system_error(ENOMEM, std::generic_category(), "curl_global_init");
  }
}

ports::HttpFailure plain_failure(ports::HttpFailure::Kind kind, const char* message) {
  ports::HttpFailure failure;
  failure.kind = kind;
  failure.message = message;
  return failure;
}

}  // namespace

class HttpCurl::Engine {
 public:
  explicit Engine(HttpCurlOptions options)
      : options_(std::move(options)),
        context_{CaStores(options_.system_ca_file), options_.user_agent,
                 options_.body_budget_bytes},
        epoll_(epoll_create1(EPOLL_CLOEXEC), "epoll_create1"),
        wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd") {
    initialise_libcurl();
    multi_ = curl_multi_init();
    if (multi_ == nullptr) {
      throw std::system_error(ENOMEM, std::generic_category(), "curl_multi_init");
    }
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Engine::socket_callback);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Engine::timer_callback);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS,
                      static_cast<long>(options_.max_idle_connections));
    // One exchange per connection: a stuck one holds up no other.
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, long{CURLPIPE_NOTHING});
    watch(wake_.get(), EPOLLIN, EPOLL_CTL_ADD);
    thread_ = std::thread([this] { run(); });
  }

  ~Engine() {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    wake();
    thread_.join();
    curl_multi_cleanup(multi_);
  }

  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void submit(ports::HttpRequest request, HttpDone done) {
    bool sleeping = false;
    {
      const std::scoped_lock lock(mutex_);
      queue_.push_back({std::move(request), std::move(done)});
      sleeping = std::exchange(sleeping_, false);
    }
    if (sleeping) {
      wake();
    }
  }

  Stats stats() const {
    const std::scoped_lock lock(mutex_);
    return {active_count_.load(std::memory_order_relaxed), queue_.size(),
            body_bytes_.load(std::memory_order_relaxed)};
  }

 private:
  struct Job {
    ports::HttpRequest request;
    HttpDone done;
  };

  void wake() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(wake_.get(), &one, sizeof one);
  }

  void run() {
    std::vector<Job> jobs;
    std::array<epoll_event, kEventsPerWait> events{};
    while (true) {
      const int timeout = take_jobs(jobs);
      if (timeout == kStop) {
        break;
      }
      for (Job& job : jobs) {
        begin(std::move(job));
      }
      const bool begun = !jobs.empty();
      jobs.clear();
      if (!begun) {
        const int count = epoll_wait(epoll_.get(), events.data(), kEventsPerWait, timeout);
        for (int i = 0; i < count; ++i) {
          handle(events.at(static_cast<std::size_t>(i)));
        }
      }
      run_due_timers();
      collect();
      publish();
    }
    cancel_all(jobs);
  }

  static constexpr int kStop = -2;

  // What was handed over since the last call; when that is nothing, for how long to sleep.
  int take_jobs(std::vector<Job>& jobs) {
    const std::scoped_lock lock(mutex_);
    jobs.swap(queue_);
    if (stopping_) {
      return kStop;
    }
    sleeping_ = jobs.empty();
    if (!timer_) {
      return -1;
    }
    const auto left = std::chrono::ceil<Milliseconds>(*timer_ - std::chrono::steady_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
  }

  void handle(const epoll_event& event) {
    if (event.data.fd == wake_.get()) {
      std::uint64_t count = 0;
      [[maybe_unused]] const auto taken = read(wake_.get(), &count, sizeof count);
      return;
    }
    if (!wanted_.contains(event.data.fd)) {  // parked, and its peer has closed or spoken
      epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, event.data.fd, nullptr);
      return;
    }
    const unsigned seen = event.events;
    const int mask = ((seen & EPOLLIN) != 0U ? CURL_CSELECT_IN : 0) |
                     ((seen & EPOLLOUT) != 0U ? CURL_CSELECT_OUT : 0) |
                     ((seen & (EPOLLERR | EPOLLHUP)) != 0U ? CURL_CSELECT_ERR : 0);
    int running = 0;
    curl_multi_socket_action(multi_, event.data.fd, mask, &running);
  }

  void run_due_timers() {
    if (timer_ && *timer_ <= std::chrono::steady_clock::now()) {
      timer_.reset();
      int running = 0;
      curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
    }
  }

  void begin(Job job) {
    if (active_.size() >= options_.max_transfers) {
      job.done(std::unexpected(
          plain_failure(ports::HttpFailure::Kind::resources, "too many HTTP exchanges at a time")));
      return;
    }
    std::unique_ptr<Transfer> transfer = take_transfer();
    if (auto failure = transfer->prepare(std::move(job.request))) {
      transfer->clear();
      idle_.push_back(std::move(transfer));
      job.done(std::unexpected(std::move(*failure)));
      return;
    }
    transfer->done = std::move(job.done);
    transfer->active_index = active_.size();
    CURL* const easy = transfer->easy();
    active_.push_back(std::move(transfer));
    TOCSIN_ASSERT(curl_multi_add_handle(multi_, easy) == CURLM_OK);
  }

  std::unique_ptr<Transfer> take_transfer() {
    if (idle_.empty()) {
      return std::make_unique<Transfer>(context_);
    }
    std::unique_ptr<Transfer> transfer = std::move(idle_.back());
    idle_.pop_back();
    return transfer;
  }

  void collect() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) {
        continue;
      }
      const CURLcode code = message->data.result;
      void* pointer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &pointer);
      end(*static_cast<Transfer*>(pointer), code);
    }
  }

  void end(Transfer& ended, CURLcode code) {
    std::unique_ptr<Transfer> transfer = std::move(active_[ended.active_index]);
    if (transfer->active_index + 1 != active_.size()) {
      active_.back()->active_index = transfer->active_index;
      active_[transfer->active_index] = std::move(active_.back());
    }
    active_.pop_back();
    curl_multi_remove_handle(multi_, transfer->easy());
    ports::HttpResult result = transfer->finish(code);
    HttpDone done = std::exchange(transfer->done, {});
    if (idle_.size() < kIdleTransfers) {
      idle_.push_back(std::move(transfer));
    } else {
      transfer.reset();
    }
    publish();
    done(std::move(result));
  }

  void publish() {
    active_count_.store(active_.size(), std::memory_order_relaxed);
    body_bytes_.store(context_.body_bytes, std::memory_order_relaxed);
  }

  void cancel_all(std::vector<Job>& jobs) {
    const auto cancelled = [] {
      return std::unexpected(plain_failure(ports::HttpFailure::Kind::cancelled, "stopping"));
    };
    while (!active_.empty()) {
      std::unique_ptr<Transfer> transfer = std::move(active_.back());
      active_.pop_back();
      curl_multi_remove_handle(multi_, transfer->easy());
      transfer->done(cancelled());
    }
    idle_.clear();
    // A `done` may have handed over another request.
    while (!jobs.empty()) {
      for (Job& job : jobs) {
        job.done(cancelled());
      }
      jobs.clear();
      const std::scoped_lock lock(mutex_);
      jobs.swap(queue_);
    }
  }

  void watch(int descriptor, std::uint32_t events, int operation) {
    epoll_event event{};
    event.events = events;
    event.data.fd = descriptor;
    if (epoll_ctl(epoll_.get(), operation, descriptor, &event) == 0) {
      return;
    }
    if (errno == ENOENT) {
      epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event);
    } else if (errno == EEXIST) {  // parked, see socket_callback()
      epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor, &event);
    }
  }

  static int socket_callback(CURL* /*easy*/, curl_socket_t descriptor, int what, void* self,
                             void* known) {
    auto& engine = *static_cast<Engine*>(self);
    if (what == CURL_POLL_REMOVE) {
      // Mostly it is closed next, which ends its registration without a system call. A connection
      // that is kept stays registered, parked: taken up again, or removed at its first event.
      engine.wanted_.erase(descriptor);
      return 0;
    }
    const std::uint32_t events = ((what & CURL_POLL_IN) != 0 ? std::uint32_t{EPOLLIN} : 0U) |
                                 ((what & CURL_POLL_OUT) != 0 ? std::uint32_t{EPOLLOUT} : 0U);
    engine.wanted_.insert(descriptor);
    engine.watch(descriptor, events, known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD);
    if (known == nullptr) {
      curl_multi_assign(engine.multi_, descriptor, self);
    }
    return 0;
  }

  static int timer_callback(CURLM* /*multi*/, long timeout_ms, void* self) {
    auto& engine = *static_cast<Engine*>(self);
    if (timeout_ms < 0) {
      engine.timer_.reset();
    } else {
      engine.timer_ = std::chrono::steady_clock::now() + Milliseconds{timeout_ms};
    }
    return 0;
  }

  const HttpCurlOptions options_;
  TransferContext context_;
  Descriptor epoll_;
  Descriptor wake_;
  CURLM* multi_ = nullptr;
  DescriptorSet wanted_;  // what libcurl waits for; epoll may know more
  std::optional<SteadyTime> timer_;
  std::vector<std::unique_ptr<Transfer>> active_;
  std::vector<std::unique_ptr<Transfer>> idle_;
  std::atomic<std::uint64_t> active_count_ = 0;
  std::atomic<std::uint64_t> body_bytes_ = 0;

  mutable std::mutex mutex_;
  std::vector<Job> queue_;  // these three are guarded by mutex_
  bool sleeping_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

HttpCurl::HttpCurl(HttpCurlOptions options)
    : engine_(std::make_unique<Engine>(std::move(options))) {}

HttpCurl::~HttpCurl() = default;

void HttpCurl::start(ports::HttpRequest request,
                     std::move_only_function<void(ports::HttpResult)> done) {
  engine_->submit(std::move(request), std::move(done));
}

HttpCurl::Stats HttpCurl::stats() const { return engine_->stats(); }

}  // namespace tocsin::adapters
