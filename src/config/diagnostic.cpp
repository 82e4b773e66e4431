#include "config/diagnostic.hpp"

#include <fmt/format.h>

namespace tocsin::config {

std::string to_string(const Diagnostic& d) {
  return fmt::format("{}:{}:{}: {}: {}{}{}{}{}", d.file, d.at.line, d.at.column,
                     d.severity == Severity::error ? "error" : "warning", d.path,
                     d.path.empty() ? "" : ": ", d.message, d.corrected.empty() ? "" : "; write:\n",
                     d.corrected);
}

}  // namespace tocsin::config
