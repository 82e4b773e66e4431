#include "deployment/stops.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/utf8.hpp"

namespace tocsin::deployment {
namespace {

constexpr std::size_t kMostReasons = 3;
constexpr std::size_t kMostWords = 200;

std::string cut(std::string_view text) { return clip(one_line(text), kMostWords); }

std::string with_reason(std::string what, std::string_view reason) {
  return reason.empty() ? what : fmt::format("{}: {}", what, cut(reason));
}

// The container that took the task with it: the first that failed, else the first that ended.
const Container* culprit(const Task& task) {
  const auto failed = std::ranges::find_if(task.containers, [](const Container& container) {
    return container.exit_code.value_or(0) != 0 || !container.reason.empty();
  });
  if (failed != task.containers.end()) {
    return &*failed;
  }
  const auto ended = std::ranges::find_if(
      task.containers, [](const Container& container) { return container.exit_code.has_value(); });
  return ended == task.containers.end() ? nullptr : &*ended;
}

std::string of_container(const Container& container) {
  std::string out = container.exit_code
                        ? fmt::format("{} exited with {}", container.name, *container.exit_code)
                        : fmt::format("{} stopped", container.name);
  if (!container.reason.empty()) {
    out += fmt::format(" ({})", cut(container.reason));
  }
  return out;
}

std::string reason_of(const Task& task) {
  if (task.stop_code == "SpotInterruption") return "Spot interruption";
  if (task.stop_code == "TerminationNotice") return "termination notice";
  if (task.stop_code == "InfrastructureHealth") {
    return with_reason("infrastructure failed", task.stopped_reason);
  }
  if (task.stop_code == "UserInitiated") {
    return with_reason("stopped by somebody", task.stopped_reason);
  }
  if (task.stop_code == "ServiceSchedulerInitiated") {
    return with_reason("stopped by the service", task.stopped_reason);
  }
  const Container* container = culprit(task);
  if (task.stop_code == "TaskFailedToStart") {
    const bool says = container != nullptr && !container->reason.empty();
    return with_reason("failed to start", says ? container->reason : task.stopped_reason);
  }
  if (container != nullptr) return of_container(*container);
  return with_reason(task.stop_code.empty() ? "stopped" : task.stop_code, task.stopped_reason);
}

struct Reason {
  std::string text;
  std::size_t times = 0;
  std::size_t number = 0;  // in the order of the latest
};

void most_frequent_first(std::vector<Reason>& reasons) {
  std::ranges::sort(reasons, [](const Reason& a, const Reason& b) {
    return std::pair(b.times, a.number) < std::pair(a.times, b.number);
  });
}

}  // namespace

std::vector<Task> stops_since(std::vector<Task> tasks, const std::string& deployment,
                              Instant steady_since) {
  std::erase_if(tasks, [&](const Task& task) {
    return task.started_by != deployment || task.stopped <= steady_since ||
           task.stopped == Instant{};
  });
  std::ranges::sort(tasks, [](const Task& a, const Task& b) {
    return std::pair(b.stopped, a.arn) < std::pair(a.stopped, b.arn);
  });
  return tasks;
}

// The scheduler also stops what fails its health checks: its words tell.
bool all_meant(std::span<const Task> stops) {
  return !stops.empty() && std::ranges::all_of(stops, [](const Task& task) {
    std::string words = task.stopped_reason;
    std::ranges::transform(words, words.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const bool failed =
        words.find("fail") != std::string::npos || words.find("unhealthy") != std::string::npos;
    return task.stop_code == "ServiceSchedulerInitiated" && !failed;
  });
}

std::string explain(std::span<const Task> stops) {
  std::vector<Reason> reasons;  // in the order of the latest
  for (const Task& task : stops) {
    std::string reason = reason_of(task);
    const auto known = std::ranges::find(reasons, reason, &Reason::text);
    if (known != reasons.end()) {
      known->times += 1;
    } else {
      reasons.push_back({std::move(reason), 1, reasons.size()});
    }
  }
  most_frequent_first(reasons);
  std::string out;
  for (std::size_t i = 0; i < std::min(reasons.size(), kMostReasons); ++i) {
    out += i == 0 ? "" : "; ";
    out += reasons[i].text;
    if (reasons[i].times > 1) {
      out += fmt::format(", {} times", reasons[i].times);
    }
  }
  if (reasons.size() > kMostReasons) {
    out += fmt::format("; and {} other reasons", reasons.size() - kMostReasons);
  }
  return out;
}

}  // namespace tocsin::deployment
