#pragma once
// Channels and sinks of all files, put together with the texts of all files.

#include <deque>

#include "config/file_part.hpp"

namespace tocsin::config {

// Reports texts that two files give and texts for channels that nobody defines. Call when it is
// known which files are broken for other reasons; it may break more.
void check_templates(std::deque<FilePart>& files, Substitution& substitution);

// Builds what the files that are not broken define, sorted by name.
void build_outlets(const std::deque<FilePart>& files, Config& config);

}  // namespace tocsin::config
