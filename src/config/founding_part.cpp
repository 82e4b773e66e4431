#include "config/founding_part.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/utf8.hpp"
#include "config/founding_monitor.hpp"
#include "config/founding_repair.hpp"

namespace tocsin::config {
namespace {

// Repairs of one file. What is wrong more often is something else than a founding-format file.
constexpr std::size_t kMostRepairs = 100;
// Repairs of one line: each may lay bare another mistake, but what goes on is not understood, and
// quoting quotes again and again doubles them.
constexpr unsigned kMostRepairsOfALine = 3;
// Text that may be parsed for them: each one takes a look at the whole.
constexpr std::size_t kMostParsed = std::size_t{64} << 20U;

// Finds where the parser gives up, and takes nothing in.
class SyntaxProbe final : public YamlConsumer {
 public:
  [[nodiscard]] bool streams(std::string_view) const override { return false; }
  void section(NodeEntry) override {}
  void entry(std::string_view, NodeEntry) override {}
  void problem(Position at, std::string, std::string) override { last_ = at; }
  void repeated_key(std::string_view, Position, Position, std::string) override {}
  [[nodiscard]] Position last() const { return last_; }

 private:
  Position last_{};
};

class FoundingReader final : public YamlConsumer {
 public:
  FoundingReader(FilePart& file, const FoundingLines& lines, Substitution& substitution,
                 AssertionCache& assertions)
      : file_(file),
        lines_(lines),
        decoder_(file.problems, substitution),
        assertions_(assertions) {}

  [[nodiscard]] bool streams(std::string_view) const override { return false; }
  void entry(std::string_view, NodeEntry) override {}

  void section(NodeEntry section) override {
    if (section.key.starts_with("x-") && !looks_like_endpoint(section.key)) return;  // anchors
    const auto scope = decoder_.enter(without_user(section.key));
    if (section.key == "self") {
      take_self(section);
    } else if (is_section(section.key)) {
      decoder_.error(section.at,
                     fmt::format("a drop-in in the founding format holds endpoints and self; {} "
                                 "stands in another file",
                                 section.key));
    } else {
      take_endpoint(section);
    }
  }

  void problem(Position at, std::string path, std::string message) override {
    if (path.empty() && at.line > 0 && at.line <= lines_.count()) path = lines_.path_of(at.line);
    file_.problems.add(Severity::error, at, std::move(path), std::move(message));
  }

  void repeated_key(std::string_view key, Position at, Position first, std::string path) override {
    const bool written = at.line > first.line && at.line <= lines_.count();
    const bool top = at.column == 1 && first.column == 1;
    std::string message = fmt::format("found {} twice; the first is in line {}",
                                      clip(printable(without_user(key)), 80), first.line);
    std::string corrected;
    if (written && top && key == "self") {
      message += "; one self holds the keys of both";
      corrected = merged(first.line, at.line);
    } else if (written && top) {
      message += "; another test of the same endpoint has another name, behind #";
      corrected = renamed(key, at.line);
    } else if (written) {
      corrected = with_the_first_alone(at.line);
    }
    file_.problems.add(Severity::error, at, written ? lines_.path_of(at.line) : std::move(path),
                       std::move(message), std::move(corrected));
  }

  void finish() {
    file_.part.monitors = std::move(monitors_);
    file_.part.sinks = std::move(sinks_);
  }

 private:
  void take_endpoint(const NodeEntry& entry) {
    if (without_user(entry.key) == entry.key) {
      file_.names_of(ReferenceKind::monitor).try_emplace(entry.key, entry.at);
    }
    const std::size_t before = decoder_.errors();
    FoundingEndpoint endpoint =
        decode_founding_endpoint(FoundingEntry(decoder_, lines_, entry), assertions_);
    if (endpoint.sink) file_.names_of(ReferenceKind::sink).try_emplace(entry.key, entry.at);
    if (decoder_.errors() > before) return;
    monitors_.push_back(std::move(endpoint.monitor));
    if (endpoint.sink) sinks_.push_back(std::move(*endpoint.sink));
  }

  void take_self(const NodeEntry& entry) {
    const std::size_t before = decoder_.errors();
    FoundingSelf self = decode_founding_self(FoundingEntry(decoder_, lines_, entry));
    if (self.sink) file_.names_of(ReferenceKind::sink).try_emplace(entry.key, entry.at);
    if (decoder_.errors() > before || !self.sink) return;
    file_.part.self_post = ReportTo{entry.key, self.on};
    sinks_.push_back(std::move(*self.sink));
  }

  // The lines of `first`, and of `second` those whose keys `first` does not have.
  [[nodiscard]] std::string merged(std::uint32_t first, std::uint32_t second) const {
    std::vector<std::string> out = lines_.range(first, lines_.end_of(first));
    std::set<std::string, std::less<>> known;
    std::string indent;
    for (std::uint32_t i = first + 1; i <= lines_.end_of(first); i = lines_.end_of(i) + 1) {
      const auto key = read_key_line(lines_.at(i));
      if (!key) continue;
      if (indent.empty()) indent = std::string(key->indent, ' ');
      known.emplace(key->key);
    }
    for (std::uint32_t i = second + 1; i <= lines_.end_of(second); i = lines_.end_of(i) + 1) {
      const auto key = read_key_line(lines_.at(i));
      if (!key || known.contains(key->key)) continue;
      for (const std::string& line : lines_.range(i, lines_.end_of(i))) {
        const std::size_t cut = std::min(key->indent, indent_of(line));
        out.push_back((indent.empty() ? "  " : indent) + line.substr(cut));
      }
    }
    return shown(std::move(out));
  }

  // The top-level entry that line `second` is in, less what begins there.
  [[nodiscard]] std::string with_the_first_alone(std::uint32_t second) const {
    std::uint32_t top = second;
    while (top > 1 && (is_blank_or_comment(lines_.at(top)) || indent_of(lines_.at(top)) > 0)) --top;
    std::vector<std::string> out;
    for (std::uint32_t i = top; i <= lines_.end_of(top); ++i) {
      if (i < second || i > lines_.end_of(second)) out.push_back(lines_.at(i));
    }
    return shown(std::move(out));
  }

  [[nodiscard]] std::string renamed(std::string_view key, std::uint32_t line) const {
    std::vector<std::string> out = lines_.range(line, lines_.end_of(line));
    const std::size_t at = out.front().find(key);
    if (at == std::string::npos) return {};
    out.front().insert(at + key.size(), "#2");
    return shown(std::move(out));
  }

  FilePart& file_;
  const FoundingLines& lines_;
  Decoder decoder_;
  AssertionCache& assertions_;
  std::vector<MonitorDraft> monitors_;
  std::vector<OutletDraft> sinks_;
};

// Reports what somebody meant and writes it. False when the rest cannot be judged.
bool apply(FilePart& file, FoundingLines& lines, Repair repair) {
  std::string path = lines.path_of(repair.at.line);
  std::vector<std::string> to_show = repair.to_show.empty() ? repair.lines : repair.to_show;
  file.problems.add(Severity::error, repair.at, std::move(path), std::move(repair.message),
                    shown(std::move(to_show)));
  if (repair.lines.empty()) return false;
  const auto last = repair.first + static_cast<std::uint32_t>(repair.lines.size()) - 1;
  if (lines.range(repair.first, last) == repair.lines) return false;
  lines.replace(repair.first, repair.lines);
  return true;
}

// True when the lines are valid YAML now, or when the reader must say what is wrong with them.
bool repair_all(FilePart& file, FoundingLines& lines) {
  if (find_bad_character(file.source->text)) return true;
  std::map<std::uint32_t, unsigned> repairs;  // by line
  const std::size_t most = kMostParsed / (file.source->text.size() + 1) + 1;
  for (std::size_t i = 0; i < std::min(most, kMostRepairs); ++i) {
    SyntaxProbe probe;
    auto repair = repair_layout(lines);
    if (!repair) {
      if (read_yaml(lines.text(), {}, probe)) return true;
      repair = repair_syntax(lines, probe.last());
    }
    if (!repair || ++repairs[repair->first] > kMostRepairsOfALine) return true;
    if (!apply(file, lines, std::move(*repair))) return false;
  }
  return false;
}

}  // namespace

void read_founding_part(FilePart& file, Substitution& substitution, AssertionCache& assertions) {
  file.founding = true;
  FoundingLines lines(file.source->text);
  if (!repair_all(file, lines)) {
    file.complete = false;
    return;
  }
  FoundingReader reader(file, lines, substitution, assertions);
  const std::string text = lines.text();
  file.complete = read_yaml(text, {}, reader);
  reader.finish();
}

}  // namespace tocsin::config
