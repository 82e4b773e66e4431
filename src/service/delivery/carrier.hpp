#pragma once
// ports::Courier on the real world: requests over HttpClient, programs by CommandRunner, mail by
// Mailer; names resolved first, each address tried in turn until one can be connected to. Loop
// thread only; the ports outlive it, and so may answers: those that come later are dropped.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ports/command_runner.hpp"
#include "ports/courier.hpp"
#include "ports/http_client.hpp"
#include "ports/loop.hpp"
#include "ports/mailer.hpp"
#include "ports/resolver.hpp"

namespace tocsin::service {

class Carrier final : public ports::Courier {
 public:
  struct Ports {
    const ports::Clock& clock;
    ports::Loop& loop;
    ports::Resolver& resolver;
    ports::HttpClient& http;
    ports::CommandRunner& commands;
    ports::Mailer& mailer;
  };

  explicit Carrier(Ports ports);
  ~Carrier() override;

  void carry(notification::Step step, ports::Carriage how,
             std::move_only_function<void(notification::Answer)> done) override;

 private:
  struct Trip;
  using TripPtr = std::shared_ptr<Trip>;

  void carry_http(const TripPtr& trip);
  void carry_mail(const TripPtr& trip);
  void carry_exec(TripPtr trip);
  // Finds the addresses of `host`, leaves out those that are denied, then goes on with `next`.
  void locate(const TripPtr& trip, const std::string& host, void (Carrier::*next)(TripPtr));
  void try_http(TripPtr trip);
  void try_mail(TripPtr trip);
  void finish(const TripPtr& trip, notification::Answer answer);
  void fail(const TripPtr& trip, std::string what);
  [[nodiscard]] Milliseconds left(const Trip& trip) const;

  Ports ports_;
  std::shared_ptr<int> alive_;
};

}  // namespace tocsin::service
