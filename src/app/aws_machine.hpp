#pragma once
// What every AWS client takes from the machine: the environment, files of the SDK, and the region
// that nobody named.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/http_curl/http_curl.hpp"
#include "base/result.hpp"

namespace tocsin::app {

// As the SDKs read it: one that is empty is not set.
[[nodiscard]] std::optional<std::string> aws_variable(std::string_view name);
// ~/.aws/config, tokens: of 1 MiB at most.
[[nodiscard]] Result<std::string> read_aws_file(const std::string& path);
// "default" unless AWS_PROFILE says another.
[[nodiscard]] std::string aws_profile();
// Of a client that makes so many calls at a time.
[[nodiscard]] adapters::HttpCurlOptions aws_http_options(std::size_t most_calls);

// As aws::find_region(), on a loop of its own, before anything else runs: waits, for 10 s at most.
[[nodiscard]] Result<std::string> find_aws_region();

}  // namespace tocsin::app
