#pragma once
// Runs tcp: checks: look up, connect to the addresses in order, optionally send and expect.

#include <functional>
#include <memory>

#include "ports/loop.hpp"
#include "ports/prober.hpp"
#include "ports/tcp_client.hpp"
#include "service/probe/lookups.hpp"

namespace tocsin::service {

struct ProbeContext;

// Loop thread. Loop, clock and lookups outlive every callback of the client; the prober may end
// before: a check in flight then comes out as unknown(interrupted) at its next step. The check's
// timeout covers lookup, every address and the wait for the expected bytes.
class TcpProber final : public ports::Prober {
 public:
  TcpProber(ports::Loop& loop, ports::Clock& clock, Lookups& lookups, ports::TcpClient& client);
  ~TcpProber() override;

  // The spec must hold a TcpCheck; any other kind answers unknown(internal).
  void start(std::shared_ptr<const check::CheckSpec> spec,
             std::move_only_function<void(check::Outcome)> done) override;

 private:
  std::shared_ptr<ProbeContext> context_;
  ports::TcpClient& client_;
};

}  // namespace tocsin::service
