#pragma once
// A drop-in in the founding format (docs/founding.md), read and decoded by itself. Mistakes that
// make it no valid YAML are named with the lines that were meant, and the rest is judged as if
// those stood there, so that every problem is reported at once.

#include "config/file_part.hpp"

namespace tocsin::config {

// As read_file_part. Call for texts for which looks_founding holds.
void read_founding_part(FilePart& file, Substitution& substitution, AssertionCache& assertions);

}  // namespace tocsin::config
