// Sequences of polls, over hostile text: what the reader takes can be played, and written and read
// back without a difference.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/utf8.hpp"
#include "check/json.hpp"
#include "deployment/observe.hpp"
#include "deployment/recording.hpp"
#include "deployment/scenario.hpp"

namespace {

using namespace tocsin;
using namespace tocsin::deployment;

// The rules, as replay plays them: what they keep is what they wrote.
void play(const Scenario& scenario) {
  ServiceState state;
  bool fleet_known = false;
  for (const ScenarioPoll& poll : scenario.polls) {
    if (poll.restart) {
      state = parse_service_state(to_json(state));
      continue;
    }
    for (const Notice& notice : observe(state, poll.observation, scenario.options, fleet_known)) {
      for (const auto& [name, json] : fields_of(notice)) {
        TOCSIN_ASSERT(!name.empty());
        TOCSIN_ASSERT(check::parse_json(json).has_value());
      }
    }
    TOCSIN_ASSERT(parse_service_state(to_json(state)) == state);
    fleet_known = fleet_known || !std::holds_alternative<Unanswered>(poll.observation.seen);
  }
}

void check_alike(const Scenario& one, const Scenario& other) {
  TOCSIN_ASSERT(one.name == other.name);
  TOCSIN_ASSERT(one.options == other.options);
  TOCSIN_ASSERT(one.polls.size() == other.polls.size());
  for (std::size_t i = 0; i < one.polls.size(); ++i) {
    TOCSIN_ASSERT(one.polls[i].at == other.polls[i].at);
    TOCSIN_ASSERT(one.polls[i].restart == other.polls[i].restart);
    TOCSIN_ASSERT(one.polls[i].restart ||
                  one.polls[i].observation.now == other.polls[i].observation.now);
    const auto* seen = std::get_if<Snapshot>(&one.polls[i].observation.seen);
    const auto* again = std::get_if<Snapshot>(&other.polls[i].observation.seen);
    TOCSIN_ASSERT((seen == nullptr) == (again == nullptr));
    TOCSIN_ASSERT(seen == nullptr || *seen == *again);
  }
}

void record(const Scenario& scenario) {
  Recording recording(kScenarioBegin);
  for (const ScenarioPoll& poll : scenario.polls) {
    if (!poll.restart) {
      recording.seen({scenario.name, scenario.options}, poll.at - kScenarioBegin, poll.observation,
                     false);
    }
  }
  const std::string file = write_scenarios(recording.sequences());
  TOCSIN_ASSERT(file.size() <= recording.bytes() + 1000);
  TOCSIN_ASSERT(parse_scenarios(file).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = parse_scenarios(text);
  if (!read) {
    TOCSIN_ASSERT(!read.error().message.empty());
    return 0;
  }
  const auto again = parse_scenarios(write_scenarios(*read));
  TOCSIN_ASSERT(again.has_value());
  TOCSIN_ASSERT(again->size() == read->size());
  for (std::size_t i = 0; i < read->size(); ++i) {
    check_alike((*read)[i], (*again)[i]);
    play((*read)[i]);
    record((*read)[i]);
  }
  return 0;
}
