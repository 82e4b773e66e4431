#include "service/probe/tcp_prober.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/utf8.hpp"
#include "check/judge.hpp"
#include "service/probe/check_run.hpp"

namespace tocsin::service {

namespace {

using Kind = ports::TcpFailure::Kind;

constexpr std::size_t kMaxShownBytes = 100;

struct Run final : CheckRun {
  Run(std::shared_ptr<ProbeContext> context, std::shared_ptr<const check::CheckSpec> spec,
      Done done, ports::TcpClient& tcp)
      : CheckRun(std::move(context), std::move(spec), std::move(done)), client(tcp) {}

  ports::TcpClient& client;

  // Null for another kind of check.
  [[nodiscard]] const check::TcpCheck* target() const {
    return std::get_if<check::TcpCheck>(&spec().target);
  }
  [[nodiscard]] check::Attempt attempt(std::string_view /*remote*/) const override {
    if (target() == nullptr) {
      return {.action = "check"};
    }
    return {.action = "connect to",
            .host = target()->host,
            .address = address(),
            .port = target()->port};
  }
};
using RunPtr = std::unique_ptr<Run>;

check::Reason reason_of(Kind kind) {
  switch (kind) {
    case Kind::connect:
      return check::Reason::connect;
    case Kind::timeout:
      return check::Reason::timeout;
    case Kind::closed:
      return check::Reason::protocol;
    case Kind::mismatch:
      return check::Reason::assertion;
    case Kind::resources:
      return check::Reason::resources;
    case Kind::cancelled:
      return check::Reason::interrupted;
    case Kind::internal:
      break;
  }
  return check::Reason::internal;
}

std::string received(const ports::TcpFailure& failure) {
  return failure.received.empty()
             ? "nothing was received"
             : fmt::format("received \"{}\"", printable(clip(failure.received, kMaxShownBytes)));
}

std::string describe_failure(const ports::TcpFailure& failure, const check::CheckSpec& spec) {
  const std::string expected =
      printable(clip(std::get<check::TcpCheck>(spec.target).expect, kMaxShownBytes));
  switch (failure.kind) {
    case Kind::timeout:
      return failure.connected
                 ? fmt::format("connected, but \"{}\" did not come within {}, {}", expected,
                               format_duration(spec.timeout), received(failure))
                 : fmt::format("no connection within {}", format_duration(spec.timeout));
    case Kind::closed:
      return fmt::format("connected, but the peer closed before \"{}\" came, {}", expected,
                         received(failure));
    case Kind::mismatch:
      return fmt::format("connected, but \"{}\" was not in the first {} bytes, {}", expected,
                         failure.received.size(), received(failure));
    case Kind::resources:
      return "out of resources here: " + failure.message;
    case Kind::cancelled:
      return std::string(kCheckWasStopped);
    case Kind::connect:
    case Kind::internal:
      break;
  }
  return failure.message.empty() ? "failed without a message" : failure.message;
}

void try_address(RunPtr run);

void on_failure(RunPtr run, const ports::TcpFailure& failure) {
  if (unconnected(failure) && run->next_address()) {
    try_address(std::move(run));
    return;
  }
  std::string what = describe_failure(failure, run->spec());
  if (unconnected(failure)) {
    what += run->as_the_last();
  }
  check::Outcome outcome = check::judge_failure(run->attempt(""), reason_of(failure.kind), what);
  finish(std::move(run), std::move(outcome), failure.timings);
}

void on_response(RunPtr run, const ports::TcpResponse& response) {
  const check::Attempt attempt = run->attempt("");
  check::Response facts;
  facts.connected = true;
  facts.ip = attempt.address;
  facts.response_time = run->merge_timings(response.timings).total.value_or(Microseconds{0});
  check::Outcome outcome = check::judge_response(attempt, *run->spec().assertions, facts);
  finish(std::move(run), std::move(outcome), response.timings);
}

void try_address(RunPtr run) {
  const auto time = run->begin_exchange();
  if (!time) {
    fail(std::move(run), time.error().reason, time.error().what);
    return;
  }
  ports::TcpRequest request;
  request.address = run->address();
  request.port = run->target()->port;
  request.send = run->target()->send;
  request.expect = run->target()->expect;
  request.timeout = time->timeout;
  request.connect_timeout = time->connect_timeout;
  ports::TcpClient& client = run->client;
  client.start(std::move(request), [run = std::move(run)](ports::TcpResult r) mutable {
    if (r) {
      on_response(std::move(run), *r);
    } else {
      on_failure(std::move(run), r.error());
    }
  });
}

}  // namespace

TcpProber::TcpProber(ports::Loop& loop, ports::Clock& clock, Lookups& lookups,
                     ports::TcpClient& client)
    : context_(std::make_shared<ProbeContext>(loop, clock, lookups)), client_(client) {}

TcpProber::~TcpProber() { context_->stopped = true; }

void TcpProber::start(std::shared_ptr<const check::CheckSpec> spec,
                      std::move_only_function<void(check::Outcome)> done) {
  auto run = std::make_unique<Run>(context_, std::move(spec), std::move(done), client_);
  const check::TcpCheck* target = run->target();
  if (target == nullptr) {
    fail(std::move(run), check::Reason::internal, "this is not a tcp check");
    return;
  }
  look_up(std::move(run), target->host, target->family, try_address);
}

}  // namespace tocsin::service
