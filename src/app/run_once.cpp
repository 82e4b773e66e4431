// `tocsin run --once`: every monitor checked once, for pipelines. Thresholds do not apply: one
// failed check fails the run. The store is not touched.

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

#include "app/commands.hpp"
#include "app/config_source.hpp"
#include "app/console.hpp"
#include "app/network.hpp"
#include "service/redaction.hpp"

namespace tocsin::app {
namespace {

// Checks that run at the same time: enough to be quick, few enough to be a good neighbour.
constexpr std::size_t kAtOnce = 200;

class Sweep {
 public:
  Sweep(Network& network, const std::vector<config::Monitor>& monitors)
      : network_(network), monitors_(monitors), outcomes_(monitors.size()) {}

  const std::vector<check::Outcome>& run() {
    if (monitors_.empty()) {
      return outcomes_;
    }
    network_.loop().post([this] {
      for (std::size_t i = 0; i < kAtOnce; ++i) {
        start_next();
      }
    });
    network_.loop().run();
    return outcomes_;
  }

 private:
  void start_next() {
    if (next_ == monitors_.size()) {
      return;
    }
    const std::size_t index = next_++;
    network_.prober().start(monitors_[index].check, [this, index](check::Outcome outcome) {
      outcomes_[index] = std::move(outcome);
      if (++finished_ == monitors_.size()) {
        network_.loop().stop();
      } else {
        start_next();
      }
    });
  }

  Network& network_;
  const std::vector<config::Monitor>& monitors_;
  std::vector<check::Outcome> outcomes_;
  std::size_t next_ = 0;
  std::size_t finished_ = 0;
};

}  // namespace

int run_once(const RunOptions& options, std::optional<LogLevel> /*level*/) {
  auto loaded = load_config(options.config);
  if (!loaded) {
    fmt::print(stderr, "tocsin: {}\n", loaded.error().message);
    return kUsage;
  }
  print_diagnostics(*loaded, stderr);
  if (!loaded->config) {
    return kUsage;
  }
  // Heartbeats are pinged, not checked.
  std::vector<config::Monitor>& monitors = loaded->config->monitors;
  std::erase_if(monitors, [](const config::Monitor& m) { return check::is_passive(*m.check); });
  Network network(loaded->config->settings.limits);
  Sweep sweep(network, monitors);
  const std::vector<check::Outcome>& outcomes = sweep.run();
  network.stop_clients();
  std::vector<TableRow> rows;
  bool all_up = true;
  const Redactor redactor(loaded->secrets);
  for (std::size_t i = 0; i < monitors.size(); ++i) {
    check::Outcome outcome = outcomes[i];
    service::redact(outcome, redactor);
    all_up = all_up && outcome.status == check::Status::up;
    rows.push_back({.name = monitors[i].name,
                    .kind = std::string(check::kind_of(*monitors[i].check)),
                    .state = std::string(check::to_string(outcome.status)),
                    .duration = took_text(outcome.duration),
                    .message = outcome.message});
  }
  TableStyle style = terminal_style();
  style.most = rows.size();
  fmt::print("{}", render_table(std::move(rows), network.clock().now(), style));
  return all_up ? kDone : kFailed;
}

}  // namespace tocsin::app
