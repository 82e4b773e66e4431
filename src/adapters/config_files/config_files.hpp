#pragma once
// Configuration files of the real world: a file or folder, the process's environment, files that
// ${file:} names, and whether any of them changed.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "config/load.hpp"

namespace tocsin::adapters {

// Texts beyond these are refused, so that a wrong path cannot fill the memory.
inline constexpr std::uint64_t kLargestConfigFile = std::uint64_t{256} << 20U;
inline constexpr std::uint64_t kLargestValueFile = std::uint64_t{64} << 10U;  // of ${file:}
inline constexpr std::size_t kMostConfigFiles = 100'000;

// A file is the main file. In a folder `tocsin.yml` is, every other `*.yml` is a drop-in, in name
// order; subfolders and names that begin with "." are left alone, `*.yaml` is named as ignored.
// Errors: not_found, unavailable (cannot be read, with the reason), exhausted (too large). A
// drop-in that cannot be read becomes a source that is broken, as one with a syntax error would be.
[[nodiscard]] Result<config::LoadInput> read_config(const std::string& path, Instant now);

// A number that changes when any file that read_config(path) would read was changed, added, removed
// or replaced (modification time, size, inode). Cheap: metadata only. The caller polls it.
[[nodiscard]] std::uint64_t config_fingerprint(const std::string& path);

[[nodiscard]] std::optional<std::string> environment(std::string_view name);
// The whole of a regular file or pipe of at most `most_bytes`.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::uint64_t most_bytes);

}  // namespace tocsin::adapters
