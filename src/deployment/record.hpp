#pragma once
// One deployment of a service as its history keeps it: what was deployed, from when until when and
// how it ended.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace tocsin::deployment {

// What one container of the task definition runs.
struct Image {
  std::string container;
  std::string image;   // as the task definition names it
  std::string digest;  // "" not known
  bool operator==(const Image&) const = default;
};

enum class Outcome : std::uint8_t {
  going_on,
  finished,
  superseded,  // another deployment began before it was done
  rolled_back,
  failed,
  service_deleted,
};
// As API and store have it: "in_progress", "rolled_back".
[[nodiscard]] std::string_view to_string(Outcome outcome);

struct Record {
  std::string id;
  std::string task_definition;
  std::string previous_task_definition;  // of what ran before; "" not known
  std::vector<Image> images;             // empty: not known
  Instant created{};  // it began, by AWS's clock: its own creation, else when it was seen
  Instant ended{};    // by AWS's clock; epoch 0: it goes on
  Outcome outcome = Outcome::going_on;
  bool rollback = false;  // it is one
  bool redeploy = false;  // of the task definition that ran already
  std::string reason;     // of its end, as AWS gave it

  // From `created` to `ended`; nullopt while it goes on.
  [[nodiscard]] std::optional<Milliseconds> duration() const;
  bool operator==(const Record&) const = default;
};

// {id, status, task_definition, previous_task_definition, images: [{container, image[, digest]}],
// rollback, redeploy, started_at, ended_at, duration_ms, reason}. null where nothing is known.
[[nodiscard]] std::string to_json(const Record& record);
// What cannot be read is left as in a fresh one; without an id nothing could be.
[[nodiscard]] Record parse_record(std::string_view json);

}  // namespace tocsin::deployment
