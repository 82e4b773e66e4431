// `tocsin ecs record`: services of a live cluster, looked at for a while, as a file for replay.

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include "app/atomic_file.hpp"
#include "app/commands.hpp"
#include "app/config_source.hpp"
#include "app/ecs_accounts.hpp"
#include "app/ecs_record_plan.hpp"
#include "app/listing.hpp"
#include "app/network.hpp"
#include "base/utf8.hpp"
#include "deployment/recording.hpp"
#include "service/ecs/cluster_poller.hpp"
#include "service/ecs/service_memory.hpp"

namespace tocsin::app {
namespace {

using namespace std::chrono_literals;
using deployment::Recording;
using ports::EcsFailure;
using ports::EcsFailureKind;
using service::ClusterPoller;

// `replay` reads 64 MiB.
constexpr std::size_t kMostBytes = std::size_t{60} << 20U;
constexpr Microseconds kLook = 200ms;

// What a file says of a look that failed: messages of AWS name accounts and callers.
std::string_view words_of(EcsFailureKind kind) {
  switch (kind) {
    case EcsFailureKind::unanswered:
      return "AWS did not answer";
    case EcsFailureKind::throttled:
      return "AWS throttled the call";
    case EcsFailureKind::denied:
      return "the call is not allowed";
    case EcsFailureKind::credentials:
      return "the credentials were refused";
    case EcsFailureKind::no_cluster:
      return "there is no such cluster";
    case EcsFailureKind::no_service:
    case EcsFailureKind::refused:
      break;
  }
  return "AWS refused the call";
}

bool may_pass(EcsFailureKind kind) {
  return kind == EcsFailureKind::unanswered || kind == EcsFailureKind::throttled;
}

Result<config::EcsSettings> settings_of(const std::string& file) {
  auto loaded = load_config(file);
  if (!loaded) {
    return std::unexpected(std::move(loaded.error()));
  }
  if (!loaded->config) {
    print_diagnostics(*loaded, stderr);
    return fail(ErrorCode::invalid, file + " is broken");
  }
  return std::move(loaded->config->settings.ecs);
}

class Session {
 public:
  // At least one part.
  Session(const std::vector<RecordPart>& parts, std::string output)
      : parts_(parts),
        output_(std::move(output)),
        network_(config::Limits{}),
        accounts_(network_, log_, {}, std::uint64_t{std::random_device{}()}),
        // Whole seconds, as AWS's clock is in its answers.
        recording_(std::chrono::floor<std::chrono::seconds>(network_.clock().now())) {}
  ~Session() {
    pollers_.clear();
    network_.stop_clients();
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Exit code.
  int run(Milliseconds duration);

 private:
  [[nodiscard]] const std::string& cluster() const { return parts_.front().entry.name; }
  [[nodiscard]] std::string intervals() const;
  [[nodiscard]] ClusterPoller::Hooks hooks(const RecordPart& part);
  void seen(const RecordPart& part, const ClusterPoller::Seen& seen);
  void failed(const EcsFailure& failure);
  void watch_size();
  void stop(std::string_view why);
  [[nodiscard]] int write();
  void say_why_nothing() const;

  const std::vector<RecordPart>& parts_;
  std::string output_;
  NullLogger log_;
  Network network_;
  EcsAccounts accounts_;
  Recording recording_;
  MonoTime begin_{};
  std::vector<std::unique_ptr<ClusterPoller>> pollers_;  // of each part
  std::optional<EcsFailure> failing_;
  bool hopeless_ = false;
};

int Session::run(Milliseconds duration) {
  const auto account = accounts_.account_of(parts_.front().entry, true);
  if (!account) {
    fmt::print(stderr, "tocsin: cluster {}: {}\n", cluster(), account.error().message);
    return kUsage;
  }
  boost::asio::signal_set signals(network_.loop().context(), SIGINT, SIGTERM);
  signals.async_wait([this](const boost::system::error_code& error, int signal) {
    if (!error) {
      stop(signal == SIGINT ? "SIGINT" : "SIGTERM");
    }
  });
  for (const RecordPart& part : parts_) {
    pollers_.push_back(
        std::make_unique<ClusterPoller>(ClusterPoller::Ports{network_.loop(), network_.clock(),
                                                             (*account)->api, (*account)->budget},
                                        part.watched, hooks(part)));
  }
  fmt::print(stderr, "recording {} in {} for {}, a look every {}; Ctrl-C ends it and writes {}\n",
             printable(cluster()), (*account)->name, format_duration(duration), intervals(),
             printable(output_));
  begin_ = network_.clock().mono_now();
  network_.loop().call_at(begin_ + Microseconds{duration}, [this] { stop(""); });
  network_.loop().post([this] {
    for (const auto& poller : pollers_) {
      poller->start({});
    }
  });
  watch_size();
  network_.loop().run();
  pollers_.clear();
  return write();
}

std::string Session::intervals() const {
  const auto [least, most] = std::ranges::minmax(
      parts_, {}, [](const RecordPart& part) { return part.entry.check_interval; });
  return least.entry.check_interval == most.entry.check_interval
             ? format_duration(least.entry.check_interval)
             : fmt::format("{} to {}", format_duration(least.entry.check_interval),
                           format_duration(most.entry.check_interval));
}

ClusterPoller::Hooks Session::hooks(const RecordPart& part) {
  ClusterPoller::Hooks hooks;
  hooks.seen = [this, &part](const ClusterPoller::Seen& one) { seen(part, one); };
  hooks.goes_on = [](const ports::EcsService&) { return true; };
  hooks.lost = [](const std::string&) {};
  hooks.complete = [](Instant) {};
  hooks.is_gone = [this](const std::string& name) { return recording_.is_gone(name); };
  hooks.failed = [this](ClusterPoller::Call, const EcsFailure& failure) { failed(failure); };
  hooks.works = [this](ClusterPoller::Call) {
    if (std::exchange(failing_, std::nullopt)) {
      fmt::print(stderr, "AWS answers again\n");
    }
  };
  return hooks;
}

void Session::seen(const RecordPart& part, const ClusterPoller::Seen& seen) {
  const Microseconds elapsed = network_.clock().mono_now() - begin_;
  deployment::Observation observation = seen.observation;
  if (std::holds_alternative<deployment::Unanswered>(observation.seen)) {
    const auto kind = failing_ ? failing_->kind : EcsFailureKind::unanswered;
    observation.seen = deployment::Unanswered{std::string(words_of(kind))};
  }
  const bool said = recording_.never_was(seen.name);
  recording_.seen({seen.name, part.entry.options}, std::chrono::floor<Milliseconds>(elapsed),
                  std::move(observation), seen.fleet_known);
  if (!said && recording_.never_was(seen.name)) {
    fmt::print(stderr, "tocsin: {} has no service {}; it is looked for until the end\n",
               printable(cluster()), printable(seen.name));
  }
}

void Session::failed(const EcsFailure& failure) {
  if (!failing_ || failing_->kind != failure.kind) {
    fmt::print(stderr, "tocsin: {}\n", printable(failure.message));
  }
  failing_ = failure;
  if (!may_pass(failure.kind) && recording_.answered() == 0) {
    hopeless_ = true;
    network_.loop().stop();
  }
}

void Session::watch_size() {
  if (recording_.bytes() > kMostBytes) {
    stop("the file is as large as replay reads");
    return;
  }
  network_.loop().call_at(network_.clock().mono_now() + kLook, [this] { watch_size(); });
}

void Session::stop(std::string_view why) {
  if (!why.empty()) {
    fmt::print(stderr, "ended early: {}\n", why);
  }
  network_.loop().stop();
}

void Session::say_why_nothing() const {
  if (hopeless_) {
    return;  // it was said
  }
  const std::string nobody = fmt::format(
      "no service was seen in {}: `aws ecs list-services --cluster {}` shows which it "
      "has",
      printable(cluster()), printable(cluster()));
  fmt::print(stderr, "tocsin: {}; nothing is written\n",
             recording_.answered() == 0 && failing_
                 ? "AWS answered nothing: " + printable(failing_->message)
                 : nobody);
}

int Session::write() {
  if (recording_.services() == 0) {
    say_why_nothing();
    return kFailed;
  }
  if (const auto unseen = recording_.unseen(); !unseen.empty()) {
    fmt::print(stderr, "tocsin: nothing was seen of {}: not in the file\n",
               printable(fmt::format("{}", fmt::join(unseen, ", "))));
  }
  const auto written = write_atomically(output_, write_scenarios(recording_.sequences()));
  if (!written) {
    fmt::print(stderr, "tocsin: {}\n", printable(written.error().message));
    return kFailed;
  }
  fmt::print("{}: {} of {}\n", printable(output_), counted(recording_.polls(), "poll"),
             counted(recording_.services(), "service"));
  return kDone;
}

}  // namespace

int record_ecs(const EcsRecordOptions& options) {
  std::optional<config::EcsSettings> settings;
  if (!options.config.empty()) {
    auto loaded = settings_of(options.config);
    if (!loaded) {
      fmt::print(stderr, "tocsin: {}\n", printable(loaded.error().message));
      return kUsage;
    }
    settings = std::move(*loaded);
  }
  const auto parts = plan_record(options, settings ? &*settings : nullptr);
  if (!parts) {
    for (const std::string& problem : parts.error()) {
      fmt::print(stderr, "tocsin: {}\n", printable(problem));
    }
    return kUsage;
  }
  const std::string output = options.output.empty()
                                 ? fmt::format("ecs-{}.json", service::short_name(options.cluster))
                                 : options.output;
  if (const auto writable = check_writable(output); !writable) {
    fmt::print(stderr, "tocsin: {}\n", printable(writable.error().message));
    return kUsage;
  }
  Session session(*parts, output);
  return session.run(options.duration);
}

}  // namespace tocsin::app
