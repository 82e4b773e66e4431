#include "config/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "config/endpoint.hpp"
#include "config/link.hpp"

namespace tocsin::config {
namespace {

void check_exposure(FilePart& main) {
  const Settings& s = main.part.settings;
  if (s.allow_unauthenticated || !s.tokens.empty() || is_loopback(s.listen.host)) return;
  // Without having understood who may connect, this would be a guess.
  if (!main.complete || !main.part.access_usable) return;
  main.problems.add(Severity::error, main.part.listen_at.value_or(Position{}), "listen",
                    "this address can be reached from other machines and auth.tokens is empty; "
                    "add tokens, listen on 127.0.0.1, or set allow_unauthenticated: true");
}

void take_diagnostics(FilePart& file, std::vector<Diagnostic>& out) {
  std::vector<Diagnostic> found = file.problems.take();
  if (found.empty()) return;
  for (Diagnostic& diagnostic : found) {
    out.push_back(std::move(diagnostic));
  }
  if (file.problems.left_out() > 0) {
    out.push_back({Severity::warning,
                   file.problems.file(),
                   out.back().at,
                   {},
                   fmt::format("and {} more problems, not shown", file.problems.left_out())});
  }
}

bool has(const std::vector<Diagnostic>& diagnostics, Severity severity) {
  return std::ranges::find(diagnostics, severity, &Diagnostic::severity) != diagnostics.end();
}

}  // namespace

bool LoadResult::has_errors() const { return has(diagnostics, Severity::error); }
bool LoadResult::has_warnings() const { return has(diagnostics, Severity::warning); }

LoadResult load(const LoadInput& input) {
  Substitution substitution(input.env, input.read_file);
  AssertionCache assertions;
  Resolver resolver(input.now);
  std::deque<FilePart> files;
  for (const bool main : {true, false}) {
    for (const Source& source : input.sources) {
      if (source.is_main == main) files.emplace_back(source);
    }
  }
  for (FilePart& file : files) read_file_part(file, substitution, assertions);
  FilePart* main = !files.empty() && files.front().source->is_main ? &files.front() : nullptr;
  if (main != nullptr) check_exposure(*main);

  Linker linker(files, substitution, resolver);
  linker.run();

  LoadResult result;
  result.broken_references = linker.broken_references();
  if (main == nullptr || !main->broken) {
    result.config.emplace();
    if (main != nullptr) result.config->settings = main->part.settings;
    linker.collect(*result.config);
  }
  for (const std::string& path : input.ignored_files) {
    result.diagnostics.push_back(
        {Severity::warning, path, {}, {}, "ignored: only *.yml is read; rename it to load it"});
  }
  for (FilePart& file : files) {
    take_diagnostics(file, result.diagnostics);
    if (file.broken && !file.source->is_main)
      result.broken_drop_ins.push_back(file.problems.file());
  }
  if (result.config) result.config->whole = result.broken_drop_ins.empty();
  result.secrets.assign(substitution.secrets().begin(), substitution.secrets().end());
  return result;
}

}  // namespace tocsin::config
