#pragma once
// The HTTP API as a function from Request to Response. Knows no socket; web/http carries it.

#include <expected>
#include <memory>
#include <optional>

#include "base/result.hpp"
#include "config/model.hpp"
#include "web/access.hpp"
#include "web/context.hpp"
#include "web/request.hpp"

namespace tocsin::web {

// Loop thread only. Answers that wait for the store or a check keep what they need alive, so the
// API may go before they come; the Context's references must outlive the loop's last turn.
class Api {
 public:
  // `settings` must pass check_listen_safety.
  Api(Context context, const config::Settings& settings);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  // Takes over tokens, roles and metrics settings of a reload. invalid: they would open a listener
  // to everybody (check_listen_safety); the old ones stay.
  [[nodiscard]] Result<void> apply(const config::Settings& settings);

  // Judges a request by its head alone: framing, target, host, route, token, content type. nullopt:
  // go on and read the body. The transport asks before it reads a body, so that nobody without a
  // token makes us hold one.
  [[nodiscard]] std::optional<Response> refuse_head(const Request& head);

  // How much of a body is of interest, as RequestHandler::keep_of_body wants to know.
  [[nodiscard]] std::optional<std::uint64_t> keep_of_body(const Request& head) const;

  // Answers one whole request; judges the head again.
  void handle(Request request, Responder respond);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tocsin::web
