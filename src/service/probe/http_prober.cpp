#include "service/probe/http_prober.hpp"

#include <string>
#include <utility>
#include <vector>

#include "check/address.hpp"
#include "check/excerpt.hpp"
#include "check/judge.hpp"
#include "check/redirect.hpp"
#include "service/probe/check_run.hpp"
#include "service/probe/http_exchange.hpp"

namespace tocsin::service {

namespace {

struct Run final : CheckRun {
  Run(std::shared_ptr<ProbeContext> context, std::shared_ptr<const check::CheckSpec> spec,
      Done done, ports::HttpClient& http)
      : CheckRun(std::move(context), std::move(spec), std::move(done)), client(http) {}

  ports::HttpClient& client;
  check::Url home;  // as configured
  check::Hop hop;
  std::vector<std::string> visited;  // hop keys; empty until the first redirect
  std::uint32_t redirects = 0;

  check::HostPort target;  // what is looked up and connected to: URL, connect_to or proxy
  bool via_proxy = false;
  bool redirected_target = false;  // connect_to: the address is not the URL's own

  [[nodiscard]] const check::HttpOptions& options() const {
    return *std::get<check::HttpCheck>(spec().target).options;
  }
  [[nodiscard]] check::Attempt attempt(std::string_view remote) const override {
    return {.action = hop.method,
            .host = hop.url.host,
            .address = remote.empty() ? address() : remote,
            .port = target.port,
            .redirects = redirects,
            .via_proxy = via_proxy};
  }
};
using RunPtr = std::unique_ptr<Run>;

std::string evidence_of(const ports::HttpResponse& response) {
  check::AnswerFacts seen;
  seen.status = response.status;
  seen.headers = response.headers;
  seen.body = response.body;
  seen.body_bytes = response.body_bytes;
  seen.certificate = response.certificate ? &*response.certificate : nullptr;
  return check::excerpt(seen);
}

void begin_hop(RunPtr run);
void try_address(RunPtr run);

// Client's thread.
void on_failure(RunPtr run, const ports::HttpFailure& failure) {
  if (unconnected(failure) && run->next_address()) {
    ports::Loop& loop = run->context().loop;
    loop.post([run = std::move(run)]() mutable { try_address(std::move(run)); });
    return;
  }
  std::string what = describe_failure(failure, run->spec(), run->hop.url.https);
  if (unconnected(failure)) {
    what += run->as_the_last();
  }
  check::Outcome outcome =
      check::judge_failure(run->attempt(failure.remote_address), reason_of(failure.kind), what);
  if (failure.certificate) {
    check::AnswerFacts seen;
    seen.certificate = &*failure.certificate;
    outcome.evidence = check::excerpt(seen);
  }
  finish(std::move(run), std::move(outcome), failure.timings);
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
    finish(std::move(run), std::move(outcome), response.timings);
    return;
  }
  run->hop = std::move(*next);
  run->visited.push_back(check::hop_key(run->hop));
  ++run->redirects;
  ports::Loop& loop = run->context().loop;
  loop.post([run = std::move(run)]() mutable { begin_hop(std::move(run)); });
}

// Client's thread.
void on_response(RunPtr run, ports::HttpResponse response) {
  // With max_redirects: 0 a redirect is the answer that is judged.
  if (check::is_redirect(response.status) && run->options().max_redirects > 0) {
    on_redirect(std::move(run), response);
    return;
  }
  const check::Attempt attempt = run->attempt(response.remote_address);
  check::Response facts;
  facts.http_status = response.status;
  facts.connected = true;
  if (!attempt.address.empty()) {
    facts.ip = attempt.address;
  }
  facts.body = response.body;
  facts.response_time = run->merge_timings(response.timings).total.value_or(Microseconds{0});
  check::Outcome outcome = check::judge_response(attempt, *run->spec().assertions, facts);
  if (outcome.status != check::Status::up) {
    outcome.evidence = evidence_of(response);
  }
  finish(std::move(run), std::move(outcome), response.timings);
}

// Loop thread.
void try_address(RunPtr run) {
  const auto time = run->begin_exchange();
  if (!time) {
    fail(std::move(run), time.error().reason, time.error().what);
    return;
  }
  const HopOrigin origin{.same_origin = check::same_origin(run->home, run->hop.url),
                         .same_host = run->home.host == run->hop.url.host};
  ports::HttpRequest request = build_request(run->options(), run->hop, origin);
  const std::string numeric(run->address());
  if (run->via_proxy) {
    check::Url proxy = *check::parse_proxy_url(run->options().proxy);
    proxy.host = numeric;
    request.proxy = "http://" + (proxy.userinfo.empty() ? "" : proxy.userinfo + "@") +
                    check::format_host_port(proxy.host, proxy.port);
  } else if (run->redirected_target || numeric != run->hop.url.host) {
    request.address = numeric;
    request.port = run->redirected_target ? run->target.port : std::uint16_t{0};
  }
  request.keep_body = run->spec().assertions->reads_body();
  request.timeout = time->timeout;
  request.connect_timeout = time->connect_timeout;
  ports::HttpClient& client = run->client;
  client.start(std::move(request), [run = std::move(run)](ports::HttpResult r) mutable {
    if (r) {
      on_response(std::move(run), *std::move(r));
    } else {
      on_failure(std::move(run), r.error());
    }
  });
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
  if (!choose_target(*run)) {
    fail(std::move(run), check::Reason::internal, "proxy or connect_to is not host:port");
    return;
  }
  const std::string& host = run->target.host;
  const check::IpFamily family = run->options().family;
  look_up(std::move(run), host, family, try_address);
}

}  // namespace

HttpProber::HttpProber(ports::Loop& loop, ports::Clock& clock, Lookups& lookups,
                       ports::HttpClient& client)
    : context_(std::make_shared<ProbeContext>(loop, clock, lookups)), client_(client) {}

HttpProber::~HttpProber() { context_->stopped = true; }

void HttpProber::start(std::shared_ptr<const check::CheckSpec> spec,
                       std::move_only_function<void(check::Outcome)> done) {
  auto run = std::make_unique<Run>(context_, std::move(spec), std::move(done), client_);
  const auto* http = std::get_if<check::HttpCheck>(&run->spec().target);
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
