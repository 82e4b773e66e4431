#pragma once
// The region that nobody named, asked of the machine before anything else runs.

#include <string>

#include "adapters/aws/world.hpp"
#include "base/result.hpp"

namespace tocsin::app {

// As aws::find_region(), on a loop of its own: waits, for 10 s at most. `environment` and
// `read_file` are those of the AWS client that wants to know.
[[nodiscard]] Result<std::string> find_aws_region(const aws::Environment& environment,
                                                  const aws::ReadFile& read_file);

}  // namespace tocsin::app
