#pragma once
// The place where a handler's answer meets the session that waits for it. Internal to web/http.

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "web/request.hpp"

namespace tocsin::web::http {

// Shared by the session and the Responder; either may go first.
struct Exchange {
  std::optional<Response> answer;
  std::function<void()> wake;  // empty: nobody waits any more

  void settle(Response response) {
    if (!answer) {
      answer = std::move(response);
      if (wake) {
        wake();
      }
    }
  }
};

// A Responder that answers 503 when it is dropped unused, so that no client waits for nothing.
class Answer {
 public:
  explicit Answer(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  Answer(Answer&&) noexcept = default;
  Answer& operator=(Answer&&) = delete;
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  ~Answer() {
    if (exchange_ != nullptr) {
      exchange_->settle(problem_response({503, "unavailable", "the request was given up"}));
    }
  }
  void operator()(Response response) { exchange_->settle(std::move(response)); }

 private:
  std::shared_ptr<Exchange> exchange_;
};

}  // namespace tocsin::web::http
