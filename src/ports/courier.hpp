#pragma once
// Carries one step of a delivery out: an HTTP request, a program, a mail. Real:
// service/delivery/courier on HttpClient, Resolver, CommandRunner and Mailer; simulations script
// it.

#include <functional>
#include <string>

#include "base/time.hpp"
#include "notification/format.hpp"

namespace tocsin::ports {

struct Carriage {
  Milliseconds timeout{10'000};        // of the whole step
  bool deny_private_networks = false;  // with a proxy, which chooses the address, nothing is sent
  std::string ca_file;                 // "" the system's alone
  std::string proxy;                   // "" none
};

class Courier {
 public:
  Courier() = default;
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;
  virtual ~Courier() = default;

  // Loop thread. `done` runs exactly once on the loop thread, never inline, at the latest shortly
  // after the timeout. Whatever goes wrong is an Answer with a failure. Redirects are not followed.
  virtual void carry(notification::Step step, Carriage how,
                     std::move_only_function<void(notification::Answer)> done) = 0;
};

}  // namespace tocsin::ports
