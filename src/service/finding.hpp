#pragma once
// What came of a look at a monitor that no configuration names: whoever found it looks at it and
// knows its rules; the watch makes it durable, and tells.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "alert/event.hpp"
#include "check/outcome.hpp"
#include "ports/store.hpp"

namespace tocsin::service {

// Something that happened, to be told. Of the event: type, severity, at, state, reason, message,
// late, extra; `incident` and `key` without the monitor's name and the slash before them. What
// every event has comes from the monitor.
struct News {
  alert::Event event;
  std::string subject;     // what its topic is about (alert/topic.hpp)
  bool ends = false;       // its topic
  bool ends_all = false;   // every topic of the monitor
  std::string superseded;  // topics about this are over
};

struct Finding {
  std::optional<check::Outcome> outcome;  // nothing: no look, only news
  std::string memory;                     // kept with the monitor's record
  std::vector<News> news;
  std::vector<ports::DeploymentRow> deployments;
  std::vector<ports::MemoRow> memos;
  bool late = false;                      // the look was not on time
  std::move_only_function<void()> shown;  // when all of it is visible; may be empty
};

// What the store has of such a monitor.
struct FoundRecord {
  std::string name;
  std::string memory;
};

}  // namespace tocsin::service
