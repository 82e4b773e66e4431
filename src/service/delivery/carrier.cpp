#include "service/delivery/carrier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "check/address.hpp"
#include "check/address_scope.hpp"
#include "check/url.hpp"

namespace tocsin::service {
namespace {

constexpr std::size_t kKeptBody = 64U << 10U;
// A longer answer would be taken for a failure, although the message arrived.
constexpr std::uint64_t kReadBody = std::uint64_t{16} << 20U;

notification::Answer failure(std::string what) {
  notification::Answer answer;
  answer.failure = std::move(what);
  return answer;
}

notification::Answer answer_of(ports::HttpResponse response) {
  notification::Answer answer;
  answer.status = response.status;
  answer.headers = std::move(response.headers);
  response.body.resize(std::min(response.body.size(), kKeptBody));
  answer.body = std::move(response.body);
  return answer;
}

notification::Answer answer_of(const ports::CommandExit& exit) {
  notification::Answer answer;
  answer.status = exit.status;
  answer.body = exit.output.empty() ? exit.errors : exit.output;
  answer.body.resize(std::min(answer.body.size(), kKeptBody));
  if (exit.cause == ports::CommandExit::Cause::timed_out) {
    answer.failure = "the program did not end in time";
  } else if (exit.cause == ports::CommandExit::Cause::cancelled) {
    answer.failure = "the program was stopped";
  } else if (exit.signal != 0) {
    answer.failure = fmt::format("the program ended by signal {}", exit.signal);
  }
  return answer;
}

notification::Answer answer_of(const ports::MailReply& reply) {
  notification::Answer answer;
  answer.status = reply.code;
  answer.body = reply.text;
  for (const ports::MailReply::Refusal& refusal : reply.refused) {
    answer.refused += fmt::format("{}{} refused: {} {}", answer.refused.empty() ? "" : "; ",
                                  refusal.recipient, refusal.code, refusal.text);
  }
  if (!answer.refused.empty()) {
    answer.body += "; " + answer.refused;
  }
  // 552 to MAIL FROM is about the size that it names (RFC 1870).
  const bool about_size = reply.phase == ports::MailPhase::sender && reply.code == 552;
  answer.before_message = reply.phase < ports::MailPhase::data && !about_size;
  return answer;
}

ports::MailSecurity security_of(notification::MailStep::Security security) {
  switch (security) {
    case notification::MailStep::Security::none:
      return ports::MailSecurity::none;
    case notification::MailStep::Security::starttls:
      return ports::MailSecurity::starttls;
    case notification::MailStep::Security::tls:
      break;
  }
  return ports::MailSecurity::tls;
}

}  // namespace

struct Carrier::Trip {
  notification::Step step;
  ports::Carriage how;
  std::move_only_function<void(notification::Answer)> done;
  MonoTime deadline{};
  std::string host;  // looked up
  std::vector<std::string> addresses;
  std::size_t address = 0;
  check::Url url;  // of an HTTP step
  std::optional<check::Url> proxy;

  // Whether another address may do better.
  bool next_address(bool connected) { return !connected && ++address < addresses.size(); }
};

Carrier::Carrier(Ports ports) : ports_(ports), alive_(std::make_shared<int>(0)) {}
Carrier::~Carrier() = default;

void Carrier::carry(notification::Step step, ports::Carriage how,
                    std::move_only_function<void(notification::Answer)> done) {
  auto trip = std::make_shared<Trip>();
  trip->deadline = ports_.clock.mono_now() + how.timeout;
  trip->step = std::move(step);
  trip->how = std::move(how);
  trip->done = std::move(done);
  if (std::holds_alternative<notification::HttpStep>(trip->step)) {
    carry_http(trip);
  } else if (std::holds_alternative<notification::MailStep>(trip->step)) {
    carry_mail(trip);
  } else {
    carry_exec(std::move(trip));
  }
}

void Carrier::finish(const TripPtr& trip, notification::Answer answer) {
  ports_.loop.post([trip, answer = std::move(answer)]() mutable { trip->done(std::move(answer)); });
}

void Carrier::fail(const TripPtr& trip, std::string what) {
  finish(trip, failure(std::move(what)));
}

Milliseconds Carrier::left(const Trip& trip) const {
  return std::chrono::floor<Milliseconds>(trip.deadline - ports_.clock.mono_now());
}

void Carrier::locate(const TripPtr& trip, const std::string& host, void (Carrier::*next)(TripPtr)) {
  trip->host = host;
  ports_.resolver.resolve(
      host, check::IpFamily::any, trip->deadline,
      [this, trip, next, alive = std::weak_ptr(alive_)](ports::Resolved found) {
        if (alive.expired()) {
          return;
        }
        if (found.kind != ports::Resolved::Kind::found) {
          fail(trip, fmt::format("lookup of {}: {}", trip->host, found.message));
          return;
        }
        trip->addresses = std::move(found.addresses);
        if (trip->how.deny_private_networks) {
          std::erase_if(trip->addresses, check::is_private_address);
        }
        if (trip->addresses.empty()) {
          fail(trip, fmt::format("{} is in a private network, which deny_private_networks forbids",
                                 trip->host));
          return;
        }
        (this->*next)(trip);
      });
}

// --- HTTP. ---

void Carrier::carry_http(const TripPtr& trip) {
  auto url = check::parse_url(std::get<notification::HttpStep>(trip->step).url);
  if (!url) {
    fail(trip, "the URL cannot be used: " + url.error().message);
    return;
  }
  trip->url = std::move(*url);
  if (!trip->how.proxy.empty()) {
    if (trip->how.deny_private_networks) {
      fail(trip, "deny_private_networks cannot be kept with a proxy, which chooses the address");
      return;
    }
    auto proxy = check::parse_proxy_url(trip->how.proxy);
    if (!proxy) {
      fail(trip, "the proxy cannot be used: " + proxy.error().message);
      return;
    }
    trip->proxy = std::move(*proxy);
  }
  const std::string host = trip->proxy ? trip->proxy->host : trip->url.host;
  locate(trip, host, &Carrier::try_http);
}

void Carrier::try_http(TripPtr trip) {
  const Milliseconds remaining = left(*trip);
  if (remaining < Milliseconds{1}) {
    fail(trip, fmt::format("no answer from {} within {}", trip->url.host,
                           format_duration(trip->how.timeout)));
    return;
  }
  const auto& step = std::get<notification::HttpStep>(trip->step);
  ports::HttpRequest request;
  request.url = trip->url.to_string();
  request.method = step.method;
  request.headers = step.headers;
  request.body = step.body;
  request.tls.ca_file = trip->how.ca_file;
  request.reuse_connection = true;
  request.max_body_bytes = kReadBody;
  request.timeout = remaining;
  const std::string& address = trip->addresses[trip->address];
  if (trip->proxy) {
    const check::Url& proxy = *trip->proxy;
    request.proxy = "http://" + (proxy.userinfo.empty() ? "" : proxy.userinfo + "@") +
                    check::format_host_port(address, proxy.port);
  } else {
    request.address = address;
  }
  ports_.http.start(
      std::move(request), [this, trip, &loop = ports_.loop,
                           alive = std::weak_ptr(alive_)](ports::HttpResult result) mutable {
        loop.post([this, trip = std::move(trip), alive = std::move(alive),
                   result = std::move(result)]() mutable {
          if (alive.expired()) {
            return;
          }
          if (result) {
            trip->done(answer_of(std::move(*result)));
            return;
          }
          const ports::HttpFailure& failed = result.error();
          if (trip->next_address(failed.connected) && left(*trip) > Milliseconds{0}) {
            try_http(std::move(trip));
            return;
          }
          const std::string where =
              failed.remote_address.empty() ? trip->addresses.back() : failed.remote_address;
          trip->done(
              failure(fmt::format("{} ({}): {}", trip->url.host, where,
                                  failed.message.empty() ? "no answer in time" : failed.message)));
        });
      });
}

// --- Mail. ---

void Carrier::carry_mail(const TripPtr& trip) {
  const std::string server = std::get<notification::MailStep>(trip->step).server;
  locate(trip, server, &Carrier::try_mail);
}

void Carrier::try_mail(TripPtr trip) {
  const auto& step = std::get<notification::MailStep>(trip->step);
  ports::MailRequest request;
  request.server = step.server;
  request.port = step.port;
  request.address = trip->addresses[trip->address];
  request.security = security_of(step.security);
  request.ca_file = trip->how.ca_file;
  request.username = step.username;
  request.password = step.password;
  request.from = step.from;
  request.recipients = step.to;
  request.text = step.text;
  request.timeout = std::max(left(*trip), Milliseconds{1});
  ports_.mailer.send(std::move(request),
                     [this, trip = std::move(trip),
                      alive = std::weak_ptr(alive_)](ports::MailResult result) mutable {
                       if (alive.expired()) {
                         return;
                       }
                       if (result) {
                         trip->done(answer_of(*result));
                         return;
                       }
                       const ports::MailFailure& failed = result.error();
                       const bool connected = failed.kind != ports::MailFailure::Kind::connect;
                       if (trip->next_address(connected) && left(*trip) > Milliseconds{0}) {
                         try_mail(std::move(trip));
                         return;
                       }
                       trip->done(failure(fmt::format("{}: {}", trip->host, failed.message)));
                     });
}

// --- Programs. ---

void Carrier::carry_exec(TripPtr trip) {
  auto& step = std::get<notification::ExecStep>(trip->step);
  ports::CommandRequest request;
  request.argv = std::move(step.argv);
  request.input = std::move(step.input);
  request.timeout = trip->how.timeout;
  request.max_output_bytes = kKeptBody;
  ports_.commands.start(std::move(request), [trip = std::move(trip), alive = std::weak_ptr(alive_)](
                                                ports::CommandResult result) {
    if (!alive.expired()) {
      trip->done(result ? answer_of(*result) : failure(result.error().message));
    }
  });
}

}  // namespace tocsin::service
