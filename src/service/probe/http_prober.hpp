#pragma once
// Runs http: checks: look up, connect to the addresses in order, follow redirects, judge.

#include <functional>
#include <memory>

#include "ports/http_client.hpp"
#include "ports/loop.hpp"
#include "ports/prober.hpp"
#include "service/probe/lookups.hpp"

namespace tocsin::service {

struct ProbeContext;

// Loop thread, except that answers are judged on the client's own thread. Loop, clock and lookups
// outlive every callback of the client; the prober may end before: a check in flight then comes out
// as unknown(interrupted) at its next step and no further request is made.
//
// The check's timeout covers everything: lookups, every address, every redirect. Timings and
// [RESPONSE_TIME] count from the start of the check; after redirects the phases are those of the
// last request.
class HttpProber final : public ports::Prober {
 public:
  HttpProber(ports::Loop& loop, ports::Clock& clock, Lookups& lookups, ports::HttpClient& client);
  ~HttpProber() override;

  // The spec must hold an HttpCheck; any other kind answers unknown(internal).
  void start(std::shared_ptr<const check::CheckSpec> spec,
             std::move_only_function<void(check::Outcome)> done) override;

 private:
  std::shared_ptr<ProbeContext> context_;
  ports::HttpClient& client_;
};

}  // namespace tocsin::service
