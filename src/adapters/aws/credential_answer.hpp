#pragma once
// What the providers of credentials answer, turned into credentials. Pure. No error quotes the
// answer: it may hold a secret. Sources: "Container credential provider", "IMDS credential
// provider", "Process credential provider" and "IAM Identity Center credential provider" of the
// SDKs and tools reference guide; AssumeRole of the STS API reference.

#include <string>
#include <string_view>

#include "adapters/aws/credentials.hpp"
#include "base/result.hpp"

namespace tocsin::aws {

// {"AccessKeyId","SecretAccessKey","Token","Expiration"} of the container endpoint and of the
// instance metadata service, which adds {"Code":"Success"}.
[[nodiscard]] Result<Credentials> read_container_answer(std::string_view json);
// {"Version":1,"AccessKeyId","SecretAccessKey","SessionToken"?,"Expiration"?} of
// credential_process.
[[nodiscard]] Result<Credentials> read_process_answer(std::string_view json);
// {"roleCredentials":{"accessKeyId","secretAccessKey","sessionToken","expiration": ms}} of
// GetRoleCredentials.
[[nodiscard]] Result<Credentials> read_sso_answer(std::string_view json);
// <Credentials> of AssumeRole and AssumeRoleWithWebIdentity.
[[nodiscard]] Result<Credentials> read_sts_answer(std::string_view xml);

// The token that `aws sso login` left in ~/.aws/sso/cache.
struct SsoToken {
  std::string access_token;  // secret
  Instant expires{};
};
[[nodiscard]] Result<SsoToken> read_sso_token(std::string_view json);

}  // namespace tocsin::aws
