#pragma once
// How client commands ask a running daemon: one question after the other, each until it is
// answered.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/api_client.hpp"
#include "app/network.hpp"
#include "app/options.hpp"
#include "base/result.hpp"

namespace tocsin::app {

// Owns its loop and turns it while it waits. One thread.
class Remote {
 public:
  // Error: the URL cannot be used.
  [[nodiscard]] static Result<std::unique_ptr<Remote>> at(const ServerOptions& server);
  Remote(const Remote&) = delete;
  Remote& operator=(const Remote&) = delete;
  ~Remote();

  // The body of an answer of the 2xx kind, valid JSON. Error, for people: there was no answer, or
  // what the daemon says is wrong.
  [[nodiscard]] Result<std::string> ask(ApiClient::Request request);
  // The items of every page, each as its JSON. `path` without a cursor.
  [[nodiscard]] Result<std::vector<std::string>> items(const std::string& path);

  [[nodiscard]] Instant now() const { return network_.clock().now(); }

 private:
  explicit Remote(std::string url) : url_(std::move(url)) {}

  std::string url_;
  Network network_{{}};
  std::optional<ApiClient> client_;
};

// "prod/check out" as one segment of a path, or as a value of a query.
[[nodiscard]] std::string percent_encoded(std::string_view text);
// {"items":[...]}
[[nodiscard]] std::string items_document(const std::vector<std::string>& items);
// Says on standard error what went wrong; the exit code.
int give_up(const Error& error);

}  // namespace tocsin::app
