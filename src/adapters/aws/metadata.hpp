#pragma once
// The HTTP services that hand out credentials and facts to what runs on ECS, EKS and EC2, over
// link-local addresses: short timeouts, few tries, never a proxy. Loop thread only. Sources:
// "Container credential provider" and "IMDS credential provider" of the SDKs and tools reference
// guide; "Use IMDSv2" of the EC2 user guide.

#include "adapters/aws/credential_cache.hpp"
#include "adapters/aws/credential_plan.hpp"

namespace tocsin::aws {

// Up to 3 tries of 2 s. The token goes into the Authorization header as it is.
void fetch_container_credentials(const World& world, const Container& container,
                                 CredentialsDone done);
// IMDSv2 alone: a session token first, then the role's name, then its credentials. Up to 3 tries of
// 1 s each.
void fetch_instance_credentials(const World& world, CredentialsDone done);
// The text of one path below /latest/meta-data/, such as "placement/region".
void fetch_instance_fact(const World& world, const std::string& path,
                         std::move_only_function<void(Result<std::string>)> done);

}  // namespace tocsin::aws
