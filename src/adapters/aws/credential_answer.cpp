#include "adapters/aws/credential_answer.hpp"

#include <fmt/format.h>

#include "adapters/aws/xml_element.hpp"
#include "check/json.hpp"

namespace tocsin::aws {
namespace {

std::string text_of(check::JsonValue object, std::string_view key) {
  return object.find(key).string().value_or("");
}

Result<check::JsonValue> object_of(std::string_view json, std::string_view what) {
  auto document = check::parse_json(json);
  if (!document || document->kind() != check::JsonKind::object) {
    return fail(ErrorCode::invalid, fmt::format("{} did not answer with a JSON object", what));
  }
  return document;
}

// Both keys are there, and the time, if any, can be read.
Result<Credentials> checked(Credentials found, std::string_view expires, std::string_view what) {
  if (found.access_key_id.empty() || found.secret_access_key.empty()) {
    return fail(ErrorCode::invalid,
                fmt::format("{} answered without an access key id and a secret key", what));
  }
  if (!expires.empty()) {
    found.expires = parse_rfc3339(expires);
    if (!found.expires) {
      return fail(ErrorCode::invalid,
                  fmt::format("{} answered with an expiration that is no RFC 3339 time", what));
    }
  }
  return found;
}

// The keys as containers, instances and processes spell them; they differ in the token's name.
Result<Credentials> keys_of(check::JsonValue answer, std::string_view token,
                            std::string_view what) {
  return checked({text_of(answer, "AccessKeyId"),
                  text_of(answer, "SecretAccessKey"),
                  text_of(answer, token),
                  {}},
                 text_of(answer, "Expiration"), what);
}

}  // namespace

Result<Credentials> read_container_answer(std::string_view json) {
  constexpr std::string_view kWhat = "the credentials endpoint";
  const auto answer = object_of(json, kWhat);
  if (!answer) {
    return std::unexpected(answer.error());
  }
  const std::string code = text_of(*answer, "Code");
  if (!code.empty() && code != "Success") {
    return fail(ErrorCode::unavailable, fmt::format("{} has none yet", kWhat));
  }
  return keys_of(*answer, "Token", kWhat);
}

Result<Credentials> read_process_answer(std::string_view json) {
  constexpr std::string_view kWhat = "credential_process";
  const auto answer = object_of(json, kWhat);
  if (!answer) {
    return std::unexpected(answer.error());
  }
  if (answer->find("Version").integer() != 1) {
    return fail(
        ErrorCode::invalid,
        fmt::format("{} answered with another version than 1, the only one there is", kWhat));
  }
  return keys_of(*answer, "SessionToken", kWhat);
}

Result<Credentials> read_sso_answer(std::string_view json) {
  constexpr std::string_view kWhat = "IAM Identity Center";
  const auto answer = object_of(json, kWhat);
  if (!answer) {
    return std::unexpected(answer.error());
  }
  const check::JsonValue role = answer->find("roleCredentials");
  auto found = checked({text_of(role, "accessKeyId"),
                        text_of(role, "secretAccessKey"),
                        text_of(role, "sessionToken"),
                        {}},
                       "", kWhat);
  if (const auto expires = role.find("expiration").integer(); found && expires) {
    found->expires = from_unix_ms(*expires);
  }
  return found;
}

Result<Credentials> read_sts_answer(std::string_view xml) {
  return checked({xml_element(xml, "AccessKeyId"),
                  xml_element(xml, "SecretAccessKey"),
                  xml_element(xml, "SessionToken"),
                  {}},
                 xml_element(xml, "Expiration"), "STS");
}

Result<SsoToken> read_sso_token(std::string_view json) {
  const auto file = object_of(json, "the cached token of `aws sso login`");
  if (!file) {
    return std::unexpected(file.error());
  }
  SsoToken out;
  out.access_token = text_of(*file, "accessToken");
  const auto expires = parse_rfc3339(text_of(*file, "expiresAt"));
  if (out.access_token.empty() || !expires) {
    return fail(ErrorCode::invalid,
                "the cached token of `aws sso login` has no accessToken or no expiresAt; run it "
                "again");
  }
  out.expires = *expires;
  return out;
}

}  // namespace tocsin::aws
