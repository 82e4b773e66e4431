// What ECS may answer, over hostile text: whatever is taken for a service can be judged, recorded
// and replayed.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/ecs_aws/answer.hpp"
#include "base/result.hpp"
#include "deployment/observe.hpp"
#include "deployment/recording.hpp"
#include "deployment/scenario.hpp"
#include "deployment/stops.hpp"

namespace {

using namespace tocsin;
using namespace tocsin::deployment;

constexpr Instant kNow = from_unix_ms(1'795'250'912'000);

void check_error(const Error& error) {
  TOCSIN_ASSERT(!error.message.empty());
  TOCSIN_ASSERT(error.message.size() < 1000);
}

// Twice, as two looks: nothing is told for the second one but what takes time.
void judge(const Snapshot& snapshot) {
  ServiceState state;
  const Options options;
  static_cast<void>(observe(state, {kNow, snapshot}, options, true));
  static_cast<void>(observe(state, {kNow + std::chrono::hours{1}, snapshot}, options, true));
  TOCSIN_ASSERT(parse_service_state(to_json(state)) == state);
}

void check_services(std::string_view text) {
  const auto read = ecs_aws::read_services(text);
  if (!read) {
    check_error(read.error());
    return;
  }
  const Options options;
  Recording recording(kNow);
  for (const ports::EcsService& service : read->found) {
    TOCSIN_ASSERT(service.snapshot.desired >= 0 && service.snapshot.running >= 0);
    judge(service.snapshot);
    recording.seen({service.name, options}, Milliseconds{0}, {kNow, service.snapshot}, false);
  }
  const auto replayed = parse_scenarios(write_scenarios(recording.sequences()));
  TOCSIN_ASSERT(replayed.has_value());
  TOCSIN_ASSERT(replayed->size() == recording.services());
}

void check_tasks(std::string_view text) {
  auto read = ecs_aws::read_tasks(text);
  if (!read) {
    check_error(read.error());
    return;
  }
  const std::string deployment = read->empty() ? "" : read->front().started_by;
  const auto stops = stops_since(std::move(*read), deployment, Instant{});
  static_cast<void>(all_meant(stops));
  static_cast<void>(explain(stops));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_services(text);
  check_tasks(text);
  static_cast<void>(ecs_aws::read_service_names(text));
  static_cast<void>(ecs_aws::read_service_deployments(text));
  static_cast<void>(ecs_aws::read_task_arns(text));
  static_cast<void>(ecs_aws::read_task_definition(text));
  return 0;
}
