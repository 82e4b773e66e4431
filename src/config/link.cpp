#include "config/link.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/near_miss.hpp"
#include "base/utf8.hpp"
#include "config/outlets.hpp"
#include "config/suggest.hpp"

namespace tocsin::config {
namespace {

constexpr std::array kKinds{ReferenceKind::channel, ReferenceKind::sink, ReferenceKind::monitor};

std::string_view noun(ReferenceKind kind) {
  constexpr std::array<std::string_view, 3> kNouns{"channel", "sink", "monitor"};
  return kNouns[static_cast<std::size_t>(kind)];
}

std::string_view key_of(ReferenceKind kind) {
  constexpr std::array<std::string_view, 3> kKeys{"notify", "report", "depends_on"};
  return kKeys[static_cast<std::size_t>(kind)];
}

std::string_view section_of(ReferenceKind kind) {
  constexpr std::array<std::string_view, 3> kSections{"channels", "sinks", "monitors"};
  return kSections[static_cast<std::size_t>(kind)];
}

constexpr std::string_view kNeitherUuidNorKey =
    "expected uuid, or pings: {key: ...} in tocsin.yml: nobody could ping this";

// A monitor in the search for cycles.
struct Vertex {
  FilePart* file = nullptr;
  const std::vector<Reference>* references = nullptr;
  std::size_t open_parents = 0;
  bool settled = false;
};
using Graph = std::map<std::string_view, Vertex>;

template <typename Visit>
void each_parent(const Vertex& monitor, Visit visit) {
  for (const Reference& reference : *monitor.references) {
    if (reference.kind == ReferenceKind::monitor) visit(reference);
  }
}

// Settles every monitor that is in no cycle and does not depend on one.
void settle_acyclic(Graph& graph) {
  std::map<std::string_view, std::vector<std::string_view>> children;
  std::vector<std::string_view> ready;
  for (auto& [name, vertex] : graph) {
    each_parent(vertex, [&](const Reference& parent) {
      if (!graph.contains(parent.to.name)) return;
      children[parent.to.name].push_back(name);
      ++vertex.open_parents;
    });
    if (vertex.open_parents == 0) ready.push_back(name);
  }
  while (!ready.empty()) {
    const std::string_view name = ready.back();
    ready.pop_back();
    graph[name].settled = true;
    for (const std::string_view child : children[name]) {
      if (--graph[child].open_parents == 0) ready.push_back(child);
    }
  }
}

const Reference* open_parent(const Graph& graph, const Vertex& vertex) {
  const Reference* found = nullptr;
  each_parent(vertex, [&](const Reference& parent) {
    const auto to = graph.find(parent.to.name);
    if (found == nullptr && to != graph.end() && !to->second.settled) found = &parent;
  });
  return found;
}

// The names of one cycle, following unsettled parents from `start`.
std::vector<std::string_view> walk_cycle(const Graph& graph, std::string_view start) {
  std::vector<std::string_view> path;
  std::string_view name = start;
  while (std::ranges::find(path, name) == path.end()) {
    path.push_back(name);
    const Reference* parent = open_parent(graph, graph.at(name));
    if (parent == nullptr) return {};
    name = graph.find(parent->to.name)->first;
  }
  path.erase(path.begin(), std::ranges::find(path, name));
  return path;
}

}  // namespace

void Linker::run() {
  FilePart* main = !files_.empty() && files_.front().source->is_main ? &files_.front() : nullptr;
  const bool main_read = main == nullptr || main->complete;
  resolver_.set_defaults(main == nullptr ? Defaults{} : main->part.defaults,
                         main_read && (main == nullptr || main->part.defaults_usable));
  for (FilePart& file : files_) {
    resolve(file, main == &file);
    claim_names(file);
    keep_outlets_apart(file);
    claim_uuids(file);
    if (main_read && (main == nullptr || main->part.pings_usable)) require_uuids(file, main);
    claim_maintenance(file);
    if (file.problems.errors() > 0 || !file.complete) file.broken = true;
  }
  // What the main file would define is unknown: no reference can be judged.
  if (!main_read) return;
  for (FilePart& file : files_) {
    check_references(file);
    if (&file != main) continue;
    check_default_references(file);
    check_self_references(file);
    check_timer_references(file);
    check_ecs_references(file);
  }
  if (main != nullptr) check_gates(*main);
  for (FilePart& file : files_) {
    if (file.problems.errors() > 0) file.broken = true;
  }
  check_templates(files_, substitution_);
  while (break_cycles()) {
  }
  reporting_missing_ = true;
  for (FilePart& file : files_) {
    if (file.broken) continue;
    check_references(file);
    if (&file != main) continue;
    check_default_references(file);
    check_self_references(file);
    check_timer_references(file);
    check_ecs_references(file);
  }
}

void Linker::resolve(FilePart& file, bool holds_defaults) {
  Decoder own(file.problems, substitution_);
  Decoder defaults(file.problems, substitution_);
  const auto section = defaults.enter("defaults");
  const Resolver::Place place{own, holds_defaults ? &defaults : nullptr};
  file.monitors.reserve(file.part.monitors.size());
  for (MonitorDraft& draft : file.part.monitors) {
    const auto monitors =
        file.enter_section(own, file.section_of(ReferenceKind::monitor, draft.name));
    if (auto resolved = resolver_.resolve(place, draft)) {
      file.monitors.push_back(std::move(*resolved));
    } else if (auto references = references_of(draft); !references.empty()) {
      file.unusable.push_back({std::move(draft.name), std::move(references)});
    }
  }
  file.part.monitors =
      std::vector<MonitorDraft>();  // drafts are large: give them back before the next file
}

void Linker::claim_names(FilePart& file) {
  Decoder d(file.problems, substitution_);
  for (const ReferenceKind kind : kKinds) {
    for (const FilePart& earlier : files_) {
      if (&earlier == &file) break;
      if (earlier.broken && !earlier.source->is_main) continue;
      for (const auto& [name, at] : file.names_of(kind)) {
        const auto found = earlier.names_of(kind).find(name);
        if (found == earlier.names_of(kind).end()) continue;
        // An endpoint's post has its name: once is enough.
        if (file.founding && file.names_of(ReferenceKind::monitor).contains(name) &&
            kind == ReferenceKind::sink) {
          continue;
        }
        const auto section = file.enter_section(d, file.section_of(kind, name));
        const auto scope = d.enter(name);
        d.error(at, fmt::format("this {} is already defined in {}:{}",
                                file.founding ? "entry" : noun(kind), earlier.problems.file(),
                                found->second.line));
      }
    }
  }
}

void Linker::claim_uuids(FilePart& file) {
  Decoder d(file.problems, substitution_);
  const auto section = d.enter("heartbeats");
  for (const FilePart& earlier : files_) {
    if (&earlier == &file) break;
    if (earlier.broken && !earlier.source->is_main) continue;
    for (const auto& [uuid, mine] : file.uuids) {
      const auto found = earlier.uuids.find(uuid);
      if (found == earlier.uuids.end()) continue;
      const auto name = d.enter(mine.heartbeat);
      const auto key = d.enter("uuid");
      d.error(mine.at, fmt::format("the heartbeat {} in {}:{} has this uuid already",
                                   path_step(found->second.heartbeat), earlier.problems.file(),
                                   found->second.at.line));
    }
  }
}

void Linker::require_uuids(FilePart& file, const FilePart* main) {
  if (main != nullptr && !main->part.settings.pings.key.empty()) return;
  Decoder d(file.problems, substitution_);
  const auto section = d.enter("heartbeats");
  for (const auto& [name, at] : file.without_uuid) {
    const auto scope = d.enter(name);
    d.error(at, std::string(kNeitherUuidNorKey));
  }
}

// What waits is kept by the name of its channel or sink, and people name it so: `outbox retry ops`.
void Linker::keep_outlets_apart(FilePart& file) {
  Decoder d(file.problems, substitution_);
  const auto claim = [&](ReferenceKind kind, const FilePart& earlier, ReferenceKind other) {
    const auto section = file.enter_section(d, section_of(kind));
    for (const auto& [name, at] : file.names_of(kind)) {
      const auto found = earlier.names_of(other).find(name);
      if (found == earlier.names_of(other).end()) continue;
      const auto scope = d.enter(name);
      d.error(at, fmt::format("{}:{} has a {} of this name; a channel and a sink need different "
                              "names",
                              earlier.problems.file(), found->second.line, noun(other)));
    }
  };
  for (const FilePart& earlier : files_) {
    if (&earlier == &file) break;
    if (earlier.broken && !earlier.source->is_main) continue;
    claim(ReferenceKind::channel, earlier, ReferenceKind::sink);
    claim(ReferenceKind::sink, earlier, ReferenceKind::channel);
  }
  claim(ReferenceKind::sink, file, ReferenceKind::channel);
}

bool Linker::defines(ReferenceKind kind, std::string_view name, bool broken) const {
  return std::ranges::any_of(files_, [&](const FilePart& file) {
    const bool ignored = file.broken && !file.source->is_main;
    return ignored == broken && file.names_of(kind).contains(name);
  });
}

// A drop-in with a syntax error may define anything.
bool Linker::may_hide_names() const {
  return std::ranges::any_of(
      files_, [](const FilePart& file) { return !file.source->is_main && !file.complete; });
}

void Linker::check_reference(Decoder& d, const Reference& reference) {
  const std::string& name = reference.to.name;
  if (defines(reference.kind, name, false)) return;
  const bool ignored = defines(reference.kind, name, true) || may_hide_names();
  const std::string shown =
      reference.to.filled_in ? "of this name" : "\"" + clip(printable(name), 80) + "\"";
  if (ignored) {
    if (!reporting_missing_) return;
    ++broken_references_;
    missing_[static_cast<std::size_t>(reference.kind)].insert(name);
    d.warning(reference.to.at,
              fmt::format("the {} {} is in a drop-in that is ignored; running without it",
                          noun(reference.kind), shown));
    return;
  }
  if (reporting_missing_) return;
  std::vector<std::string_view> known;
  for (const FilePart& other : files_) {
    for (const auto& entry : other.names_of(reference.kind)) known.push_back(entry.first);
    if (known.size() > 10'000) break;  // a near miss is not worth a minute
  }
  const auto near = reference.to.filled_in ? std::nullopt : near_miss(name, known);
  d.error(reference.to.at,
          near ? fmt::format("unknown {} {} (did you mean {}?)", noun(reference.kind), shown, *near)
               : fmt::format("unknown {} {}; define it under {}", noun(reference.kind), shown,
                             section_of(reference.kind)));
}

void Linker::check_references(FilePart& file) {
  Decoder d(file.problems, substitution_);
  const auto check_all = [&](std::string_view name, const std::vector<Reference>& references) {
    if (references.empty()) return;
    const auto section = file.enter_section(d, file.section_of(ReferenceKind::monitor, name));
    const auto monitor = d.enter(name);
    for (const Reference& reference : references) {
      const auto key = d.enter(key_of(reference.kind));
      check_reference(d, reference);
    }
  };
  for (const Resolved& resolved : file.monitors) {
    check_all(resolved.monitor.name, resolved.references);
  }
  for (const Unusable& unusable : file.unusable) check_all(unusable.name, unusable.references);
}

void Linker::check_default_references(FilePart& main) {
  Decoder d(main.problems, substitution_);
  const auto section = d.enter("defaults");
  const Defaults& defaults = main.part.defaults;
  const auto check_all = [&](const Draft<Common>& common) {
    check_channels(d, common.value.notify);
    check_sinks(d, common.value.report);
  };
  check_all(defaults.common);
  {
    const auto kind = d.enter("http");
    check_all(defaults.http_common);
  }
  const auto kind = d.enter("tcp");
  check_all(defaults.tcp_common);
}

void Linker::check_self_references(FilePart& main) {
  Decoder d(main.problems, substitution_);
  const auto section = d.enter("self");
  check_channels(d, main.part.self.notify);
  check_sinks(d, main.part.self.report);
  const auto key = d.enter("gate");
  for (const NamedReference& name : main.part.self.gate) {
    check_reference(d, {ReferenceKind::monitor, name});
  }
}

void Linker::check_timer_references(FilePart& main) {
  if (!main.part.timers) return;
  Decoder d(main.problems, substitution_);
  const auto section = d.enter("timers");
  const auto rules = d.enter("rules");
  for (std::size_t i = 0; i < main.part.timers->rules.size(); ++i) {
    const auto rule = d.enter(i);
    check_channels(d, main.part.timers->rules[i].notify);
  }
}

void Linker::check_ecs_references(FilePart& main) {
  if (!main.part.ecs) return;
  Decoder d(main.problems, substitution_);
  const auto section = d.enter("ecs");
  check_channels(d, main.part.ecs->notify);
  const auto clusters = d.enter("clusters");
  for (std::size_t i = 0; i < main.part.ecs->entry_notify.size(); ++i) {
    const auto entry = d.enter(i);
    check_channels(d, main.part.ecs->entry_notify[i]);
  }
}

// Everything depends on a gate: one that depended on something would close a circle.
void Linker::check_gates(FilePart& main) {
  Decoder d(main.problems, substitution_);
  const auto section = d.enter("self");
  const auto key = d.enter("gate");
  for (const NamedReference& gate : main.part.self.gate) {
    for (const FilePart& file : files_) {
      if (file.broken && !file.source->is_main) continue;
      for (const Resolved& resolved : file.monitors) {
        if (resolved.monitor.name != gate.name || resolved.monitor.notes->depends_on.empty()) {
          continue;
        }
        d.error(gate.at, fmt::format("every monitor depends on a gate, so that {} cannot depend on "
                                     "{} itself; leave out its depends_on",
                                     clip(printable(gate.name), 80),
                                     clip(printable(resolved.monitor.notes->depends_on[0]), 80)));
      }
    }
  }
}

void Linker::check_channels(Decoder& d, const std::vector<NotifyDraft>& entries) {
  const auto key = d.enter("notify");
  for (const NotifyDraft& entry : entries) check_reference(d, {ReferenceKind::channel, entry.to});
}

void Linker::check_sinks(Decoder& d, const std::vector<NamedReference>& names) {
  const auto key = d.enter("report");
  for (const NamedReference& name : names) check_reference(d, {ReferenceKind::sink, name});
}

// Reports the cycles of depends_on and breaks the latest file of each. True when a drop-in went, so
// that the rest has to be looked at again.
bool Linker::break_cycles() {
  Graph graph;
  for (FilePart& file : files_) {
    if (file.broken && !file.source->is_main) continue;
    for (const Resolved& resolved : file.monitors) {
      graph[resolved.monitor.name] = Vertex{&file, &resolved.references};
    }
    for (const Unusable& unusable : file.unusable) {
      graph.try_emplace(unusable.name, Vertex{&file, &unusable.references});
    }
  }
  settle_acyclic(graph);
  bool changed = false;
  for (auto& [name, vertex] : graph) {
    if (vertex.settled) continue;
    const std::vector<std::string_view> cycle = walk_cycle(graph, name);
    if (cycle.empty()) continue;
    const auto later = [&](std::string_view a, std::string_view b) {
      const auto place = [&](std::string_view n) {
        const auto by_address = [&](const FilePart& f) { return &f == graph.at(n).file; };
        return std::ranges::find_if(files_, by_address) - files_.begin();
      };
      return place(a) < place(b);
    };
    const std::string_view culprit = *std::ranges::max_element(cycle, later);
    const Vertex& bad = graph.at(culprit);
    const Reference* parent = open_parent(graph, bad);
    std::string text;
    for (const std::string_view step : cycle) text += clip(printable(step), 80) + " -> ";
    Decoder d(bad.file->problems, substitution_);
    const auto section = d.enter(bad.file->section_of(ReferenceKind::monitor, culprit));
    const auto monitor = d.enter(culprit);
    const auto key = d.enter("depends_on");
    d.error(parent->to.at, fmt::format("monitors depend on each other in a circle: {}{}", text,
                                       clip(printable(cycle.front()), 80)));
    if (!bad.file->broken) changed = changed || !bad.file->source->is_main;
    bad.file->broken = true;
    for (const std::string_view step : cycle) graph[step].settled = true;
  }
  return changed;
}

void Linker::drop_missing(MonitorNotes& notes) const {
  const auto drop = [&](ReferenceKind kind, std::vector<std::string>& names) {
    const auto& missing = missing_[static_cast<std::size_t>(kind)];
    std::erase_if(names, [&](const std::string& name) { return missing.contains(name); });
  };
  std::erase_if(notes.notify, [&](const alert::Recipient& recipient) {
    return missing_[static_cast<std::size_t>(ReferenceKind::channel)].contains(recipient.channel);
  });
  std::erase_if(notes.report, [&](const ReportTo& to) {
    return missing_[static_cast<std::size_t>(ReferenceKind::sink)].contains(to.sink);
  });
  drop(ReferenceKind::monitor, notes.depends_on);
}

void Linker::claim_maintenance(FilePart& file) {
  Decoder d(file.problems, substitution_);
  const auto section = d.enter("maintenance");
  for (const FilePart& earlier : files_) {
    if (&earlier == &file) break;
    if (earlier.broken && !earlier.source->is_main) continue;
    for (const MaintenanceDraft& window : file.part.maintenance) {
      const auto same = [&](const MaintenanceDraft& other) {
        return other.window.name == window.window.name;
      };
      const auto found = std::ranges::find_if(earlier.part.maintenance, same);
      if (found == earlier.part.maintenance.end()) continue;
      d.error(window.at,
              fmt::format("a maintenance window of this name is already defined in {}:{}",
                          earlier.problems.file(), found->at.line));
    }
  }
}

void Linker::collect_self(Config& config, const FilePart& main) const {
  SelfSettings& self = config.settings.self;
  const SelfDraft& draft = main.part.self;
  const auto missing = [this](ReferenceKind kind, const std::string& name) {
    return missing_[static_cast<std::size_t>(kind)].contains(name);
  };
  self.notify = recipients_of(draft.notify);
  std::erase_if(self.notify, [&](const alert::Recipient& recipient) {
    return missing(ReferenceKind::channel, recipient.channel);
  });
  for (const NamedReference& sink : draft.report) {
    if (!missing(ReferenceKind::sink, sink.name)) self.report.push_back({sink.name});
  }
  for (const NamedReference& gate : draft.gate) {
    if (!missing(ReferenceKind::monitor, gate.name)) self.gate.push_back(gate.name);
  }
  self.report_every = draft.report_every;
  self.heartbeat_url = draft.heartbeat_url;
  self.heartbeat_every = draft.heartbeat_every;
}

void Linker::collect_timers(Config& config, const FilePart& main) const {
  if (!main.part.timers) return;
  config.settings.timers = main.part.timers->settings;
  for (const TimerRuleDraft& draft : main.part.timers->rules) {
    timer::Rule rule = draft.rule;
    rule.notify = recipients_of(draft.notify);
    std::erase_if(rule.notify, [&](const alert::Recipient& recipient) {
      return missing_[static_cast<std::size_t>(ReferenceKind::channel)].contains(recipient.channel);
    });
    config.settings.timers->rules.push_back(std::move(rule));
  }
}

void Linker::collect_ecs(Config& config, const FilePart& main) {
  if (!main.part.ecs) return;
  EcsSettings& ecs = config.settings.ecs;
  ecs.match_labels = main.part.ecs->match_labels;
  for (const EcsEntry& entry : main.part.ecs->entries) {
    MonitorNotes notes = ecs_notes_of(entry.options, main.part.defaults.common.value);
    drop_missing(notes);
    ecs.clusters.push_back(entry.options.value.cluster);
    ecs.clusters.back().notes = resolver_.intern_notes(std::move(notes));
  }
}

void Linker::collect(Config& config) {
  const bool any_missing =
      std::ranges::any_of(missing_, [](const auto& names) { return !names.empty(); });
  std::size_t count = 0;
  for (const FilePart& file : files_) count += file.broken ? 0 : file.monitors.size();
  config.monitors.reserve(count);
  for (FilePart& file : files_) {
    if (file.broken) continue;
    if (file.source->is_main) collect_self(config, file);
    if (file.source->is_main) collect_timers(config, file);
    if (file.source->is_main) collect_ecs(config, file);
    if (file.part.self_post) config.settings.self.report.push_back(*file.part.self_post);
    for (MaintenanceDraft& draft : file.part.maintenance) {
      config.maintenance.push_back(std::move(draft.window));
    }
    for (Resolved& resolved : file.monitors) {
      if (any_missing) {
        MonitorNotes notes = *resolved.monitor.notes;
        drop_missing(notes);
        resolved.monitor.notes = resolver_.intern_notes(std::move(notes));
      }
      config.monitors.push_back(std::move(resolved.monitor));
    }
    file.monitors = std::vector<Resolved>();
  }
  std::ranges::sort(config.monitors, {}, &Monitor::name);
  build_outlets(files_, config);
}

}  // namespace tocsin::config
