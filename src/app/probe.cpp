// `tocsin probe`: one check now.

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/commands.hpp"
#include "app/config_source.hpp"
#include "app/console.hpp"
#include "app/network.hpp"
#include "app/outcome_text.hpp"
#include "check/address.hpp"
#include "check/assertions.hpp"
#include "check/url.hpp"
#include "service/redaction.hpp"

namespace tocsin::app {
namespace {

using SpecResult = Result<std::shared_ptr<check::CheckSpec>>;

SpecResult spec_of_url(const std::string& url) {
  if (auto parsed = check::parse_url(url); !parsed) {
    return std::unexpected(std::move(parsed).error());
  }
  auto spec = std::make_shared<check::CheckSpec>();
  spec->target = check::HttpCheck{url, std::make_shared<const check::HttpOptions>()};
  spec->assertions = check::Assertions::none();
  return spec;
}

SpecResult spec_of_tcp(const std::string& authority) {
  auto endpoint = check::parse_host_port(authority);
  if (!endpoint) {
    return fail(ErrorCode::invalid, fmt::format("tcp://{}: expected tcp://host:port", authority));
  }
  auto spec = std::make_shared<check::CheckSpec>();
  check::TcpCheck target;
  target.host = endpoint->host;
  target.port = endpoint->port;
  spec->target = target;
  spec->assertions = check::Assertions::none();
  return spec;
}

SpecResult spec_of_monitor(const ProbeOptions& options, std::vector<std::string>& secrets) {
  auto loaded = load_config(options.config);
  if (!loaded) {
    return std::unexpected(std::move(loaded).error().with(
        fmt::format("'{}' is no URL, and the configuration cannot be read", options.target)));
  }
  if (!loaded->config) {
    print_diagnostics(*loaded, stderr);
    return fail(ErrorCode::invalid, options.config + " is broken");
  }
  secrets = loaded->secrets;
  const auto& monitors = loaded->config->monitors;
  const auto found = std::ranges::find(monitors, options.target, &config::Monitor::name);
  if (found == monitors.end()) {
    return fail(ErrorCode::not_found,
                fmt::format("there is no monitor named '{}' in {}; a URL begins with http://, "
                            "https:// or tcp://",
                            options.target, options.config));
  }
  return std::make_shared<check::CheckSpec>(*found->check);
}

// `secrets` gets what the outcome must not show.
SpecResult spec_of(const ProbeOptions& options, std::vector<std::string>& secrets) {
  const std::string& target = options.target;
  if (target.starts_with("http://") || target.starts_with("https://")) {
    return spec_of_url(target);
  }
  if (target.starts_with("tcp://")) {
    return spec_of_tcp(target.substr(6));
  }
  return spec_of_monitor(options, secrets);
}

// The conditions of the command line stand instead of the monitor's.
Result<void> apply_options(const ProbeOptions& options, check::CheckSpec& spec) {
  if (options.timeout) {
    const auto timeout = parse_duration(*options.timeout);
    if (!timeout || *timeout <= Milliseconds{0}) {
      return fail(ErrorCode::invalid,
                  fmt::format("--timeout: found '{}', expected a duration such as 5s or 500ms",
                              *options.timeout));
    }
    spec.timeout = *timeout;
  }
  if (options.expect.empty()) {
    return {};
  }
  auto compiled =
      check::Assertions::compile(options.expect, {}, check::placeholders_of(check::kind_of(spec)));
  std::string errors;
  for (const check::AssertionProblem& problem : compiled.problems) {
    const std::string line =
        fmt::format("--expect '{}': {}", options.expect[problem.index], problem.message);
    if (problem.warning) {
      fmt::print(stderr, "tocsin: warning: {}\n", line);
    } else {
      errors += errors.empty() ? line : "\n" + line;
    }
  }
  if (!compiled.assertions) {
    return fail(ErrorCode::invalid, errors);
  }
  spec.assertions = std::move(compiled.assertions);
  return {};
}

int exit_code_of(check::Status status) {
  switch (status) {
    case check::Status::up:
      return kDone;
    case check::Status::down:
      return kFailed;
    case check::Status::unknown:
      return kUnknown;
  }
  return kUnknown;
}

check::Outcome run_check(Network& network, std::shared_ptr<const check::CheckSpec> spec) {
  check::Outcome result;
  network.loop().post([&] {
    const Instant started = network.clock().now();
    const MonoTime began = network.clock().mono_now();
    network.prober().start(std::move(spec), [&, started, began](check::Outcome outcome) {
      result = std::move(outcome);
      result.origin = check::Origin::manual;
      result.started = started;
      result.duration = result.timings.total.value_or(network.clock().mono_now() - began);
      network.loop().stop();
    });
  });
  network.loop().run();
  return result;
}

}  // namespace

int probe(const ProbeOptions& options) {
  std::vector<std::string> secrets;
  auto spec = spec_of(options, secrets);
  if (!spec) {
    fmt::print(stderr, "tocsin: {}\n", spec.error().message);
    return kUsage;
  }
  if (const auto applied = apply_options(options, **spec); !applied) {
    fmt::print(stderr, "tocsin: {}\n", applied.error().message);
    return kUsage;
  }
  Network network({});
  check::Outcome outcome = run_check(network, *spec);
  service::redact(outcome, Redactor(std::move(secrets)));
  network.stop_clients();
  fmt::print("{}", options.json ? outcome_document(outcome)
                                : render_outcome(options.target, outcome, terminal_style()));
  return exit_code_of(outcome.status);
}

}  // namespace tocsin::app
