#pragma once
// From YAML texts to the validated configuration. Pure: files, environment and clock come in as
// arguments (adapters/config_files collects them).
//
// Rules. The main file decides: any error in it leaves no configuration. A drop-in that is broken
// is ignored as a whole; of two definitions of one name the later file is the broken one (the main
// file comes first, then drop-ins in name order). A reference to something in an ignored drop-in is
// counted and left out; it breaks nothing else.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "config/diagnostic.hpp"
#include "config/model.hpp"

namespace tocsin::config {

struct Source {
  std::string path;  // as messages show it
  std::string text;
  bool is_main = false;         // at most one; without it all settings have their defaults
  std::string unreadable = {};  // why there is no text; the file is then broken
};

struct LoadInput {
  std::vector<Source> sources;             // in name order
  std::vector<std::string> ignored_files;  // *.yaml: warned about
  std::function<std::optional<std::string>(std::string_view)> env;
  // For ${file:/path}. The error's message says why it cannot be read.
  std::function<Result<std::string>(const std::string&)> read_file;
  Instant now{};  // the 366 days after it are searched for the shortest gap of a schedule
};

struct LoadResult {
  std::optional<Config> config;         // absent: the main file is broken
  std::vector<Diagnostic> diagnostics;  // per file in the order of the text
  std::vector<std::string> broken_drop_ins;
  std::size_t broken_references = 0;  // left out because an ignored drop-in defines them
  // Must never be shown: values from the environment and files, and fields that are secrets.
  std::vector<std::string> secrets;

  [[nodiscard]] bool has_errors() const;
  [[nodiscard]] bool has_warnings() const;
};

// Never throws on any text. Every problem is reported at once, at most 1,000 per file.
[[nodiscard]] LoadResult load(const LoadInput& input);

}  // namespace tocsin::config
