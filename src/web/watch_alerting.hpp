#pragma once

#include <utility>

#include "service/delivery/dispatcher.hpp"
#include "service/watch.hpp"
#include "web/alerting.hpp"

namespace tocsin::web {

// service::Watch and service::Dispatcher as the API sees them. Borrows both.
class WatchAlerting final : public Alerting {
 public:
  WatchAlerting(service::Watch& watch, service::Dispatcher& dispatcher)
      : watch_(watch), dispatcher_(dispatcher) {}

  [[nodiscard]] const std::vector<alert::Silence>& silences() const override {
    return watch_.silences();
  }
  void add_silence(alert::Silence silence, SilenceDone done) override {
    watch_.add_silence(std::move(silence), std::move(done));
  }
  void end_silence(std::string_view id, Done done) override {
    watch_.end_silence(id, std::move(done));
  }
  void acknowledge(std::string_view monitor, std::optional<alert::Acknowledgement> acknowledgement,
                   Done done) override {
    watch_.acknowledge(monitor, acknowledgement, std::move(done));
  }
  [[nodiscard]] std::vector<service::OutletView> outlets() const override {
    return dispatcher_.outlets();
  }
  void visit_waiting(std::string_view outlet, const service::WaitingPlace& after, std::size_t most,
                     const std::function<void(const service::WaitingView&)>& visit) const override {
    dispatcher_.visit_waiting(outlet, after, most, visit);
  }
  [[nodiscard]] Result<void> retry(std::string_view outlet) override {
    return dispatcher_.retry(outlet);
  }
  void drop_key(const std::string& key, DropDone done) override {
    answer_durable(dispatcher_.drop_key(key), std::move(done));
  }
  void drop_all(std::string_view outlet, DropDone done) override {
    answer_durable(dispatcher_.drop_all(outlet), std::move(done));
  }
  void test(std::string_view channel, alert::Event event, TestDone done) override {
    dispatcher_.test(channel, std::move(event), std::move(done));
  }
  [[nodiscard]] Result<std::vector<notification::Step>> preview(std::string_view channel,
                                                                alert::Event event) const override {
    return dispatcher_.preview(channel, std::move(event));
  }
  [[nodiscard]] std::string hide_secrets(std::string_view text) const override {
    return watch_.redactor().redact(text);
  }

 private:
  void answer_durable(Result<std::size_t> dropped, DropDone done) {
    if (!dropped) {
      done(std::move(dropped));
      return;
    }
    watch_.when_durable([rows = *dropped, done = std::move(done)](Result<void> result) mutable {
      if (result) {
        done(rows);
      } else {
        done(std::unexpected(std::move(result).error()));
      }
    });
  }

  service::Watch& watch_;
  service::Dispatcher& dispatcher_;
};

}  // namespace tocsin::web
