#pragma once
// The shared files of the SDKs, ~/.aws/config and ~/.aws/credentials, as texts. Pure. Source:
// "Shared config and credentials files" of the SDKs and tools reference guide.

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::aws {

// Keys in lower case. A key below another ("s3 =" and, indented, "endpoint_url = ...") is
// "s3.endpoint_url".
using Section = std::map<std::string, std::string, std::less<>>;

struct Profiles {
  std::map<std::string, Section, std::less<>> profiles;      // [default], [profile x]; [x]
  std::map<std::string, Section, std::less<>> sso_sessions;  // [sso-session x]
  std::map<std::string, Section, std::less<>> services;      // [services x]

  [[nodiscard]] const Section* profile(std::string_view name) const;
};

// Of one key in both files the credentials file's value counts. Lines that cannot be understood are
// passed over, as the SDKs do: the files are other programs', too.
[[nodiscard]] Profiles parse_profiles(std::string_view config, std::string_view credentials);

// "" when the section has no such key.
[[nodiscard]] std::string_view value_of(const Section& section, std::string_view key);

}  // namespace tocsin::aws
