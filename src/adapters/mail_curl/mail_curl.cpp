#include "adapters/mail_curl/mail_curl.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/mail_curl/exchange.hpp"
#include "adapters/mail_curl/request_rules.hpp"
#include "base/result.hpp"

namespace tocsin::adapters {
namespace {

using Done = std::move_only_function<void(ports::MailResult)>;
using Kind = ports::MailFailure::Kind;

ports::MailResult failure(Kind kind, std::string message) {
  ports::MailFailure out;
  out.kind = kind;
  out.message = std::move(message);
  return std::unexpected(std::move(out));
}

void initialise_libcurl() {
  // Counts uses; only the first in the process does anything.
  static const CURLcode kInitialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (kInitialised != CURLE_OK) {
    throw std::system_error(ENOMEM, std::generic_category(), "curl_global_init");
  }
}

// Runs exchanges, one per thread. take() and stop() on one thread.
class Workers {
 public:
  using Job =
      std::pair<std::shared_ptr<Exchange>, std::move_only_function<void(ports::MailResult)>>;

  Workers() = default;
  ~Workers() { stop(); }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // False: no thread could be made. `finished` runs on a thread of the pool.
  bool take(std::shared_ptr<Exchange> exchange, Done finished) {
    const std::scoped_lock lock(mutex_);
    if (idle_ <= jobs_.size()) {
      try {
        threads_.emplace_back([this] { serve(); });
      } catch (const std::system_error&) {
        return false;
      }
    }
    jobs_.emplace_back(std::move(exchange), std::move(finished));
    wake_.notify_one();
    return true;
  }

  void stop() {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) {
      thread.join();
    }
    threads_.clear();
  }

 private:
  void serve() {
    std::unique_lock lock(mutex_);
    while (true) {
      ++idle_;
      wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      --idle_;
      if (jobs_.empty()) {
        return;
      }
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job.second(job.first->run());
      job = {};
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;  // these four are guarded by mutex_
  std::size_t idle_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

// Who is being served and who waits. Loop thread. Shared with the posts of results.
class MailCurl::Post : public std::enable_shared_from_this<Post> {
 public:
  Post(ports::Loop& loop, const ports::Clock& clock, MailCurlOptions options)
      : loop_(loop), clock_(clock), options_(std::move(options)) {}

  void add(ports::MailRequest request, Done done) {
    const std::uint64_t id = next_++;
    if (std::string wrong = invalid_mail(request); !wrong.empty()) {
      answer(std::move(done), failure(Kind::invalid, std::move(wrong)));
    } else if (sending_.size() < options_.max_threads) {
      begin(id, std::move(request), std::move(done));
    } else if (waiting_.size() < options_.max_waiting) {
      wait(id, std::move(request), std::move(done));
    } else {
      answer(std::move(done),
             failure(Kind::resources, fmt::format("{} messages wait already", waiting_.size())));
    }
  }

  void stop() {
    stopping_ = true;
    for (auto& [id, waiting] : std::exchange(waiting_, {})) {
      loop_.cancel(waiting.timer);
      answer(std::move(waiting.done), failure(Kind::cancelled, "stopping"));
    }
    for (auto& [id, sending] : sending_) {
      sending.exchange->abort();
    }
    // Results are posted from now on to whoever still runs the loop.
    workers_.stop();
  }

  [[nodiscard]] Stats stats() const { return {sending_.size(), waiting_.size()}; }

 private:
  struct Sending {
    std::shared_ptr<Exchange> exchange;
    Done done;
  };
  struct Waiting {
    ports::MailRequest request;
    Done done;
    ports::TimerId timer = 0;
  };

  void answer(Done done, ports::MailResult result) {
    loop_.post([done = std::move(done), result = std::move(result)]() mutable {
      done(std::move(result));
    });
  }

  void wait(std::uint64_t id, ports::MailRequest request, Done done) {
    const MonoTime limit = clock_.mono_now() + request.timeout;
    const ports::TimerId timer = loop_.call_at(limit, [self = shared_from_this(), id] {
      if (auto waiting = self->waiting_.extract(id)) {
        self->answer(std::move(waiting.mapped().done),
                     failure(Kind::resources,
                             fmt::format("no turn within {}, {} messages are being sent already",
                                         format_duration(waiting.mapped().request.timeout),
                                         self->sending_.size())));
      }
    });
    waiting_.emplace(id, Waiting{std::move(request), std::move(done), timer});
  }

  void begin(std::uint64_t id, ports::MailRequest request, Done done) {
    auto exchange = std::make_shared<Exchange>(std::move(request), options_.hello_name);
    const bool taken =
        workers_.take(exchange, [self = shared_from_this(), id](ports::MailResult result) {
          ports::Loop& loop = self->loop_;
          loop.post([self, id, result = std::move(result)]() mutable {
            self->finish(id, std::move(result));
          });
        });
    if (!taken) {
      answer(std::move(done), failure(Kind::resources, "no thread left in this process"));
      return;
    }
    sending_.emplace(id, Sending{std::move(exchange), std::move(done)});
  }

  void finish(std::uint64_t id, ports::MailResult result) {
    auto sending = sending_.extract(id);
    while (!stopping_ && !waiting_.empty() && sending_.size() < options_.max_threads) {
      auto next = waiting_.extract(waiting_.begin());
      loop_.cancel(next.mapped().timer);
      begin(next.key(), std::move(next.mapped().request), std::move(next.mapped().done));
    }
    sending.mapped().done(std::move(result));
  }

  ports::Loop& loop_;
  const ports::Clock& clock_;
  const MailCurlOptions options_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, Sending> sending_;
  std::map<std::uint64_t, Waiting> waiting_;  // ids grow: in order of arrival
  bool stopping_ = false;
  Workers workers_;
};

MailCurl::MailCurl(ports::Loop& loop, const ports::Clock& clock, MailCurlOptions options) {
  initialise_libcurl();
  post_ = std::make_shared<Post>(loop, clock, std::move(options));
}

MailCurl::~MailCurl() { post_->stop(); }

void MailCurl::send(ports::MailRequest request,
                    std::move_only_function<void(ports::MailResult)> done) {
  post_->add(std::move(request), std::move(done));
}

MailCurl::Stats MailCurl::stats() const { return post_->stats(); }

}  // namespace tocsin::adapters
