// What Tocsin's HTTP client costs per exchange, without schedule, judgement and store: the same
// load as bench/libcurl_reference.cpp. The distance between the two is what our client adds.
//
// usage: http_client_load URL SECONDS CONCURRENCY      prints "N transfers, F failed"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>

#include "adapters/http_curl/http_curl.hpp"

namespace {

struct Load {
  tocsin::adapters::HttpCurl client;
  std::string url;
  std::atomic<bool> stopping = false;
  std::atomic<unsigned long> finished = 0;
  std::atomic<unsigned long> failed = 0;
  std::atomic<unsigned long> in_flight = 0;

  void start_one() {
    tocsin::ports::HttpRequest request;
    request.url = url;
    request.timeout = tocsin::Milliseconds{5'000};
    client.start(std::move(request), [this](tocsin::ports::HttpResult result) {
      ++finished;
      failed += result && result->status == 200 ? 0 : 1;
      if (stopping) {
        --in_flight;
      } else {
        start_one();
      }
    });
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: http_client_load URL SECONDS CONCURRENCY\n", stderr);
    return 2;
  }
  Load load;
  load.url = argv[1];
  load.in_flight = std::strtoul(argv[3], nullptr, 10);
  for (unsigned long i = load.in_flight; i > 0; --i) {
    load.start_one();
  }
  std::this_thread::sleep_for(std::chrono::seconds{std::strtol(argv[2], nullptr, 10)});
  load.stopping = true;
  while (load.in_flight > 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  std::printf("%lu transfers, %lu failed\n", load.finished.load(), load.failed.load());
  return load.failed == 0 ? 0 : 1;
}
