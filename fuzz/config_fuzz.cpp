// Any text given as main file and as drop-in: load() answers, never throws or crashes, and what it
// says of a broken text always names a place. Seeds: fuzz/corpus/config.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "config/load.hpp"

using tocsin::ErrorCode;
using tocsin::Result;
using tocsin::config::LoadInput;
using tocsin::config::LoadResult;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 64U << 10U) return 0;
  const std::string text(data, data + size);
  LoadInput input;
  input.sources = {{"a.yml", text, false, {}}, {"tocsin.yml", text, true, {}}};
  input.env = [](std::string_view name) -> std::optional<std::string> {
    if (name == "P") return std::string("s3cr3t-value");
    return std::nullopt;
  };
  input.read_file = [](const std::string&) -> Result<std::string> {
    return tocsin::fail(ErrorCode::not_found, "No such file or directory");
  };
  input.now = tocsin::from_unix_ms(1'795'250'000'000);
  const LoadResult result = tocsin::config::load(input);
  TOCSIN_ASSERT(result.config.has_value() || result.has_errors());
  for (const auto& diagnostic : result.diagnostics) {
    TOCSIN_ASSERT(diagnostic.at.line >= 1 && diagnostic.at.column >= 1);
    // A secret that the text itself spells out elsewhere may be quoted from there.
    TOCSIN_ASSERT(text.find("s3cr3t") != std::string::npos ||
                  to_string(diagnostic).find("s3cr3t-value") == std::string::npos);
  }
  return 0;
}
