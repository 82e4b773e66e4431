#pragma once
// What the rules have to tell about one service: a thing that happened, with the fields of its
// type.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"

namespace tocsin::deployment {

enum class NoticeType : std::uint8_t {
  deploy_started,
  scaled,
  recovering,
  finished,
  timeout,
  rolled_back,
  failed,
  service_created,
  service_deleted,
};
[[nodiscard]] std::string_view to_string(NoticeType type);

// What finished, or takes too long.
enum class Subject : std::uint8_t { deploy, scale, recover };
[[nodiscard]] std::string_view to_string(Subject subject);

// Of `recovering`: no task runs; fewer than wanted; those of a deployment that goes on keep
// failing.
enum class Impact : std::uint8_t { outage, partial, deploy };
[[nodiscard]] std::string_view to_string(Impact impact);

// A deployment that came and went between two polls, as AWS still lists it.
struct Skipped {
  std::string id;
  std::string task_definition;
  Instant created{};
  bool operator==(const Skipped&) const = default;
};

struct Notice {
  NoticeType type = NoticeType::deploy_started;
  Instant at{};            // AWS's clock
  std::string deployment;  // the one it is about; of rolled_back the one that failed
  std::string task_definition;
  Instant created{};  // of the deployment that runs that task definition; epoch 0: not known
  // Derives from what happened alone: the same for whoever sees it, however often. Of `finished`
  // that of its beginning. Unique among the notices of one type of one service.
  std::string key;
  // What belongs together for people: a deployment with its rollback, an episode, a scaling.
  std::string thread;

  std::string previous_task_definition;
  Instant previous_created{};  // of the deployment that was followed before
  bool initial = false;        // the first deployment of a new service
  bool redeploy = false;       // of the task definition that runs already
  bool in_progress = false;    // it began before we looked
  std::string supersedes;      // a deployment that will never finish
  std::vector<Skipped> skipped;
  bool during_deployment = false;
  bool rollback = false;  // it went back to what ran before, by itself
  bool flapping = false;
  bool reappeared = false;  // a service that AWS had denied for a while
  std::optional<Subject> subject;
  std::optional<Impact> impact;
  std::string replaces;   // of scaled: the thread of a scaling that is not finished any more
  std::int64_t from = 0;  // of scaled: desired count
  std::int64_t to = 0;
  std::int64_t running = 0;
  std::int64_t desired = 0;
  std::int64_t failed_tasks = 0;
  std::int64_t episodes = 0;
  std::optional<Milliseconds> duration;
  std::optional<Milliseconds> age;
  std::optional<Milliseconds> timeout;
  std::string from_deployment;  // of rolled_back
  std::string to_deployment;    // "" not known
  std::string reason;           // as AWS gave it
};

// The fields of its type under the names of the domain, each as JSON: `type` and `at` are not among
// them. What is not set is left out.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> fields_of(const Notice& notice);

}  // namespace tocsin::deployment
