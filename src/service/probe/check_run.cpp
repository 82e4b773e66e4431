#include "service/probe/check_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tocsin::service {
namespace {

// A name with dozens of addresses must not cut every share of the time to nothing.
constexpr std::size_t kMaxAddresses = 8;

}  // namespace

CheckRun::CheckRun(std::shared_ptr<ProbeContext> context,
                   std::shared_ptr<const check::CheckSpec> spec, Done done)
    : context_(std::move(context)),
      spec_(std::move(spec)),
      done_(std::move(done)),
      started_(context_->clock.now()),
      began_(context_->clock.mono_now()),
      deadline_(began_ + spec_->timeout) {}

std::optional<LookupFailure> CheckRun::end_lookup(
    std::expected<std::vector<std::string>, LookupFailure> found) {
  dns_ = context_->clock.mono_now() - began_;
  if (!found) {
    return std::move(found).error();
  }
  set_addresses(*std::move(found));
  return std::nullopt;
}

void CheckRun::set_addresses(std::vector<std::string> addresses) {
  addresses_ = std::move(addresses);
  addresses_.resize(std::min(addresses_.size(), kMaxAddresses));
  at_ = 0;
}

std::string_view CheckRun::address() const {
  return at_ < addresses_.size() ? std::string_view(addresses_[at_]) : std::string_view();
}

bool CheckRun::next_address() {
  if (at_ + 1 >= addresses_.size()) {
    return false;
  }
  ++at_;
  return true;
}

std::string CheckRun::as_the_last() const {
  return addresses_.size() > 1 ? fmt::format(", as the last of {} addresses", addresses_.size())
                               : "";
}

std::expected<ExchangeTime, Refusal> CheckRun::begin_exchange() {
  if (context_->stopped) {
    return std::unexpected(Refusal{check::Reason::interrupted, std::string(kCheckWasStopped)});
  }
  const MonoTime now = context_->clock.mono_now();
  const auto remaining = std::chrono::floor<Milliseconds>(deadline_ - now);
  if (remaining < Milliseconds{1}) {
    return std::unexpected(
        Refusal{check::Reason::timeout, "no connection within " + format_duration(spec_->timeout)});
  }
  exchange_began_ = now - began_;
  ExchangeTime time{remaining, Milliseconds{0}};
  if (at_ + 1 < addresses_.size()) {
    const auto left = static_cast<std::int64_t>(addresses_.size() - at_);
    time.connect_timeout = std::max(Milliseconds{1}, remaining / left);
  }
  return time;
}

check::Timings CheckRun::merge_timings(const check::Timings& exchange) const {
  const auto shift = [this](const std::optional<Microseconds>& phase) {
    return phase ? std::optional(*phase + exchange_began_) : std::nullopt;
  };
  return {.dns = dns_,
          .connect = shift(exchange.connect),
          .tls = shift(exchange.tls),
          .first_byte = shift(exchange.first_byte),
          .total = shift(exchange.total)};
}

void finish(std::unique_ptr<CheckRun> run, check::Outcome outcome, const check::Timings& exchange) {
  outcome.started = run->started_;
  outcome.timings = run->merge_timings(exchange);
  run->outcome_ = std::move(outcome);
  ports::Loop& loop = run->context_->loop;
  loop.post([run = std::move(run)] {
    check::Outcome& result = run->outcome_;
    if (!result.timings.total) {
      result.timings.total = run->context_->clock.mono_now() - run->began_;
    }
    result.duration = *result.timings.total;
    run->done_(std::move(result));
  });
}

void fail(std::unique_ptr<CheckRun> run, check::Reason reason, std::string_view what) {
  check::Outcome outcome = check::judge_failure(run->attempt(""), reason, what);
  finish(std::move(run), std::move(outcome), {});
}

}  // namespace tocsin::service
