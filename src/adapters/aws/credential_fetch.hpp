#pragma once
// Carries a credential plan out: reads the token file, runs the program, asks the container's
// endpoint, the instance metadata service, IAM Identity Center or STS. Loop thread only.

#include "adapters/aws/client.hpp"
#include "adapters/aws/credential_cache.hpp"
#include "adapters/aws/credential_plan.hpp"

namespace tocsin::aws {

// `done` runs exactly once on the loop thread, never inline: a program is given 60 s, each call of
// STS 20 s, everything else less. Errors say what was asked and what it said, never a secret:
// invalid and not_found ask for a change of configuration, unavailable and timeout for patience.
// STS is called in `region`; without one in us-east-1, whose credentials are good everywhere in its
// partition.
void fetch_credentials(const World& world, CredentialPlan plan, std::string region,
                       const Profiles& profiles, CredentialsDone done);

// The files of the SDKs, where the environment or HOME says they are; texts that are not there are
// empty. Error: one is there and cannot be read.
[[nodiscard]] Result<Profiles> read_profiles(const World& world);

// The whole chain for a CredentialCache: plans anew at every fetch, so that a file that was changed
// or a token that was rotated counts from then on. `profile` as for plan_credentials(). `roles` are
// assumed on top, one after another.
[[nodiscard]] FetchCredentials credential_chain(const World& world, std::string profile,
                                                std::string region,
                                                std::vector<RoleToAssume> roles = {});

}  // namespace tocsin::aws
