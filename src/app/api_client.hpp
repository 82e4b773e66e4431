#pragma once
// Asks a running daemon's API. Used by client commands, on their own loop.

#include <functional>
#include <string>

#include "app/network.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "ports/loop.hpp"

namespace tocsin::app {

class ApiClient {
 public:
  struct Answer {
    int status = 0;
    std::string body;
  };
  using Done = std::move_only_function<void(Result<Answer>)>;

  // `url` is where the daemon listens, without a path. `network` outlives the client.
  [[nodiscard]] static Result<ApiClient> at(Network& network, std::string url, std::string token);

  // `path` begins with a slash. `done` runs on the loop thread. Errors name the daemon's address
  // and what to try.
  void get(const std::string& path, Done done);

  struct Request {
    std::string method = "GET";
    std::string path;
    std::string body;  // JSON; of everything but GET
    Milliseconds timeout{10'000};
  };
  void send(Request asked, Done done);

 private:
  ApiClient(Network& network, std::string url, std::string host, std::string token)
      : network_(&network),
        url_(std::move(url)),
        host_(std::move(host)),
        token_(std::move(token)) {}

  Network* network_;
  std::string url_;
  std::string host_;
  std::string token_;
};

}  // namespace tocsin::app
