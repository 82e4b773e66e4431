#include "adapters/aws/exchange.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "check/url.hpp"

namespace tocsin::aws {
namespace {

using Done = std::move_only_function<void(ExchangeResult)>;

// A page of items is 1 MiB in DynamoDB's count, which leaves out what JSON adds.
constexpr std::uint64_t kLargestAnswer = std::uint64_t{16} << 20U;

struct Trip {
  World world;
  Outgoing request;
  Done done;
  MonoTime deadline{};
  std::string host;
  std::vector<std::string> addresses;
  std::size_t address = 0;
};
using TripPtr = std::shared_ptr<Trip>;

void end(const TripPtr& trip, NoAnswer failed) { trip->done(std::unexpected(std::move(failed))); }

bool is_loopback(const std::string& address) {
  return address.starts_with("127.") || address == "::1";
}

Milliseconds left(const Trip& trip) {
  return std::chrono::floor<Milliseconds>(trip.deadline - trip.world.clock.mono_now());
}

void try_next(const TripPtr& trip);

void take(const TripPtr& trip, ports::HttpResult result) {
  if (result) {
    trip->done(Incoming{result->status, std::move(result->headers), std::move(result->body)});
    return;
  }
  using Kind = ports::HttpFailure::Kind;
  const ports::HttpFailure& failed = result.error();
  if (!failed.connected && trip->address + 1 < trip->addresses.size() &&
      left(*trip) > Milliseconds{0} && failed.kind != Kind::cancelled) {
    ++trip->address;
    try_next(trip);
    return;
  }
  const bool lasting =
      failed.kind == Kind::tls || failed.kind == Kind::invalid || failed.kind == Kind::cancelled;
  end(trip, {failed.kind == Kind::timeout, lasting,
             fmt::format("{} ({}): {}", trip->host, trip->addresses[trip->address],
                         failed.message.empty() ? "no answer in time" : failed.message)});
}

void try_next(const TripPtr& trip) {
  const Milliseconds remaining = left(*trip);
  if (remaining < Milliseconds{1}) {
    end(trip, {true, false, fmt::format("{}: no answer in time", trip->host)});
    return;
  }
  ports::HttpRequest request;
  request.url = trip->request.url;
  request.method = trip->request.method;
  request.headers = trip->request.headers;
  request.body = trip->request.body;
  request.address = trip->addresses[trip->address];
  request.tls.ca_file = trip->request.ca_file;
  request.reuse_connection = true;
  request.max_body_bytes = kLargestAnswer;
  request.timeout = remaining;
  // An address that does not answer leaves time for the others.
  const auto others = static_cast<std::int64_t>(trip->addresses.size() - trip->address);
  request.connect_timeout = std::max(remaining / others, Milliseconds{1});
  trip->world.http.start(std::move(request), [trip](ports::HttpResult result) {
    trip->world.loop.post(
        [trip, result = std::move(result)]() mutable { take(trip, std::move(result)); });
  });
}

void located(const TripPtr& trip, ports::Resolved found) {
  if (found.kind != ports::Resolved::Kind::found) {
    end(trip, {false, false, fmt::format("lookup of {}: {}", trip->host, found.message)});
    return;
  }
  trip->addresses = std::move(found.addresses);
  if (trip->request.loopback_only && !std::ranges::all_of(trip->addresses, is_loopback)) {
    end(trip, {false, true,
               fmt::format("{} is not this machine, and http:// would show the credentials on "
                           "the way: use https://",
                           trip->host)});
    return;
  }
  try_next(trip);
}

}  // namespace

void exchange(const World& world, Outgoing request, Done done) {
  auto trip = std::make_shared<Trip>(Trip{world, std::move(request), std::move(done), {}, {}, {}});
  trip->deadline = world.clock.mono_now() + trip->request.timeout;
  auto url = check::parse_url(trip->request.url);
  if (!url) {
    world.loop.post([trip, message = url.error().message] {
      end(trip, {false, true, "the URL cannot be used: " + message});
    });
    return;
  }
  trip->host = url->host;
  trip->request.url = url->to_string();
  world.resolver.resolve(trip->host, check::IpFamily::any, trip->deadline,
                         [trip](ports::Resolved found) { located(trip, std::move(found)); });
}

}  // namespace tocsin::aws
