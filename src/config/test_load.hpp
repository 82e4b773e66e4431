#pragma once
// For the tests of this folder: load() on texts, with a small environment.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "config/load.hpp"

namespace tocsin::config {

struct TestFile {
  std::string path;
  std::string text;
};

struct TestWorld {
  std::map<std::string, std::string> env{{"PORT", "7500"}, {"EMPTY", ""}, {"SECRET", "s3cr3t-pw"}};
  std::map<std::string, std::string> files{{"/run/secret", "from-file\n"}};
};

// The file tocsin.yml is the main one; the others are drop-ins in the order given.
inline LoadResult load_files(const std::vector<TestFile>& files, const TestWorld& world = {}) {
  LoadInput input;
  for (const TestFile& file : files) {
    input.sources.push_back({file.path, file.text, file.path == "tocsin.yml"});
  }
  input.env = [&world](std::string_view name) -> std::optional<std::string> {
    const auto found = world.env.find(std::string(name));
    return found == world.env.end() ? std::nullopt : std::optional(found->second);
  };
  input.read_file = [&world](const std::string& path) -> Result<std::string> {
    const auto found = world.files.find(path);
    if (found == world.files.end()) return fail(ErrorCode::not_found, "No such file or directory");
    return found->second;
  };
  input.now = from_unix_ms(1'795'250'000'000);  // 2026-11-21
  return load(input);
}

inline LoadResult load_text(const std::string& text, const TestWorld& world = {}) {
  return load_files({{"tocsin.yml", text}}, world);
}

inline std::string all_texts(const LoadResult& result) {
  std::string out;
  for (const Diagnostic& diagnostic : result.diagnostics) out += to_string(diagnostic) + '\n';
  return out;
}

}  // namespace tocsin::config
