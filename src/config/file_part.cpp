#include "config/file_part.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "config/founding_lines.hpp"
#include "config/founding_part.hpp"

namespace tocsin::config {
namespace {

constexpr std::array<std::string_view, 6> kDropInSections{"monitors", "heartbeats", "channels",
                                                          "sinks",    "templates",  "maintenance"};

class FileReader final : public YamlConsumer {
 public:
  FileReader(FilePart& file, Substitution& substitution, AssertionCache& assertions)
      : file_(file), decoder_(file.problems, substitution), assertions_(assertions) {}

  [[nodiscard]] bool streams(std::string_view section) const override {
    return kind_of(section).has_value();
  }

  void section(NodeEntry section) override {
    const bool empty = section.value.kind == Node::Kind::null;
    if (section.key.starts_with("x-")) return;  // a place for anchors
    if (streams(section.key)) {
      const auto scope = decoder_.enter(section.key);
      if (!empty) decoder_.expected(section.value, "a map of names");
      return;
    }
    if (!file_.source->is_main && is_section(section.key) && !allowed_in_drop_in(section.key)) {
      const auto scope = decoder_.enter(section.key);
      decoder_.error(section.at,
                     fmt::format("\"{}\" belongs into tocsin.yml; a drop-in may hold monitors, "
                                 "heartbeats, channels, sinks, templates and maintenance",
                                 section.key));
      return;
    }
    if (decode_entry(decoder_, section, section_table(), draft_)) return;
    if (is_founding(section)) {
      const auto scope = decoder_.enter(section.key);
      decoder_.error(section.at,
                     "endpoints in the founding format stand in a drop-in: a file beside "
                     "tocsin.yml in one folder, started with -c FOLDER");
      return;
    }
    unknown_key(decoder_, section, section_names());
  }

  void entry(std::string_view section, NodeEntry entry) override {
    const ReferenceKind kind = *kind_of(section);
    const auto scope = decoder_.enter(section);
    const auto [first, fresh] = file_.names_of(kind).try_emplace(entry.key, entry.at);
    if (!fresh) {
      const auto name = decoder_.enter(entry.key);
      decoder_.error(entry.at, fmt::format("found this name twice; the first is in line {}",
                                           first->second.line));
    }
    if (kind == ReferenceKind::monitor) {
      const bool heartbeat = section == "heartbeats";
      monitors_.push_back(heartbeat ? decode_heartbeat(decoder_, entry)
                                    : decode_monitor(decoder_, entry, assertions_));
      if (heartbeat && fresh) claim_uuid(entry);
      if (!fresh) monitors_.back().broken = true;
      return;
    }
    const bool sink = kind == ReferenceKind::sink;
    std::vector<OutletDraft> repeated;  // judged like any other, then dropped
    decode_outlet(decoder_, entry, sink, !fresh ? repeated : sink ? sinks_ : channels_);
  }

  void problem(Position at, std::string path, std::string message) override {
    file_.problems.add(Severity::error, at, std::move(path), std::move(message));
  }

  void finish() {
    file_.part = std::move(draft_.value);
    file_.part.monitors = std::move(monitors_);
    file_.part.channels = std::move(channels_);
    file_.part.sinks = std::move(sinks_);
  }

 private:
  static std::optional<ReferenceKind> kind_of(std::string_view section) {
    if (section == "monitors" || section == "heartbeats") return ReferenceKind::monitor;
    if (section == "channels") return ReferenceKind::channel;
    if (section == "sinks") return ReferenceKind::sink;
    return std::nullopt;
  }

  void claim_uuid(const NodeEntry& entry) {
    file_.heartbeats.insert(entry.key);
    const auto& draft = std::get<HeartbeatDraft>(monitors_.back().target).options;
    if (!given(heartbeat_table(), draft, "uuid")) {
      file_.without_uuid.emplace(entry.key, entry.at);
      return;
    }
    if (draft.value.uuid.empty()) return;  // not understood, which is reported
    const auto [first, fresh] =
        file_.uuids.try_emplace(draft.value.uuid, FilePart::Uuid{entry.key, entry.at});
    if (fresh) return;
    const auto name = decoder_.enter(entry.key);
    const auto key = decoder_.enter("uuid");
    decoder_.error(entry.at,
                   fmt::format("the heartbeat {} in line {} has this uuid already",
                               path_step(first->second.heartbeat), first->second.at.line));
    monitors_.back().broken = true;
  }

  static bool is_founding(const NodeEntry& section) {
    return looks_like_endpoint(section.key) &&
           std::ranges::any_of(section.value.entries, [](const NodeEntry& entry) {
             const auto keys = founding_keys();
             return std::ranges::find(keys, entry.key) != keys.end();
           });
  }

  static bool allowed_in_drop_in(std::string_view section) {
    return std::ranges::find(kDropInSections, section) != kDropInSections.end();
  }

  static std::vector<std::string_view> section_names() {
    std::vector<std::string_view> names;
    for (const FieldDoc& doc : streamed_sections()) names.push_back(doc.name);
    add_names(section_table(), names);
    return names;
  }

  FilePart& file_;
  Decoder decoder_;
  AssertionCache& assertions_;
  Draft<Part> draft_;
  std::vector<MonitorDraft> monitors_;
  std::vector<OutletDraft> channels_, sinks_;
};

}  // namespace

std::string_view FilePart::section_of(ReferenceKind kind, std::string_view name) const {
  constexpr std::array<std::string_view, 3> kSections{"channels", "sinks", "monitors"};
  if (kind == ReferenceKind::monitor && heartbeats.contains(name)) return "heartbeats";
  return kSections[static_cast<std::size_t>(kind)];
}

void read_file_part(FilePart& file, Substitution& substitution, AssertionCache& assertions) {
  if (!file.source->unreadable.empty()) {
    file.problems.add(Severity::error, {}, {}, file.source->unreadable);
    file.complete = false;
    return;
  }
  if (!file.source->is_main && looks_founding(file.source->text)) {
    read_founding_part(file, substitution, assertions);
    return;
  }
  FileReader reader(file, substitution, assertions);
  file.complete = read_yaml(file.source->text, {}, reader);
  reader.finish();
}

}  // namespace tocsin::config
