#include "base/result.hpp"
#include "web/handlers.hpp"
#include "web/ping.hpp"

namespace tocsin::web {
namespace {

// While the store refuses; clients that try again (curl --retry) wait so long.
constexpr std::string_view kRetryAfterSeconds = "5";

Response response_of(const Result<void>& result, std::uint64_t body_limit) {
  if (result) {
    return ping_response(200, "OK", body_limit);
  }
  switch (result.error().code) {
    case ErrorCode::not_found:
      return ping_response(kPingNotFound.status, kPingNotFound.body, body_limit);
    case ErrorCode::conflict:
      return ping_response(409, "too many open runs", body_limit);
    case ErrorCode::invalid:
    case ErrorCode::unavailable:
    case ErrorCode::timeout:
    case ErrorCode::exhausted:
    case ErrorCode::cancelled:
    case ErrorCode::internal:
      break;
  }
  Response out = ping_response(503, "try again", body_limit);
  out.headers.emplace_back("Retry-After", kRetryAfterSeconds);
  return out;
}

}  // namespace

void answer_ping(const SharedPtr& shared, PingCall call, const Request& request,
                 Responder respond) {
  const std::uint64_t limit = shared->pings.body_limit;
  if (request.method == "OPTIONS") {  // a browser asks whether it may: no sign of life
    Response out = ping_response(200, "OK", limit);
    out.headers.emplace_back("Access-Control-Allow-Methods", "GET, HEAD, POST");
    respond(std::move(out));
    return;
  }
  service::PingOf of{std::move(call.uuid), std::move(call.name), request.method == "POST", limit};
  timer::Ping ping;
  ping.action = call.action;
  ping.exit_status = call.exit_status;
  ping.rid = std::move(call.rid);
  ping.text = ping_text(request.body, limit + kReadBeyondLimit);
  shared->context.monitors.ping(
      of, std::move(ping),
      [limit, respond = std::move(respond)](const Result<void>& result) mutable {
        respond(response_of(result, limit));
      });
}

}  // namespace tocsin::web
