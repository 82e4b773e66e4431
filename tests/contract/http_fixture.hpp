#pragma once
// Drives a ports::HttpClient from a test's thread.

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "adapters/http_curl/http_curl.hpp"
#include "support/loopback_server.hpp"

namespace tocsin::test {

using FailureKind = ports::HttpFailure::Kind;

inline std::string describe(const ports::HttpResult& result) {
  if (result) {
    return "status " + std::to_string(result->status) + ", body of " +
           std::to_string(result->body_bytes) + " bytes";
  }
  return "failure " + std::to_string(static_cast<int>(result.error().kind)) + ": " +
         result.error().message;
}

inline std::future<ports::HttpResult> begin_fetch(ports::HttpClient& client,
                                                  ports::HttpRequest request) {
  auto promise = std::make_shared<std::promise<ports::HttpResult>>();
  auto future = promise->get_future();
  client.start(std::move(request),
               [promise](ports::HttpResult result) { promise->set_value(std::move(result)); });
  return future;
}

// A client that does not answer at all would hang the suite: that is a failure of its own.
inline ports::HttpResult await(std::future<ports::HttpResult>& future) {
  if (future.wait_for(std::chrono::seconds{30}) != std::future_status::ready) {
    ADD_FAILURE() << "no answer";
    return std::unexpected(ports::HttpFailure{});
  }
  return future.get();
}

inline ports::HttpResult fetch(ports::HttpClient& client, ports::HttpRequest request) {
  auto future = begin_fetch(client, std::move(request));
  return await(future);
}

inline ports::HttpRequest get(std::string url) {
  ports::HttpRequest request;
  request.url = std::move(url);
  return request;
}

// Answers one request with a text.
inline LoopbackServer::Script answer(std::string text) {
  return [text = std::move(text)](Peer& peer) {
    peer.read_request();
    peer.send(text);
  };
}

}  // namespace tocsin::test
