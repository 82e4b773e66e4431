#pragma once
// The rules: what a service was, and what a poll saw of it, to what it is and what is to be told.
// Deterministic; time comes in with the observation and is AWS's.
//
// A service is followed by the id of its PRIMARY deployment. While that is not finished the service
// is deploying; ECS itself says when it is (rolloutState, or the service deployment's status where
// traffic is shifted), and counts decide only where it says nothing. Once finished, a change of the
// desired count is a scaling and too few tasks are a crash. A PRIMARY that is older than one seen
// before is a stale read.

#include <vector>

#include "deployment/notice.hpp"
#include "deployment/options.hpp"
#include "deployment/service_state.hpp"
#include "deployment/snapshot.hpp"

namespace tocsin::deployment {

// `fleet_known`: the services of its cluster were seen completely before, so that one that is seen
// for the first time is new. Notices are in the order in which they are to be told.
[[nodiscard]] std::vector<Notice> observe(ServiceState& state, const Observation& observation,
                                          const Options& options, bool fleet_known);

// The shortage that the last observe() found was no crash after all: its tasks were stopped on
// purpose. It is forgotten, and found again if it lasts.
void excuse_shortage(ServiceState& state);

}  // namespace tocsin::deployment
