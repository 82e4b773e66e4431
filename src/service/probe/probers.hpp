#pragma once
// The probers of every active kind behind one: what app/ gives to the watch.

#include <memory>

#include "ports/http_client.hpp"
#include "ports/loop.hpp"
#include "ports/prober.hpp"
#include "ports/resolver.hpp"
#include "ports/tcp_client.hpp"
#include "service/probe/http_prober.hpp"
#include "service/probe/lookups.hpp"
#include "service/probe/tcp_prober.hpp"

namespace tocsin::service {

// What the probers work with. Everything outlives the Probers, except that a client may end first
// when nothing is started any more.
struct ProbeNetwork {
  ports::Loop& loop;
  ports::Clock& clock;
  ports::Resolver& resolver;
  ports::HttpClient& http;
  ports::TcpClient& tcp;
};

// Loop thread. Dispatches by the kind of the spec.
class Probers final : public ports::Prober {
 public:
  explicit Probers(ProbeNetwork network);

  void start(std::shared_ptr<const check::CheckSpec> spec,
             std::move_only_function<void(check::Outcome)> done) override;

 private:
  Lookups lookups_;
  HttpProber http_;
  TcpProber tcp_;
};

}  // namespace tocsin::service
