// What libcurl alone costs per exchange: fresh connections to one URL, N at a time, as fast as they
// go, on curl_multi_socket_action and epoll. A reference for bench/http_checks.py.
//
// usage: libcurl_reference URL SECONDS CONCURRENCY      prints "N transfers, F failed"

#include <curl/curl.h>
#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

struct Loop {
  CURLM* multi = nullptr;
  int epoll = -1;
  SteadyTime timer = SteadyTime::max();
  unsigned long finished = 0;
  unsigned long failed = 0;
};

std::size_t count_body(char* /*data*/, std::size_t size, std::size_t count, void* /*user*/) {
  return size * count;
}

int on_socket(CURL* /*easy*/, curl_socket_t socket, int what, void* user, void* known) {
  auto& loop = *static_cast<Loop*>(user);
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(loop.epoll, EPOLL_CTL_DEL, socket, nullptr);
    return 0;
  }
  epoll_event event{};
  event.events = ((what & CURL_POLL_IN) != 0 ? std::uint32_t{EPOLLIN} : 0U) |
                 ((what & CURL_POLL_OUT) != 0 ? std::uint32_t{EPOLLOUT} : 0U);
  event.data.fd = socket;
  epoll_ctl(loop.epoll, known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event);
  curl_multi_assign(loop.multi, socket, &loop);
  return 0;
}

int on_timer(CURLM* /*multi*/, long timeout_ms, void* user) {
  auto& loop = *static_cast<Loop*>(user);
  loop.timer = timeout_ms < 0
                   ? SteadyTime::max()
                   : std::chrono::steady_clock::now() + std::chrono::milliseconds{timeout_ms};
  return 0;
}

void restart_finished(Loop& loop, bool again) {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(loop.multi, &left)) {
    CURL* const easy = message->easy_handle;
    ++loop.finished;
    loop.failed += message->data.result == CURLE_OK ? 0 : 1;
    curl_multi_remove_handle(loop.multi, easy);
    if (again) {
      curl_multi_add_handle(loop.multi, easy);
    } else {
      curl_easy_cleanup(easy);
    }
  }
}

void turn(Loop& loop) {
  const auto now = std::chrono::steady_clock::now();
  int wait = 100;
  if (loop.timer != SteadyTime::max()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(loop.timer - now).count();
    wait = left < 0 ? 0 : static_cast<int>(left < 100 ? left : 100);
  }
  std::array<epoll_event, 256> events{};
  int running = 0;
  const int count = epoll_wait(loop.epoll, events.data(), events.size(), wait);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events.at(static_cast<std::size_t>(i));
    const int mask = ((event.events & EPOLLIN) != 0U ? CURL_CSELECT_IN : 0) |
                     ((event.events & EPOLLOUT) != 0U ? CURL_CSELECT_OUT : 0) |
                     ((event.events & (EPOLLERR | EPOLLHUP)) != 0U ? CURL_CSELECT_ERR : 0);
    curl_multi_socket_action(loop.multi, event.data.fd, mask, &running);
  }
  if (std::chrono::steady_clock::now() >= loop.timer) {
    loop.timer = SteadyTime::max();
    curl_multi_socket_action(loop.multi, CURL_SOCKET_TIMEOUT, 0, &running);
  }
}

void add_transfer(Loop& loop, const char* url, curl_slist* headers) {
  CURL* const easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 5000L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &count_body);
  curl_multi_add_handle(loop.multi, easy);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: libcurl_reference URL SECONDS CONCURRENCY\n", stderr);
    return 2;
  }
  curl_global_init(CURL_GLOBAL_DEFAULT);
  Loop loop;
  loop.multi = curl_multi_init();
  loop.epoll = epoll_create1(EPOLL_CLOEXEC);
  curl_multi_setopt(loop.multi, CURLMOPT_SOCKETFUNCTION, &on_socket);
  curl_multi_setopt(loop.multi, CURLMOPT_SOCKETDATA, &loop);
  curl_multi_setopt(loop.multi, CURLMOPT_TIMERFUNCTION, &on_timer);
  curl_multi_setopt(loop.multi, CURLMOPT_TIMERDATA, &loop);
  curl_slist* const headers = curl_slist_append(nullptr, "Connection: close");
  const auto concurrency = std::strtoul(argv[3], nullptr, 10);
  for (unsigned long i = 0; i < concurrency; ++i) {
    add_transfer(loop, argv[1], headers);
  }
  const auto begin = std::chrono::steady_clock::now();
  const auto end = begin + std::chrono::seconds{std::strtol(argv[2], nullptr, 10)};
  while (std::chrono::steady_clock::now() < end) {
    turn(loop);
    restart_finished(loop, true);
  }
  const auto stop = std::chrono::steady_clock::now() + std::chrono::seconds{5};
  const unsigned long wanted = loop.finished + concurrency;
  while (loop.finished < wanted && std::chrono::steady_clock::now() < stop) {
    turn(loop);
    restart_finished(loop, false);
  }
  std::printf("%lu transfers, %lu failed\n", loop.finished, loop.failed);
  return loop.failed == 0 ? 0 : 1;
}
