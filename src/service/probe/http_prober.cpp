#include "service/probe/http_prober.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "check/address.hpp"
#include "check/judge.hpp"
#include "check/redirect.hpp"
#include "service/probe/http_exchange.hpp"

namespace tocsin::service {

struct HttpProber::Context {
  ports::Loop& loop;
  ports::Clock& clock;
  Lookups& lookups;
  ports::HttpClient& client;
  bool stopped = false;  // loop thread
};

namespace {

// A name with dozens of addresses must not cut every share of the time to nothing.
constexpr std::size_t kMaxAddresses = 8;

// One check under way. Exactly one callback owns it at any time; it moves between the loop and the
// client's thread, and each hand-over is a synchronised queue, so it needs no lock.
struct Run {
  std::shared_ptr<HttpProber::Context> context;
  std::shared_ptr<const check::CheckSpec> spec;
  std::move_only_function<void(check::Outcome)> done;
  Instant started{};
  MonoTime began{};
  MonoTime deadline{};

  check::Url home;  // as configured
  check::Hop hop;
  std::vector<std::string> visited;  // hop keys; empty until the first redirect
  std::uint32_t redirects = 0;

  check::HostPort target;  // what is looked up and connected to: URL, connect_to or proxy
  bool via_proxy = false;
  bool redirected_target = false;  // connect_to: the address is not the URL's own
  std::vector<std::string> addresses;
  std::size_t address = 0;

  std::optional<Microseconds> dns;
  Microseconds exchange_began{0};  // since `began`
  check::Outcome outcome;

  [[nodiscard]] const check::HttpOptions& options() const {
    return *std::get<check::HttpCheck>(spec->target).options;
  }
  [[nodiscard]] Microseconds elapsed() const { return context->clock.mono_now() - began; }
  [[nodiscard]] check::Attempt attempt(std::string_view remote) const {
    std::string_view tried = remote;
    if (tried.empty() && address < addresses.size()) {
      tried = addresses[address];
    } else if (tried.empty() && check::is_numeric_address(target.host)) {
      tried = target.host;
    }
    return {.action = hop.method,
            .host = hop.url.host,
            .address = tried,
            .port = target.port,
            .redirects = redirects,
            .via_proxy = via_proxy};
  }
};
using RunPtr = std::unique_ptr<Run>;

void begin_hop(RunPtr run);
void try_address(RunPtr run);

// Any thread. `outcome` is judged; what the clock knows is added on the loop.
void finish(RunPtr run, check::Outcome outcome, const check::Timings& timings) {
  run->outcome = std::move(outcome);
  run->outcome.started = run->started;
  run->outcome.timings = timings;
  ports::Loop& loop = run->context->loop;
  loop.post([run = std::move(run)] {
    check::Outcome& result = run->outcome;
    if (!result.timings.total) {
      result.timings.total = run->elapsed();
    }
    result.duration = *result.timings.total;
    run->done(std::move(result));
  });
}

void fail(RunPtr run, check::Reason reason, std::string_view what) {
  check::Outcome outcome = check::judge_failure(run->attempt(""), reason, what);
  check::Timings timings;
  timings.dns = run->dns;
  finish(std::move(run), std::move(outcome), timings);
}

// Phases of the last exchange, from the start of the check.
check::Timings merge_timings(const Run& run, const check::Timings& exchange) {
  check::Timings timings;
  const auto shift = [&run](const std::optional<Microseconds>& phase) {
    return phase ? std::optional(*phase + run.exchange_began) : std::nullopt;
  };
  timings.dns = run.dns;
  timings.connect = shift(exchange.connect);
  timings.tls = shift(exchange.tls);
  timings.first_byte = shift(exchange.first_byte);
  timings.total = shift(exchange.total);
  return timings;
}

// Client's thread.
void on_failure(RunPtr run, const ports::HttpFailure& failure) {
  if (may_try_next_address(failure) && run->address + 1 < run->addresses.size()) {
    ++run->address;
    ports::Loop& loop = run->context->loop;
    loop.post([run = std::move(run)]() mutable { try_address(std::move(run)); });
    return;
  }
  std::string what = describe_failure(failure, *run->spec, run->hop.url.https);
  if (run->addresses.size() > 1 && may_try_next_address(failure)) {
    what += ", as the last of " + std::to_string(run->addresses.size()) + " addresses";
  }
  check::Outcome outcome =
      check::judge_failure(run->attempt(failure.remote_address), reason_of(failure.kind), what);
  const check::Timings timings = merge_timings(*run, failure.timings);
  finish(std::move(run), std::move(outcome), timings);
}

// Client's thread.
void on_redirect(RunPtr run, const ports::HttpResponse& response) {
  if (run->visited.empty()) {
    run->visited.push_back(check::hop_key(run->hop));
  }
  auto next =
      check::follow_redirect(run->hop, response.status, find_header(response.headers, "location"),
                             run->visited, run->options().max_redirects);
  if (!next) {
    check::Outcome outcome = check::judge_failure(run->attempt(response.remote_address),
                                                  check::Reason::redirect, next.error());
    const check::Timings timings = merge_timings(*run, response.timings);
    finish(std::move(run), std::move(outcome), timings);
    return;
  }
  run->hop = std::move(*next);
  run->visited.push_back(check::hop_key(run->hop));
  ++run->redirects;
  ports::Loop& loop = run->context->loop;
  loop.post([run = std::move(run)]() mutable { begin_hop(std::move(run)); });
}

// Client's thread.
void on_response(RunPtr run, ports::HttpResponse response) {
  // With max_redirects: 0 a redirect is the answer that is judged.
  if (check::is_redirect(response.status) && run->options().max_redirects > 0) {
    on_redirect(std::move(run), response);
    return;
  }
  const check::Timings timings = merge_timings(*run, response.timings);
  const check::Attempt attempt = run->attempt(response.remote_address);
  check::Response facts;
  facts.http_status = response.status;
  facts.connected = true;
  if (!attempt.address.empty()) {
    facts.ip = attempt.address;
  }
  facts.body = response.body;
  facts.response_time = timings.total.value_or(Microseconds{0});
  check::Outcome outcome = check::judge_response(attempt, *run->spec->assertions, facts);
  finish(std::move(run), std::move(outcome), timings);
}

// Loop thread. Connects to addresses[address], or to the numeric host itself.
void try_address(RunPtr run) {
  HttpProber::Context& context = *run->context;
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
  const HopOrigin origin{.same_origin = check::same_origin(run->home, run->hop.url),
                         .same_host = run->home.host == run->hop.url.host};
  ports::HttpRequest request = build_request(run->options(), run->hop, origin);
  const bool named = run->address < run->addresses.size();
  const std::string& numeric = named ? run->addresses[run->address] : run->target.host;
  if (run->via_proxy) {
    check::Url proxy = *check::parse_proxy_url(run->options().proxy);
    proxy.host = numeric;
    request.proxy = "http://" + (proxy.userinfo.empty() ? "" : proxy.userinfo + "@") +
                    check::format_host_port(proxy.host, proxy.port);
  } else if (named || run->redirected_target) {
    request.address = numeric;
    request.port = run->redirected_target ? run->target.port : std::uint16_t{0};
  }
  request.keep_body = run->spec->assertions->reads_body();
  request.timeout = remaining;
  if (run->address + 1 < run->addresses.size()) {
    const auto left = static_cast<std::int64_t>(run->addresses.size() - run->address);
    request.connect_timeout = std::max(Milliseconds{1}, remaining / left);
  }
  run->exchange_began = now - run->began;
  context.client.start(std::move(request), [run = std::move(run)](ports::HttpResult r) mutable {
    if (r) {
      on_response(std::move(run), *std::move(r));
    } else {
      on_failure(std::move(run), r.error());
    }
  });
}

void on_lookup(RunPtr run, std::expected<std::vector<std::string>, LookupFailure> found) {
  run->dns = run->elapsed();
  if (!found) {
    fail(std::move(run), found.error().reason, found.error().message);
    return;
  }
  run->addresses = *std::move(found);
  run->addresses.resize(std::min(run->addresses.size(), kMaxAddresses));
  try_address(std::move(run));
}

// Which host and port the next connection goes to. False when the options hold nonsense.
bool choose_target(Run& run) {
  const check::HttpOptions& options = run.options();
  run.via_proxy = !options.proxy.empty();
  run.redirected_target = false;
  if (run.via_proxy) {
    auto proxy = check::parse_proxy_url(options.proxy);
    run.target = proxy ? check::HostPort{proxy->host, proxy->port} : check::HostPort{};
    return proxy.has_value();
  }
  if (!options.connect_to.empty() && check::same_origin(run.home, run.hop.url)) {
    run.redirected_target = false;
    run.target = {};
    if (auto other = check::parse_host_port(options.connect_to)) {
      run.redirected_target = true;
      run.target = *std::move(other);
    }
    return run.redirected_target;
  }
  run.target = {run.hop.url.host, run.hop.url.port};
  return true;
}

// Loop thread.
void begin_hop(RunPtr run) {
  HttpProber::Context& context = *run->context;
  run->addresses.clear();
  run->address = 0;
  if (context.stopped) {
    fail(std::move(run), check::Reason::interrupted, "the check was stopped");
    return;
  }
  if (!choose_target(*run)) {
    fail(std::move(run), check::Reason::internal, "proxy or connect_to is not host:port");
    return;
  }
  if (check::is_numeric_address(run->target.host)) {
    try_address(std::move(run));
    return;
  }
  const std::string host = run->target.host;
  const check::IpFamily family = run->options().family;
  const MonoTime deadline = run->deadline;
  context.lookups.resolve(host, family, deadline, [run = std::move(run)](auto found) mutable {
    on_lookup(std::move(run), std::move(found));
  });
}

}  // namespace

HttpProber::HttpProber(ports::Loop& loop, ports::Clock& clock, Lookups& lookups,
                       ports::HttpClient& client)
    : context_(std::make_shared<Context>(loop, clock, lookups, client)) {}

HttpProber::~HttpProber() { context_->stopped = true; }

void HttpProber::start(std::shared_ptr<const check::CheckSpec> spec,
                       std::move_only_function<void(check::Outcome)> done) {
  auto run = std::make_unique<Run>();
  run->context = context_;
  run->done = std::move(done);
  run->started = context_->clock.now();
  run->began = context_->clock.mono_now();
  run->deadline = run->began + spec->timeout;
  run->spec = std::move(spec);
  const auto* http = std::get_if<check::HttpCheck>(&run->spec->target);
  auto url = http == nullptr ? tocsin::fail(ErrorCode::internal, "this is not an http check")
                             : check::parse_url(http->url);
  if (!url) {
    fail(std::move(run), check::Reason::internal, url.error().message);
    return;
  }
  run->home = *std::move(url);
  run->hop.url = run->home;
  run->hop.method = http->options->method;
  begin_hop(std::move(run));
}

}  // namespace tocsin::service
