#include "deployment/scenario.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>
#include <utility>

#include "base/near_miss.hpp"
#include "check/json.hpp"

namespace tocsin::deployment {
namespace {

using check::JsonItems;
using check::JsonKind;
using check::JsonValue;

constexpr auto kMostSeconds = static_cast<double>(kScenarioReach.count());
constexpr std::int64_t kMostTasks = 1'000'000'000;  // sums of them stay numbers
constexpr std::int64_t kMostBakeMinutes = 1'000'000;

// What the Amazon ECS API reference has.
using Names = std::string_view;
constexpr std::array<Names, 4> kStrategies{"ROLLING", "BLUE_GREEN", "LINEAR", "CANARY"};
constexpr std::array<Names, 2> kSchedulings{"REPLICA", "DAEMON"};
constexpr std::array<Names, 3> kStatuses{"ACTIVE", "DRAINING", "INACTIVE"};
constexpr std::array<Names, 3> kDeploymentStatuses{"PRIMARY", "ACTIVE", "INACTIVE"};
constexpr std::array<Names, 3> kRolloutStates{"IN_PROGRESS", "COMPLETED", "FAILED"};
constexpr std::array<Names, 9> kShiftStatuses{
    "PENDING",        "IN_PROGRESS",        "STOP_REQUESTED",       "STOPPED",
    "SUCCESSFUL",     "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL",
    "ROLLBACK_FAILED"};
constexpr std::array<Names, 10> kDeploymentKeys{
    "id",      "status", "taskDefinition", "desired",      "pending",
    "running", "failed", "createdAt",      "rolloutState", "rolloutStateReason"};

// Where in the file something is, for errors; and the first one.
struct Reader {
  std::string where;
  std::optional<Error> error;

  void fault(std::string_view what) {
    if (!error) {
      error = Error{ErrorCode::invalid, fmt::format("{}: {}", where, what)};
    }
  }
  void expected(std::string_view field, JsonValue found, std::string_view what) {
    fault(fmt::format("{} is {}, expected {}", field,
                      found.exists() ? found.text().substr(0, 60) : "missing", what));
  }

  std::optional<Milliseconds> seconds(JsonValue value) {
    const std::string_view text = value.number();
    double number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || failure != std::errc{} || end != text.data() + text.size() ||
        std::abs(number) > kMostSeconds) {
      return std::nullopt;
    }
    return Milliseconds{std::llround(number * 1000)};
  }
  Instant time(JsonValue object, std::string_view field, std::optional<Instant> otherwise) {
    const JsonValue value = object.find(field);
    if (!value.exists() && otherwise) {
      return *otherwise;
    }
    const auto read = seconds(value);
    if (!read) {
      expected(field, value, "seconds");
    }
    return kScenarioBegin + read.value_or(Milliseconds{0});
  }
  std::int64_t count(JsonValue object, std::string_view field, std::int64_t most = kMostTasks) {
    const JsonValue value = object.find(field);
    const auto read = value.integer();
    const bool fits = read && *read >= 0 && *read <= most;
    if (value.exists() && !fits) {
      expected(field, value, fmt::format("a whole number from 0 to {}", most));
    }
    return fits ? *read : 0;
  }
  std::string text(JsonValue object, std::string_view field, bool needed = false) {
    const JsonValue value = object.find(field);
    const auto read = value.string();
    if ((value.exists() && !read) || (!value.exists() && needed)) {
      expected(field, value, "a string");
    }
    return read.value_or("");
  }
  // A value that is not known would be taken for another: AWS may have new ones, a file may not.
  std::string choice(JsonValue object, std::string_view field,
                     std::span<const std::string_view> known, bool needed = false) {
    return one_of(field, object.find(field), text(object, field, needed), known);
  }
  std::string one_of(std::string_view field, JsonValue value, std::string read,
                     std::span<const std::string_view> known) {
    if (!read.empty() && std::ranges::find(known, read) == known.end()) {
      const auto near = near_miss(read, known);
      expected(field, value,
               fmt::format("one of {}{}", fmt::join(known, ", "),
                           near ? fmt::format("; did you mean {}?", *near) : ""));
    }
    return read;
  }
  // Keys that are not known, where they would change what the sequence means.
  void only(JsonValue object, std::span<const std::string_view> known, std::string_view what) {
    for (JsonItems item(object); item.next();) {
      const std::string key = item.key();
      if (std::ranges::find(known, key) != known.end()) {
        continue;
      }
      const auto near = near_miss(key, known);
      fault(fmt::format("there is no {} {}{}", what, key,
                        near ? fmt::format("; did you mean {}?", *near) : ""));
      return;
    }
  }
  bool flag(JsonValue object, std::string_view field) {
    const JsonValue value = object.find(field);
    const auto read = value.boolean();
    if (value.exists() && !read) {
      expected(field, value, "true or false");
    }
    return read.value_or(false);
  }
};

// One place deeper, as long as it lives.
class Place {
 public:
  Place(Reader& reader, std::string_view what)
      : reader_(reader), before_(std::exchange(reader.where, {})) {
    reader.where = fmt::format("{}, {}", before_, what);
  }
  ~Place() { reader_.where = std::move(before_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  Reader& reader_;
  std::string before_;
};

// --- Options. ---

struct Settings {
  Options options;
  bool rolling = true;
  Scheduling scheduling = Scheduling::replica;
};

struct OptionField {
  std::string_view name;
  void (*read)(Reader&, JsonValue, Settings&);
};

template <Milliseconds Options::* Member>
void read_seconds(Reader& reader, JsonValue value, Settings& settings) {
  const auto read = reader.seconds(value);
  if (!read || *read < Milliseconds{0}) {
    reader.fault(fmt::format("{} is no number of seconds", value.text().substr(0, 60)));
  }
  settings.options.*Member = read.value_or(Milliseconds{0});
}

template <std::int64_t Options::* Member>
void read_count(Reader& reader, JsonValue value, Settings& settings) {
  const auto read = value.integer();
  if (!read || *read < 1) {
    reader.fault(fmt::format("{} is no whole number from 1", value.text().substr(0, 60)));
  }
  settings.options.*Member = read.value_or(1);
}

void read_cold_start(Reader& reader, JsonValue value, Settings& settings) {
  settings.options.adopt_running = value.is_string("adopt");
  if (!settings.options.adopt_running && !value.is_string("announce")) {
    reader.expected("it", value, "\"announce\" or \"adopt\"");
  }
}

std::string read_choice(Reader& reader, JsonValue value, std::span<const std::string_view> known) {
  const auto read = value.string();
  if (!read || read->empty()) {
    reader.expected("it", value, fmt::format("one of {}", fmt::join(known, ", ")));
    return {};
  }
  return reader.one_of("it", value, *read, known);
}

void read_strategy(Reader& reader, JsonValue value, Settings& settings) {
  settings.rolling = read_choice(reader, value, kStrategies) == "ROLLING";
}

void read_scheduling(Reader& reader, JsonValue value, Settings& settings) {
  settings.scheduling = read_choice(reader, value, kSchedulings) == "DAEMON" ? Scheduling::daemon
                                                                             : Scheduling::replica;
}

constexpr std::array kOptionFields = {
    OptionField{"timeoutSeconds", read_seconds<&Options::timeout>},
    OptionField{"scaleDebounceSeconds", read_seconds<&Options::scale_debounce>},
    OptionField{"partialCrashPolls", read_count<&Options::partial_crash_polls>},
    OptionField{"deployFailedTasksAlert", read_count<&Options::deploy_failed_tasks>},
    OptionField{"flapWindowSeconds", read_seconds<&Options::flap_window>},
    OptionField{"flapThreshold", read_count<&Options::flap_threshold>},
    OptionField{"flapQuietSeconds", read_seconds<&Options::flap_quiet>},
    OptionField{"missingPolls", read_count<&Options::missing_polls>},
    OptionField{"coldStart", read_cold_start},
    OptionField{"strategy", read_strategy},
    OptionField{"schedulingStrategy", read_scheduling},
};

constexpr auto kOptionNames = [] {
  std::array<std::string_view, kOptionFields.size()> names;
  for (std::size_t i = 0; i < names.size(); ++i) {
    names[i] = kOptionFields[i].name;
  }
  return names;
}();

void read_settings(Reader& reader, std::string_view field, JsonValue object, Settings& settings) {
  if (object.exists() && object.kind() != JsonKind::object) {
    reader.expected(field, object, "an object");
    return;
  }
  reader.only(object, kOptionNames, "option");
  for (JsonItems item(object); item.next();) {
    const std::string key = item.key();
    const auto found = std::ranges::find(kOptionFields, key, &OptionField::name);
    if (found == kOptionFields.end()) {
      return;
    }
    const Place place(reader, key);
    found->read(reader, item.value(), settings);
  }
}

// --- Snapshots. ---

Deployment read_deployment(Reader& reader, JsonValue value) {
  Deployment out;
  reader.only(value, kDeploymentKeys, "field");
  out.id = reader.text(value, "id", true);
  out.primary = reader.choice(value, "status", kDeploymentStatuses) == "PRIMARY";
  out.task_definition = reader.text(value, "taskDefinition");
  out.desired = reader.count(value, "desired");
  out.pending = reader.count(value, "pending");
  out.running = reader.count(value, "running");
  out.failed = reader.count(value, "failed");
  out.created = reader.time(value, "createdAt", std::nullopt);
  out.rollout = rollout_state(reader.choice(value, "rolloutState", kRolloutStates));
  out.rollout_reason = reader.text(value, "rolloutStateReason");
  return out;
}

Snapshot read_snapshot(Reader& reader, JsonValue poll, const Settings& settings) {
  Snapshot out;
  out.status = service_status(reader.choice(poll, "status", kStatuses));
  out.created = reader.time(poll, "serviceCreatedAt", Instant{});
  out.rolling = settings.rolling;
  out.scheduling = settings.scheduling;
  out.bake_time = std::chrono::minutes{reader.count(poll, "bakeTimeInMinutes", kMostBakeMinutes)};
  out.desired = reader.count(poll, "desiredCount");
  out.running = reader.count(poll, "runningCount");
  for (JsonItems item(poll.find("deployments")); item.next();) {
    const Place place(reader, fmt::format("deployment {}", out.deployments.size()));
    out.deployments.push_back(read_deployment(reader, item.value()));
  }
  for (JsonItems item(poll.find("events")); item.next();) {
    const Place place(reader, fmt::format("event {}", out.events.size()));
    out.events.push_back({reader.time(item.value(), "createdAt", std::nullopt),
                          reader.text(item.value(), "message")});
  }
  if (const JsonValue shift = poll.find("serviceDeployment"); shift.exists()) {
    ServiceDeployment deployment;
    deployment.status =
        service_deployment_status(reader.choice(shift, "status", kShiftStatuses, true));
    deployment.stage = reader.text(shift, "lifecycleStage");
    deployment.reason = reader.text(shift, "statusReason");
    deployment.waits = reader.flag(shift, "waits");
    out.service_deployment = std::move(deployment);
  }
  return out;
}

ScenarioPoll read_poll(Reader& reader, JsonValue poll, const Settings& settings) {
  ScenarioPoll out;
  out.at = reader.time(poll, "t", std::nullopt);
  out.t = poll.find("t").text();
  out.observation.now = reader.time(poll, "serverT", out.at);
  out.restart = reader.flag(poll, "restart");
  if (const JsonValue error = poll.find("error"); error.exists()) {
    out.observation.seen = Unanswered{reader.text(poll, "error")};
  } else if (reader.flag(poll, "missing")) {
    out.observation.seen = Missing{};
  } else if (reader.flag(poll, "absent") || out.restart) {
    out.observation.seen = Absent{};
  } else if (poll.find("deployments").kind() != JsonKind::array) {
    reader.expected("deployments", poll.find("deployments"),
                    "a list; or one of error, missing, absent, restart");
  } else {
    out.observation.seen = read_snapshot(reader, poll, settings);
  }
  return out;
}

Scenario read_scenario(Reader& reader, JsonValue value, Settings settings) {
  Scenario out;
  const std::string before = reader.where;
  out.name = reader.text(value, "name", true);
  reader.where = fmt::format("scenario {}", out.name);
  read_settings(reader, "config", value.find("config"), settings);
  out.options = settings.options;
  const std::string scenario = reader.where;
  if (const JsonValue polls = value.find("polls"); polls.kind() != JsonKind::array) {
    reader.expected("polls", polls, "a list");
  }
  std::size_t number = 0;
  for (JsonItems item(value.find("polls")); item.next(); ++number) {
    reader.where = fmt::format("{}, poll {}", scenario, number);
    out.polls.push_back(read_poll(reader, item.value(), settings));
    if (number > 0 && out.polls[number].at < out.polls[number - 1].at) {
      reader.fault("t is before that of the poll before");
    }
  }
  for (JsonItems item(value.find("expect")); item.next();) {
    out.expect.emplace_back(item.value().text());
  }
  reader.where = before;
  return out;
}

}  // namespace

Result<std::vector<Scenario>> parse_scenarios(std::string_view json) {
  const auto value = check::parse_json(json);
  if (!value) {
    return std::unexpected(value.error());
  }
  const JsonValue all = value->find("scenarios");
  if (all.kind() != JsonKind::array) {
    return fail(ErrorCode::invalid, "the file has no list `scenarios`");
  }
  Reader reader{"defaults", std::nullopt};
  Settings defaults;
  read_settings(reader, "defaults", value->find("defaults"), defaults);
  std::vector<Scenario> out;
  for (JsonItems item(all); item.next() && !reader.error;) {
    reader.where = fmt::format("scenario number {}", out.size() + 1);
    out.push_back(read_scenario(reader, item.value(), defaults));
  }
  if (reader.error) {
    return std::unexpected(std::move(*reader.error));
  }
  return out;
}

}  // namespace tocsin::deployment
