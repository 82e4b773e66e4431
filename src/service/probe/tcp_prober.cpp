#include "service/probe/tcp_prober.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/utf8.hpp"
#include "check/address.hpp"
#include "check/judge.hpp"

namespace tocsin::service {

struct TcpProber::Context {
  ports::Loop& loop;
  ports::Clock& clock;
  Lookups& lookups;
  ports::TcpClient& client;
  bool stopped = false;
};

namespace {

using Kind = ports::TcpFailure::Kind;

constexpr std::size_t kMaxAddresses = 8;
constexpr std::size_t kMaxShownBytes = 100;

// One check under way; the callback that is awaited owns it.
struct Run {
  std::shared_ptr<TcpProber::Context> context;
  std::shared_ptr<const check::CheckSpec> spec;
  std::move_only_function<void(check::Outcome)> done;
  Instant started{};
  MonoTime began{};
  MonoTime deadline{};
  std::vector<std::string> addresses;
  std::size_t address = 0;
  std::optional<Microseconds> dns;
  Microseconds exchange_began{0};
  check::Outcome outcome;

  [[nodiscard]] const check::TcpCheck& target() const {
    return std::get<check::TcpCheck>(spec->target);
  }
  [[nodiscard]] check::Attempt attempt() const {
    return {.action = "connect to",
            .host = target().host,
            .address = address < addresses.size() ? std::string_view(addresses[address])
                                                  : std::string_view(),
            .port = target().port};
  }
};
using RunPtr = std::unique_ptr<Run>;

void finish(RunPtr run, check::Outcome outcome, const check::Timings& exchange) {
  const auto shift = [&run](const std::optional<Microseconds>& phase) {
    return phase ? std::optional(*phase + run->exchange_began) : std::nullopt;
  };
  outcome.timings.dns = run->dns;
  outcome.timings.connect = shift(exchange.connect);
  outcome.timings.first_byte = shift(exchange.first_byte);
  outcome.timings.total = shift(exchange.total);
  if (!outcome.timings.total) {
    outcome.timings.total = run->context->clock.mono_now() - run->began;
  }
  outcome.duration = *outcome.timings.total;
  outcome.started = run->started;
  run->outcome = std::move(outcome);
  ports::Loop& loop = run->context->loop;
  loop.post([run = std::move(run)] { run->done(std::move(run->outcome)); });
}

void fail(RunPtr run, check::Reason reason, std::string_view what) {
  check::Outcome outcome = check::judge_failure(run->attempt(), reason, what);
  finish(std::move(run), std::move(outcome), {});
}

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
      return "the check was stopped";
    case Kind::connect:
    case Kind::internal:
      break;
  }
  return failure.message.empty() ? "failed without a message" : failure.message;
}

void try_address(RunPtr run);

void on_failure(RunPtr run, const ports::TcpFailure& failure) {
  const bool unconnected =
      failure.kind == Kind::connect || (failure.kind == Kind::timeout && !failure.connected);
  if (unconnected && run->address + 1 < run->addresses.size()) {
    ++run->address;
    try_address(std::move(run));
    return;
  }
  std::string what = describe_failure(failure, *run->spec);
  if (unconnected && run->addresses.size() > 1) {
    what += fmt::format(", as the last of {} addresses", run->addresses.size());
  }
  check::Outcome outcome = check::judge_failure(run->attempt(), reason_of(failure.kind), what);
  finish(std::move(run), std::move(outcome), failure.timings);
}

void on_response(RunPtr run, const ports::TcpResponse& response) {
  const check::Attempt attempt = run->attempt();
  check::Response facts;
  facts.connected = true;
  facts.ip = attempt.address;
  facts.response_time = response.timings.total.value_or(Microseconds{0}) + run->exchange_began;
  check::Outcome outcome = check::judge_response(attempt, *run->spec->assertions, facts);
  finish(std::move(run), std::move(outcome), response.timings);
}

void try_address(RunPtr run) {
  TcpProber::Context& context = *run->context;
  if (context.stopped) {
    fail(std::move(run), check::Reason::interrupted, "the check was stopped");
    return;
  }
  const MonoTime now = context.clock.mono_now();
  const auto remaining = std::chrono::floor<Milliseconds>(run->deadline - now);
  if (remaining < Milliseconds{1}) {
    const std::string what = "no connection within " + format_duration(run->spec->timeout);
    fail(std::move(run), check::Reason::timeout, what);
    return;
  }
  ports::TcpRequest request;
  request.address = run->addresses[run->address];
  request.port = run->target().port;
  request.send = run->target().send;
  request.expect = run->target().expect;
  request.timeout = remaining;
  if (run->address + 1 < run->addresses.size()) {
    const auto left = static_cast<std::int64_t>(run->addresses.size() - run->address);
    request.connect_timeout = std::max(Milliseconds{1}, remaining / left);
  }
  run->exchange_began = now - run->began;
  context.client.start(std::move(request), [run = std::move(run)](ports::TcpResult r) mutable {
    if (r) {
      on_response(std::move(run), *r);
    } else {
      on_failure(std::move(run), r.error());
    }
  });
}

void on_lookup(RunPtr run, std::expected<std::vector<std::string>, LookupFailure> found) {
  run->dns = run->context->clock.mono_now() - run->began;
  if (!found) {
    fail(std::move(run), found.error().reason, found.error().message);
    return;
  }
  run->addresses = *std::move(found);
  run->addresses.resize(std::min(run->addresses.size(), kMaxAddresses));
  try_address(std::move(run));
}

}  // namespace

TcpProber::TcpProber(ports::Loop& loop, ports::Clock& clock, Lookups& lookups,
                     ports::TcpClient& client)
    : context_(std::make_shared<Context>(loop, clock, lookups, client)) {}

TcpProber::~TcpProber() { context_->stopped = true; }

void TcpProber::start(std::shared_ptr<const check::CheckSpec> spec,
                      std::move_only_function<void(check::Outcome)> done) {
  auto run = std::make_unique<Run>();
  run->context = context_;
  run->done = std::move(done);
  run->started = context_->clock.now();
  run->began = context_->clock.mono_now();
  run->deadline = run->began + spec->timeout;
  run->spec = std::move(spec);
  const auto* tcp = std::get_if<check::TcpCheck>(&run->spec->target);
  if (tcp == nullptr) {
    run->outcome = {};
    check::Outcome outcome =
        check::judge_failure({.action = "check"}, check::Reason::internal, "not a tcp check");
    finish(std::move(run), std::move(outcome), {});
    return;
  }
  if (check::is_numeric_address(tcp->host)) {
    run->addresses.push_back(tcp->host);
    try_address(std::move(run));
    return;
  }
  const MonoTime deadline = run->deadline;
  Lookups& lookups = context_->lookups;
  lookups.resolve(tcp->host, tcp->family, deadline, [run = std::move(run)](auto found) mutable {
    on_lookup(std::move(run), std::move(found));
  });
}

}  // namespace tocsin::service
