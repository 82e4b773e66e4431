#pragma once
// What checks that connect to a host have in common: one deadline over the lookup and all
// addresses, phases counted from the start of the check, one answer on the loop. Internal to
// service/probe.

#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "check/address.hpp"
#include "check/judge.hpp"
#include "check/outcome.hpp"
#include "check/spec.hpp"
#include "ports/loop.hpp"
#include "service/probe/lookups.hpp"

namespace tocsin::service {

inline constexpr std::string_view kCheckWasStopped = "the check was stopped";

// Shared by a prober and its checks, which may outlive it.
struct ProbeContext {
  ports::Loop& loop;
  ports::Clock& clock;
  Lookups& lookups;
  bool stopped = false;  // the prober ended; loop thread
};

// Time for one connection and what follows it.
struct ExchangeTime {
  Milliseconds timeout{0};          // until the deadline of the check
  Milliseconds connect_timeout{0};  // an equal share while other addresses wait; 0: none of its own
};

struct Refusal {
  check::Reason reason = check::Reason::internal;
  std::string what;
};

// One check under way. Exactly one callback owns it at any time; it may move between the loop and a
// client's thread where each hand-over is a synchronised queue, so it needs no lock. Loop thread
// unless a function says otherwise.
class CheckRun {
 public:
  using Done = std::move_only_function<void(check::Outcome)>;

  CheckRun(std::shared_ptr<ProbeContext> context, std::shared_ptr<const check::CheckSpec> spec,
           Done done);
  virtual ~CheckRun() = default;
  CheckRun(const CheckRun&) = delete;
  CheckRun& operator=(const CheckRun&) = delete;

  // For the outcome's sentence. `remote` is where the connection went; "" when that is not known.
  [[nodiscard]] virtual check::Attempt attempt(std::string_view remote) const = 0;

  // Ends the lookup: what it found is tried in order. The failure, when it found nothing.
  [[nodiscard]] std::optional<LookupFailure> end_lookup(
      std::expected<std::vector<std::string>, LookupFailure> found);
  void set_addresses(std::vector<std::string> addresses);
  // The address to connect to; "" before the lookup ended.
  [[nodiscard]] std::string_view address() const;
  // Goes on to the next address; false when this was the last one. Any thread.
  [[nodiscard]] bool next_address();
  // ", as the last of 3 addresses"; "" when there was only one. Any thread.
  [[nodiscard]] std::string as_the_last() const;

  // Called before each connection.
  [[nodiscard]] std::expected<ExchangeTime, Refusal> begin_exchange();
  // Phases of the exchange that began last, counted from the start of the check. Any thread.
  [[nodiscard]] check::Timings merge_timings(const check::Timings& exchange) const;

  [[nodiscard]] const check::CheckSpec& spec() const { return *spec_; }
  [[nodiscard]] ProbeContext& context() const { return *context_; }
  [[nodiscard]] MonoTime deadline() const { return deadline_; }

 private:
  friend void finish(std::unique_ptr<CheckRun> run, check::Outcome outcome,
                     const check::Timings& exchange);

  std::shared_ptr<ProbeContext> context_;
  std::shared_ptr<const check::CheckSpec> spec_;
  Done done_;
  Instant started_;
  MonoTime began_;
  MonoTime deadline_;
  std::vector<std::string> addresses_;
  std::size_t at_ = 0;  // of addresses_
  std::optional<Microseconds> dns_;
  Microseconds exchange_began_{0};  // since began_
  check::Outcome outcome_;
};

// Hands the judged outcome to whoever started the check, on the loop. Any thread.
void finish(std::unique_ptr<CheckRun> run, check::Outcome outcome, const check::Timings& exchange);
// The same without an exchange to tell of.
void fail(std::unique_ptr<CheckRun> run, check::Reason reason, std::string_view what);

// The connection was not made, so another address may do better.
template <typename Failure>
[[nodiscard]] bool unconnected(const Failure& failure) {
  using Kind = typename Failure::Kind;
  return failure.kind == Kind::connect || (failure.kind == Kind::timeout && !failure.connected);
}

// Looks `host` up, unless it is an address already, and goes on with `next`; fails the check when
// there is no address.
template <typename Run>
void look_up(std::unique_ptr<Run> run, const std::string& host, check::IpFamily family,
             void (*next)(std::unique_ptr<Run>)) {
  ProbeContext& context = run->context();
  if (check::is_numeric_address(host)) {
    run->set_addresses({host});
    next(std::move(run));
    return;
  }
  run->set_addresses({});
  if (context.stopped) {
    fail(std::move(run), check::Reason::interrupted, kCheckWasStopped);
    return;
  }
  const MonoTime deadline = run->deadline();
  // It may be the run's own, which moves.
  const std::string name = host;  // NOLINT(performance-unnecessary-copy-initialization)
  context.lookups.resolve(name, family, deadline, [run = std::move(run), next](auto found) mutable {
    if (const auto failure = run->end_lookup(std::move(found))) {
      fail(std::move(run), failure->reason, failure->message);
    } else {
      next(std::move(run));
    }
  });
}

}  // namespace tocsin::service
