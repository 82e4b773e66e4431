#pragma once
// For tests only: a dispatcher of one channel on virtual time, its other side by a script.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "notification/outbox.hpp"
#include "service/delivery/dispatcher.hpp"
#include "support/scripted_courier.hpp"
#include "support/virtual_loop.hpp"

namespace tocsin::service {

using namespace std::chrono_literals;
using notification::Answer;
using test::ScriptedCourier;
using Texts = std::vector<std::string>;
using Reply = ScriptedCourier::Reply;

// One line per event: "went_down a", with " late" where it says so.
class LineFormat final : public notification::Format {
 public:
  explicit LineFormat(bool follows_up = false) : follows_up_(follows_up) {}
  [[nodiscard]] notification::Audience audience() const override {
    return notification::Audience::people;
  }
  [[nodiscard]] bool follows_up() const override { return follows_up_; }
  [[nodiscard]] notification::Work prepare(
      const notification::Message& message,
      const std::optional<notification::Earlier>& earlier) const override {
    notification::HttpStep step;
    step.headers = {{"key", message.key}};
    if (earlier) {
      step.body = "re " + earlier->reference + ": ";
    }
    std::string separator;
    for (const alert::Event& event : message.events) {
      step.body += separator + event.type + " " + event.monitor + (event.late ? " late" : "");
      separator = ", ";
    }
    for (const notification::Report& report : message.reports) {
      step.body += separator + report.monitor;
      separator = ", ";
    }
    if (message.formatted) {
      step.body = *message.formatted;
    }
    return {{step}, follows_up_ ? "content" : ""};
  }
  [[nodiscard]] notification::Verdict judge(const notification::Work& /*work*/,
                                            std::size_t /*index*/,
                                            const Answer& answer) const override {
    notification::Verdict verdict = notification::judge_http(answer);
    verdict.reference = answer.body;
    verdict.earlier_gone = answer.status == 503 && answer.body == "gone";
    return verdict;
  }

 private:
  bool follows_up_;
};

class DispatcherTest : public testing::Test {
 protected:
  DispatcherTest() {
    outlet_.name = "ops";
    outlet_.type = "webhook";
    outlet_.format = std::make_shared<LineFormat>();
    make();
  }

  void make(Dispatcher::Bounds bounds = {}) {
    Dispatcher::Hooks hooks;
    hooks.record = [this](const ports::WriteBatch& batch) {
      recorded_.insert(recorded_.end(), batch.delivered.begin(), batch.delivered.end());
      for (const ports::ThreadRow& row : batch.threads) {
        if (!row.incident.starts_with('\n')) {  // what a message shows: Threads' own test
          threads_.push_back(row.incident + "=" + row.reference);
        }
      }
      for (const auto& key : batch.ended_threads) {
        if (!key.second.starts_with('\n')) {
          threads_.push_back(key.second + " ended");
        }
      }
    };
    hooks.lost = [this](std::string_view outlet, std::size_t rows, const std::string& why,
                        const ports::OutboxRow& first) {
      told_.push_back(fmt::format("{} lost {} from {}: {}", outlet, rows, first.monitor, why));
    };
    dispatcher_.emplace(Dispatcher::Ports{loop_, loop_, courier_, log_}, std::move(hooks), bounds,
                        7);
    apply();
  }
  void apply() {
    dispatcher_->set_outlets({std::make_shared<const notification::Outlet>(outlet_)}, {});
  }

  ports::OutboxRow row(const std::string& type, const std::string& monitor,
                       const std::string& channel = "ops") {
    alert::Event event;
    event.id = fmt::format("{:04}", ++events_);
    event.type = type;
    event.monitor = monitor;
    event.incident = event.key = monitor + "/1";
    event.labels = {{"team", monitor.substr(0, 1)}};
    event.at = loop_.now();
    ports::OutboxRow out = notification::address(event, {channel}).front();
    return out;
  }
  void tell(const std::string& type, const std::string& monitor) {
    dispatcher_->deliver({row(type, monitor)});
  }
  // Bodies that arrived since the last call.
  Texts sent() {
    Texts out;
    for (; taken_ < courier_.seen.size(); ++taken_) {
      out.push_back(std::get<notification::HttpStep>(courier_.seen[taken_].step).body);
    }
    return out;
  }
  static std::string key_of(const ScriptedCourier::Seen& seen) {
    return std::get<notification::HttpStep>(seen.step).headers.at(0).second;
  }
  void always(int status) {
    courier_.script = [status](const notification::Step&) {
      return Reply{ScriptedCourier::status(status), 5ms, false};
    };
  }

  test::VirtualLoop loop_;
  NullLogger log_;
  ScriptedCourier courier_{loop_, loop_};
  notification::Outlet outlet_;
  std::optional<Dispatcher> dispatcher_;
  Texts recorded_, told_, threads_;
  std::size_t taken_ = 0;
  int events_ = 0;
};

}  // namespace tocsin::service
