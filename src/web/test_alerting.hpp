#pragma once
// For tests only: alerting that remembers what it was asked and answers what it was told to.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "web/alerting.hpp"

namespace tocsin::web::test {

struct ScriptedOutlet {
  std::string name;
  service::OutletView view;
};
struct ScriptedWaiting {
  ports::OutboxRow row;
  service::WaitingView view;
};

// A secret that every channel of it is sent with.
inline constexpr std::string_view kChannelSecret = "s3cr3t-key";

class ScriptedAlerting final : public Alerting {
 public:
  [[nodiscard]] const std::vector<alert::Silence>& silences() const override { return kept; }
  void add_silence(alert::Silence silence, SilenceDone done) override {
    if (!result) {
      done(std::unexpected(result.error()));
      return;
    }
    silence.id = "S" + std::to_string(1000 + kept.size());
    silence.created = silence.from;
    kept.push_back(silence);
    done(std::move(silence));
  }
  void end_silence(std::string_view id, Done done) override {
    ended.emplace_back(id);
    done(result);
  }
  void acknowledge(std::string_view monitor, std::optional<alert::Acknowledgement> acknowledgement,
                   Done done) override {
    acknowledged.emplace_back(monitor, std::move(acknowledgement));
    done(result);
  }

  ScriptedOutlet& add_outlet(const std::string& name, bool sink = false) {
    auto outlet = std::make_unique<ScriptedOutlet>();
    outlet->name = name;
    outlet->view.type = sink ? "datadog_event" : "webhook";
    outlet->view.sink = sink;
    ScriptedOutlet& out = *outlet;
    channels.push_back(std::move(outlet));
    return out;
  }
  [[nodiscard]] std::vector<service::OutletView> outlets() const override {
    std::vector<service::OutletView> out;
    for (const auto& outlet : channels) {
      out.push_back(outlet->view);
      out.back().name = outlet->name;
    }
    return out;
  }
  // Rows in the order of the list: by channel, then by number.
  ScriptedWaiting& add_waiting(const std::string& channel, const std::string& key) {
    auto row = std::make_unique<ScriptedWaiting>();
    row->row.key = key;
    row->row.target = channel;
    row->view.number = waiting.size() + 1;
    waiting.push_back(std::move(row));
    return *waiting.back();
  }
  void visit_waiting(std::string_view outlet, const service::WaitingPlace& after, std::size_t most,
                     const std::function<void(const service::WaitingView&)>& visit) const override {
    std::size_t seen = 0;
    for (const auto& each : waiting) {
      const bool beyond =
          std::pair(each->row.target, each->view.number) > std::pair(after.outlet, after.number);
      if ((outlet.empty() || each->row.target == outlet) && beyond && seen++ < most) {
        service::WaitingView view = each->view;
        view.row = &each->row;
        visit(view);
      }
    }
  }
  [[nodiscard]] Result<void> retry(std::string_view outlet) override {
    retried.emplace_back(outlet);
    return known(outlet) ? Result<void>() : fail(ErrorCode::not_found, "no such channel");
  }
  void drop_key(const std::string& key, DropDone done) override {
    dropped.push_back("key " + key);
    done(dropped_rows);
  }
  void drop_all(std::string_view outlet, DropDone done) override {
    dropped.push_back("all of " + std::string(outlet));
    done(known(outlet) ? dropped_rows : fail(ErrorCode::not_found, "no such channel"));
  }
  void test(std::string_view /*channel*/, alert::Event event, TestDone done) override {
    tested.push_back(std::move(event));
    done(test_result);
  }
  [[nodiscard]] Result<std::vector<notification::Step>> preview(std::string_view /*channel*/,
                                                                alert::Event event) const override {
    previewed.push_back(std::move(event));
    return steps;
  }
  [[nodiscard]] std::string hide_secrets(std::string_view text) const override {
    std::string out(text);
    for (std::size_t at = out.find(kChannelSecret); at != std::string::npos;
         at = out.find(kChannelSecret)) {
      out.replace(at, kChannelSecret.size(), "***");
    }
    return out;
  }

  Result<void> result;
  std::vector<alert::Silence> kept;
  std::vector<std::string> ended;
  std::vector<std::pair<std::string, std::optional<alert::Acknowledgement>>> acknowledged;
  std::vector<std::unique_ptr<ScriptedOutlet>> channels;  // sorted by name, as the caller adds them
  std::vector<std::unique_ptr<ScriptedWaiting>> waiting;
  std::vector<std::string> retried, dropped;
  Result<std::size_t> dropped_rows{1};
  std::vector<alert::Event> tested;
  Result<service::Dispatcher::Tested> test_result;
  mutable std::vector<alert::Event> previewed;
  std::vector<notification::Step> steps;

 private:
  [[nodiscard]] bool known(std::string_view outlet) const {
    for (const auto& channel : channels) {
      if (channel->name == outlet) {
        return true;
      }
    }
    return false;
  }
};

}  // namespace tocsin::web::test
