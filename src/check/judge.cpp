#include "check/judge.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "base/utf8.hpp"
#include "check/address.hpp"

namespace tocsin::check {
namespace {

constexpr std::size_t kMaxMessageBytes = 1000;

}  // namespace

std::string describe(const Attempt& attempt) {
  std::string out = fmt::format("{} ", attempt.action);
  auto end = std::back_inserter(out);
  const bool numeric = attempt.host == attempt.address && !attempt.via_proxy;
  std::string inside;
  if (numeric) {
    out += format_host_port(attempt.host, attempt.port);
  } else {
    out += attempt.host;
    if (!attempt.address.empty()) {
      inside = attempt.via_proxy ? "proxy " : "";
      inside += format_host_port(attempt.address, attempt.port);
    }
  }
  if (attempt.redirects > 0) {
    fmt::format_to(std::back_inserter(inside), "{}after {} redirect{}", inside.empty() ? "" : ", ",
                   attempt.redirects, attempt.redirects == 1 ? "" : "s");
  }
  if (!inside.empty()) {
    fmt::format_to(end, " ({})", inside);
  }
  return out;
}

Status status_of(Reason reason) {
  switch (reason) {
    case Reason::none:
      return Status::up;
    case Reason::unreadable:
    case Reason::resolver:
    case Reason::resources:
    case Reason::interrupted:
    case Reason::internal:
      return Status::unknown;
    case Reason::dns:
    case Reason::connect:
    case Reason::tls:
    case Reason::timeout:
    case Reason::protocol:
    case Reason::redirect:
    case Reason::status:
    case Reason::assertion:
    case Reason::body_too_large:
    case Reason::exit:
    case Reason::signal:
    case Reason::expired:
    case Reason::reported:
    case Reason::tasks:
      break;
  }
  return Status::down;
}

Outcome judge_failure(const Attempt& attempt, Reason reason, std::string_view what) {
  Outcome outcome;
  outcome.status = status_of(reason);
  outcome.reason = reason;
  // What peers and libraries said may hold anything.
  outcome.message = describe(attempt) + ": " + printable(clip(what, kMaxMessageBytes));
  return outcome;
}

Outcome judge_response(const Attempt& attempt, const Assertions& assertions,
                       const Response& response) {
  Outcome outcome;
  Assertions::Verdict verdict = assertions.evaluate(response);
  const bool status_is_ours = response.http_status && !assertions.names_status();
  if (status_is_ours && (*response.http_status < 200 || *response.http_status > 299)) {
    outcome = judge_failure(attempt, Reason::status,
                            fmt::format("status {}, expected 200 to 299", *response.http_status));
  } else if (!verdict.passed) {
    outcome = judge_failure(attempt, Reason::assertion, verdict.message);
  } else {
    outcome.status = Status::up;
  }
  outcome.conditions = std::move(verdict.conditions);
  outcome.values = std::move(verdict.values);
  return outcome;
}

}  // namespace tocsin::check
