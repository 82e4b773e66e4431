#include "config/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "config/endpoint.hpp"
#include "config/link.hpp"

namespace tocsin::config {
namespace {

// Columns in bytes, as the parser counts, to columns in characters, as editors do.
class Columns {
 public:
  explicit Columns(std::string_view text) : text_(text) {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
    starts_.push_back(0);
    for (std::size_t i = 0; i < text_.size(); ++i) {
      if (text_[i] == '\n') starts_.push_back(i + 1);
    }
  }
  [[nodiscard]] Position in_characters(Position at) const {
    if (at.line == 0 || at.line > starts_.size()) return at;
    const std::string_view line = text_.substr(starts_[at.line - 1], at.column - 1);
    const auto continuing = std::ranges::count_if(
        line, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80; });
    at.column -= static_cast<std::uint32_t>(continuing);
    return at;
  }

 private:
  std::string_view text_;
  std::vector<std::size_t> starts_;
};

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
  const Columns columns(file.source->text);
  for (Diagnostic& diagnostic : found) {
    diagnostic.at = columns.in_characters(diagnostic.at);
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
  result.secrets.assign(substitution.secrets().begin(), substitution.secrets().end());
  return result;
}

}  // namespace tocsin::config
