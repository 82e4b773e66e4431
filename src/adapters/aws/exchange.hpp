#pragma once
// One HTTP exchange with a name to look up first: each address in turn until one can be connected
// to. Redirects are not followed: a signed call must reach whom it was signed for. Loop thread
// only.

#include <expected>
#include <functional>
#include <string>

#include "adapters/aws/sigv4.hpp"
#include "adapters/aws/world.hpp"

namespace tocsin::aws {

struct Outgoing {
  std::string method = "GET";
  std::string url;  // http or https
  Headers headers;
  std::string body;
  Milliseconds timeout{10'000};  // lookup and exchange together
  std::string ca_file;           // "" the system's alone
  // Refuse every address that is not this machine's own: the request carries a secret in the clear.
  bool loopback_only = false;
};

struct Incoming {
  int status = 0;
  Headers headers;  // names in lower case
  std::string body;
};

// No answer came.
struct NoAnswer {
  bool timed_out = false;
  bool lasting =
      false;            // trying again soon changes nothing: bad URL, refused certificate, stopping
  std::string message;  // "dynamodb.eu-central-1.amazonaws.com (10.0.0.1): connection refused"
};

using ExchangeResult = std::expected<Incoming, NoAnswer>;

// `done` runs exactly once on the loop thread, never inline, at the latest shortly after the
// timeout; not at all when the loop stops before.
void exchange(const World& world, Outgoing request,
              std::move_only_function<void(ExchangeResult)> done);

}  // namespace tocsin::aws
