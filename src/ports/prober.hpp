#pragma once
// Runs one check. What the watch loop needs of every active kind; service/ has the HTTP and TCP
// ones on HttpClient, TcpClient and Resolver; simulations script it.

#include <functional>
#include <memory>

#include "check/outcome.hpp"
#include "check/spec.hpp"

namespace tocsin::ports {

class Prober {
 public:
  Prober() = default;
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;
  virtual ~Prober() = default;

  // Loop thread. `done` runs exactly once on the loop thread, never inline, at the latest shortly
  // after spec->timeout. A fault of ours is an `unknown` outcome, never a dropped callback.
  virtual void start(std::shared_ptr<const check::CheckSpec> spec,
                     std::move_only_function<void(check::Outcome)> done) = 0;
};

}  // namespace tocsin::ports
