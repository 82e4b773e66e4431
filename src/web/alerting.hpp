#pragma once
// What the API asks of alerting: silences, acknowledgements, channels and what waits for them;
// tests script it. Real: web/watch_alerting.hpp.

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/announcement.hpp"
#include "alert/event.hpp"
#include "alert/silence.hpp"
#include "base/result.hpp"
#include "notification/format.hpp"
#include "service/delivery/dispatcher.hpp"

namespace tocsin::web {

// Loop thread only. Meanings and errors are those of service::Watch and service::Dispatcher; every
// `done` runs exactly once on the loop thread, inline or later.
class Alerting {
 public:
  using Done = std::move_only_function<void(Result<void>)>;
  using SilenceDone = std::move_only_function<void(Result<alert::Silence>)>;
  using DropDone = std::move_only_function<void(Result<std::size_t>)>;
  using TestDone = std::move_only_function<void(Result<service::Dispatcher::Tested>)>;

  Alerting() = default;
  Alerting(const Alerting&) = delete;
  Alerting& operator=(const Alerting&) = delete;
  virtual ~Alerting() = default;

  // --- Silences and acknowledgements. Success means durable. ---
  // Active, to come, and those that ended of late. Valid until the caller returns to the loop.
  [[nodiscard]] virtual const std::vector<alert::Silence>& silences() const = 0;
  virtual void add_silence(alert::Silence silence, SilenceDone done) = 0;
  virtual void end_silence(std::string_view id, Done done) = 0;
  // nullopt takes an acknowledgement back.
  virtual void acknowledge(std::string_view monitor,
                           std::optional<alert::Acknowledgement> acknowledgement, Done done) = 0;

  // --- Channels, sinks, and what waits for them. ---
  // Sorted by name; valid until the caller returns to the loop.
  [[nodiscard]] virtual std::vector<service::OutletView> outlets() const = 0;
  // Behind `after`, oldest first; "" is every channel and sink, one after the other.
  virtual void visit_waiting(
      std::string_view outlet, const service::WaitingPlace& after, std::size_t most,
      const std::function<void(const service::WaitingView&)>& visit) const = 0;
  [[nodiscard]] virtual Result<void> retry(std::string_view outlet) = 0;
  // Success means durable: dropped rows do not come back after a kill.
  virtual void drop_key(const std::string& key, DropDone done) = 0;
  virtual void drop_all(std::string_view outlet, DropDone done) = 0;
  virtual void test(std::string_view channel, alert::Event event, TestDone done) = 0;
  [[nodiscard]] virtual Result<std::vector<notification::Step>> preview(
      std::string_view channel, alert::Event event) const = 0;

  // `text` with every secret of the configuration as ***: what a provider answers may repeat what
  // it was sent, and a step holds the keys that it is sent with.
  [[nodiscard]] virtual std::string hide_secrets(std::string_view text) const = 0;
};

}  // namespace tocsin::web
