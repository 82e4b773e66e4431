#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tocsin::app {

// The file has this text afterwards, or what it had before: written beside it, synced, renamed.
// Blocks. Error (unavailable): which step failed, on what, and why.
[[nodiscard]] Result<void> write_atomically(const std::string& path, std::string_view text);
// Whether that can work, before there is anything to write.
[[nodiscard]] Result<void> check_writable(const std::string& path);

}  // namespace tocsin::app
