#pragma once
// Everything between an announced event and the people it is for, connected: dispatcher, courier
// with its programs and mails, Tocsin's watch over itself.

#include <memory>

#include "adapters/command_posix/command_posix.hpp"
#include "adapters/mail_curl/mail_curl.hpp"
#include "app/network.hpp"
#include "config/model.hpp"
#include "ports/store.hpp"
#include "service/delivery/carrier.hpp"
#include "service/delivery/dispatcher.hpp"
#include "service/self_watch.hpp"
#include "service/troubles.hpp"
#include "service/watch.hpp"

namespace tocsin::app {

// Loop thread. Everything given outlives it.
class Delivery {
 public:
  // Loads what waits and connects itself to the watch: call before Watch::start().
  Delivery(Network& network, service::Watch& watch, Logger& log, std::uint64_t seed);
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;
  ~Delivery();

  // What the store holds from before. After apply(), before Watch::start(). `known` runs on the
  // loop once Tocsin's own troubles are known that went on when the last process ended.
  [[nodiscard]] Result<void> resume(ports::Store& store, std::move_only_function<void()> known);
  // At the start and on reload.
  void apply(const config::Config& config);
  // Before Watch::stop(): what is under way is waited for, so that it is not sent twice.
  void stop(std::move_only_function<void()> done) { dispatcher_.stop(std::move(done)); }
  // Once a second.
  void tick() {
    dispatcher_.expire();
    self_.tick();
  }

  [[nodiscard]] service::Dispatcher& dispatcher() { return dispatcher_; }
  [[nodiscard]] service::Troubles& troubles() { return troubles_; }

 private:
  void resume_troubles(ports::Store& store, std::move_only_function<void()> known);

  adapters::CommandPosix commands_;
  adapters::MailCurl mailer_;
  service::Carrier carrier_;
  service::Troubles troubles_;
  service::Dispatcher dispatcher_;
  service::SelfWatch self_;
  service::Watch& watch_;
};

}  // namespace tocsin::app
