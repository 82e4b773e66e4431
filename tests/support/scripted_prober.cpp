#include "support/scripted_prober.hpp"

#include <utility>

namespace tocsin::test {
namespace {

const std::string& url_of(const check::CheckSpec& spec) {
  return std::get<check::HttpCheck>(spec.target).url;
}

}  // namespace

check::Outcome ScriptedProber::decide(const std::string& url, Milliseconds timeout,
                                      Milliseconds& latency) {
  check::Outcome outcome;
  outcome.status = check::Status::up;
  latency = Milliseconds{1 + static_cast<std::int64_t>(random_.below(200))};
  const auto fail_as = [&outcome](check::Status status, check::Reason reason, const char* message) {
    outcome.status = status;
    outcome.reason = reason;
    outcome.message = message;
  };
  if (const auto forced = forced_.find(url); forced != forced_.end()) {
    if (forced->second == check::Status::down) {
      fail_as(check::Status::down, check::Reason::connect, "connection refused");
      outcome.evidence = R"({"status":500,"body":"oops"})";
    } else if (forced->second == check::Status::unknown) {
      fail_as(check::Status::unknown, check::Reason::resources, "no descriptors");
    }
    return outcome;
  }
  if (hanging_.contains(url)) {
    latency = timeout;
    fail_as(check::Status::down, check::Reason::timeout, "no answer");
    return outcome;
  }
  if (healed_) {
    return outcome;
  }
  bool& broken = broken_[url];
  if (random_.chance(faults_.flip, 10'000)) {
    broken = !broken;
  }
  if (random_.chance(faults_.unknown, 10'000)) {
    fail_as(check::Status::unknown, check::Reason::resources, "no descriptors");
  } else if (random_.chance(faults_.hang, 10'000)) {
    latency = timeout;
    fail_as(check::Status::down, check::Reason::timeout, "no answer");
  } else if (broken || random_.chance(faults_.glitch, 10'000)) {
    fail_as(check::Status::down, check::Reason::status, "status 500");
  }
  return outcome;
}

void ScriptedProber::start(std::shared_ptr<const check::CheckSpec> spec,
                           std::move_only_function<void(check::Outcome)> done) {
  ++started_;
  ++in_flight_;
  const std::string& url = url_of(*spec);
  if (on_start) {
    on_start(url);
  }
  Milliseconds latency{0};
  check::Outcome outcome = decide(url, spec->timeout, latency);
  outcome.started = clock_.now();
  outcome.timings.total = latency;
  loop_.call_at(clock_.mono_now() + latency, [this, spec = std::move(spec), done = std::move(done),
                                              outcome = std::move(outcome)]() mutable {
    --in_flight_;
    done(std::move(outcome));
    if (on_done) {
      on_done(url_of(*spec));
    }
  });
}

}  // namespace tocsin::test
