#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>

#include "config/aws_names.hpp"
#include "config/ecs_fields.hpp"
#include "config/scalars.hpp"

namespace tocsin::config {
namespace {

constexpr std::size_t kMostEntries = 500;
constexpr std::size_t kMostMatchLabels = 20;
constexpr std::string_view kClusters = "clusters";
constexpr std::string_view kMatchLabels = "match_labels";
constexpr std::string_view kIdWithoutRole =
    "expected role_arn beside it: the role that asks for this id";

bool has(const Draft<EcsOptions>& draft, std::string_view key) {
  return given(ecs_option_table(), draft, key);
}
bool is_wrong(const Draft<EcsOptions>& draft, std::string_view key) {
  return failed(ecs_option_table(), draft, key);
}
bool names_cluster(const Draft<EcsOptions>& draft) {
  return has(draft, "cluster") || has(draft, "ecsCluster");
}
bool uses_mona_names(const Draft<EcsOptions>& draft) {
  return std::ranges::any_of(ecs_option_table().fields, [&](const Field<EcsOptions>& row) {
    return is_mona_name(row.doc.name) && has(draft, row.doc.name);
  });
}

// What one map says by itself.
struct Said {
  Draft<EcsOptions> options;
  const NodeEntry* region = nullptr;  // as written
  Position cluster_at, external_id_at;
  bool unsure = false;  // a key was not understood: what is not given may be what was meant by it
};

// Two names of one option in one map.
bool says_it_again(Decoder& d, const NodeEntry& entry, const Draft<EcsOptions>& draft) {
  for (const std::string_view other : ecs_synonyms(entry.key)) {
    if (other == entry.key || !has(draft, other)) continue;
    const auto scope = d.enter(entry.key);
    d.error(entry.at, fmt::format("{} and {} are two names of one option; leave one of them out",
                                  other, entry.key));
    return true;
  }
  return false;
}

// False when there is no option of this name.
bool read_option(Decoder& d, const NodeEntry& entry, Said& said) {
  if (bit_of(ecs_option_table(), entry.key) == 0) return false;
  if (says_it_again(d, entry, said.options)) return true;
  if (entry.key == "region" || entry.key == "AWSRegion") said.region = &entry;
  if (entry.key == "cluster" || entry.key == "ecsCluster") said.cluster_at = entry.at;
  if (entry.key == "external_id") said.external_id_at = entry.at;
  return decode_entry(d, entry, ecs_option_table(), said.options);
}

// An ARN says its region itself.
void judge_region(Decoder& d, const Said& said) {
  const EcsCluster& cluster = said.options.value.cluster;
  const auto arn = parse_cluster_arn(cluster.name);
  if (!arn || cluster.region.empty() || cluster.region == arn->region) return;
  const auto scope = d.enter(said.region->key);
  d.expected(said.region->value, "the region of the cluster's ARN; it can be left out");
}

void read_entry(Decoder& d, const Node& node, Said& said) {
  if (node.kind == Node::Kind::scalar) {  // the name alone
    const NodeEntry cluster{.key = "cluster", .at = node.at, .value = node};
    (void)read_option(d, cluster, said);
    return;
  }
  if (node.kind != Node::Kind::map) {
    d.expected(node, "a map such as {cluster: prod, services: [web]}, or the name of a cluster");
    said.unsure = true;
    return;
  }
  for (const NodeEntry& entry : node.entries) {
    if (read_option(d, entry, said)) continue;
    std::vector<std::string_view> names;
    add_names(ecs_option_table(), names);
    unknown_key(d, entry, names);
    said.unsure = true;
  }
  if (!names_cluster(said.options) && !said.unsure) {
    d.error(node.at, "expected cluster: the name of an ECS cluster or its ARN");
  }
  judge_region(d, said);
}

// --- An entry over its section. ---

// Of which cluster: entries that have it alike share its services.
using ClusterKey = std::tuple<std::string, std::string, std::string>;
ClusterKey key_of(const EcsCluster& cluster) {
  const auto arn = parse_cluster_arn(cluster.name);
  return {arn ? std::string(arn->name) : cluster.name, cluster.region, cluster.role_arn};
}

Draft<EcsOptions> lay_over(const Said& section, const Said& own) {
  Draft<EcsOptions> out = section.options;
  if (&own != &section) overlay(ecs_option_table(), own.options, out);
  EcsCluster& cluster = out.value.cluster;
  if (const auto arn = parse_cluster_arn(cluster.name)) cluster.region = arn->region;
  if (!has(out, "announce_start") && uses_mona_names(out)) {
    cluster.announce_start = EcsCluster::AnnounceStart::always;
  }
  if (out.value.log_checks) {
    cluster.log_interval =
        cluster.check_interval * static_cast<std::int64_t>(*out.value.log_checks);
  }
  return out;
}

// ARNs say whose cluster it is; a name does not, and may be the same one.
bool of_other_accounts(const EcsCluster& one, const EcsCluster& other) {
  const auto arn = parse_cluster_arn(one.name);
  const auto other_arn = parse_cluster_arn(other.name);
  return arn && other_arn && arn->account != other_arn->account;
}

std::string place_of(const EcsEntry& entry) {
  return entry.index ? fmt::format("clusters[{}] in line {}", *entry.index, entry.at.line)
                     : fmt::format("ecsCluster in line {}", entry.at.line);
}

// What decides whether two entries are for one cluster, or alike, is not understood.
bool is_unclear(const EcsEntry& entry) {
  constexpr std::array<std::string_view, 5> kKeys{"region", "AWSRegion", "role_arn", "services",
                                                  "serviceNamesOverride"};
  return std::ranges::any_of(kKeys,
                             [&](std::string_view key) { return is_wrong(entry.options, key); });
}

// As far as names tell: patterns are not compared with patterns.
bool takes_all_of(const deployment::Selection& before, const deployment::Selection& later) {
  if (before.takes_all()) return true;
  return later.is_named() && std::ranges::all_of(later.include, [&](const std::string& name) {
           return before.takes(name);
         });
}

std::string swallowed(const EcsEntry& other, const deployment::Selection& before, bool alike) {
  if (alike) {
    return fmt::format("{} has the same cluster, region, role and services; leave one of them out",
                       place_of(other));
  }
  if (!before.tags.empty()) {
    return fmt::format(
        "{} is for the same cluster and selects by tags; expected it to be the last of its "
        "cluster, because tags are looked at after names",
        place_of(other));
  }
  return fmt::format(
      "{} is for the same cluster and takes every service of this one; expected the entry that is "
      "about fewer services to stand first",
      place_of(other));
}

// Of entries for one cluster: what would never be asked, because of one before it.
void judge_order(Decoder& d, const std::vector<EcsEntry>& entries) {
  std::map<ClusterKey, std::vector<const EcsEntry*>> of_cluster;
  for (const EcsEntry& entry : entries) {
    if (is_unclear(entry)) continue;
    const EcsCluster& cluster = entry.options.value.cluster;
    auto& earlier = of_cluster[key_of(cluster)];
    for (const EcsEntry* other : earlier) {
      if (of_other_accounts(cluster, other->options.value.cluster)) continue;
      const deployment::Selection& before = other->options.value.cluster.services;
      const bool alike = before == cluster.services;
      if (!alike && before.tags.empty() && !takes_all_of(before, cluster.services)) continue;
      const auto list = entry.index ? d.enter(kClusters) : d.stay();
      const auto item = entry.index ? d.enter(*entry.index) : d.enter("ecsCluster");
      d.error(entry.at, swallowed(*other, before, alike));
      break;
    }
    earlier.push_back(&entry);
  }
}

class SectionReader {
 public:
  explicit SectionReader(Decoder& d) : d_(d) {}

  EcsDraft read(const Node& node) {
    if (!require_map(d_, node)) return {};
    const std::size_t before = d_.errors();
    for (const NodeEntry& entry : node.entries) read_key(entry);
    judge_region(d_, section_);
    out_.notify = section_.options.value.notify;
    if (clusters_ != nullptr) {
      read_clusters(*clusters_);
    } else if (!names_cluster(section_.options) && !section_.unsure) {
      d_.error(node.at, "expected clusters: a list with at least one {cluster: NAME}");
    }
    // After the others, which say more of single services.
    if (names_cluster(section_.options)) add(section_, std::nullopt, section_.cluster_at);
    if (d_.errors() == before) judge_id_of_section();
    if (!section_.unsure) judge_order(d_, out_.entries);
    return std::move(out_);
  }

 private:
  void read_key(const NodeEntry& entry) {
    if (entry.key == kClusters) {
      clusters_ = &entry.value;
    } else if (entry.key == kMatchLabels) {
      read_match_labels(entry.value);
    } else if (entry.key == "cluster") {
      const auto scope = d_.enter(entry.key);
      d_.error(entry.at, "a cluster stands in the list: clusters: [{cluster: NAME}]");
      section_.unsure = true;
    } else if (!read_option(d_, entry, section_)) {
      std::vector<std::string_view> names{kClusters, kMatchLabels};
      add_names(ecs_option_table(), names);
      unknown_key(d_, entry, names);
      section_.unsure = true;
    }
  }

  void read_match_labels(const Node& node) {
    const auto scope = d_.enter(kMatchLabels);
    const auto names = decode_names(d_, node, "the name of a label");
    if (!names) return;
    if (names->size() > kMostMatchLabels) {
      d_.expected(node, fmt::format("at most {} names of labels", kMostMatchLabels));
      return;
    }
    out_.match_labels.clear();
    for (const NamedReference& name : *names) {
      if (is_identifier(name.name)) {
        out_.match_labels.push_back(name.name);
      } else {
        d_.error(name.at,
                 "expected a label of letters, digits, _ - and . that begins with a letter");
      }
    }
  }

  void read_clusters(const Node& node) {
    const auto scope = d_.enter(kClusters);
    if (node.kind != Node::Kind::list || node.items.empty() || node.items.size() > kMostEntries) {
      const std::string what =
          fmt::format("a list of 1 to {} entries {{cluster: NAME}}", kMostEntries);
      if (node.kind == Node::Kind::list) {
        d_.error(node.at, fmt::format("found {} entries, expected {}", node.items.size(), what));
      } else {
        d_.expected(node, what);
      }
      return;
    }
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const auto item = d_.enter(i);
      Said own;
      const std::size_t before = d_.errors();
      read_entry(d_, node.items[i], own);
      out_.entry_notify.push_back(own.options.value.notify);
      if (d_.errors() == before) add(own, i, node.items[i].at);
    }
  }

  void add(const Said& own, std::optional<std::size_t> index, Position at) {
    EcsEntry entry{lay_over(section_, own), index, at};
    EcsCluster& cluster = entry.options.value.cluster;
    judge_role(cluster, index, at);
    if (cluster.role_arn.empty()) {
      if (index && has(own.options, "external_id")) judge_id_of(own, entry);
      cluster.external_id.clear();
    }
    out_.entries.push_back(std::move(entry));
  }

  void judge_role(const EcsCluster& cluster, std::optional<std::size_t> index, Position at) {
    std::string problem = problem_of_role(cluster.role_arn, cluster.name);
    if (problem.empty()) return;
    const auto scope = index ? d_.stay() : d_.enter("ecsCluster");
    const auto key = index ? d_.enter("role_arn") : d_.stay();
    d_.error(at, std::move(problem));
  }

  void judge_id_of(const Said& own, const EcsEntry& entry) {
    if (section_.unsure || is_wrong(entry.options, "role_arn")) return;
    const auto scope = d_.enter("external_id");
    d_.error(own.external_id_at, std::string(kIdWithoutRole));
  }

  // The section's id is for those entries that assume a role.
  void judge_id_of_section() {
    const bool assumed = std::ranges::any_of(out_.entries, [](const EcsEntry& entry) {
      return !entry.options.value.cluster.role_arn.empty();
    });
    if (assumed || !has(section_.options, "external_id")) return;
    const auto scope = d_.enter("external_id");
    d_.error(section_.external_id_at, std::string(kIdWithoutRole));
  }

  Decoder& d_;
  Said section_;
  const Node* clusters_ = nullptr;
  EcsDraft out_;
};

}  // namespace

EcsDraft decode_ecs(Decoder& d, const Node& node) { return SectionReader(d).read(node); }

MonitorNotes ecs_notes_of(const Draft<EcsOptions>& options, const Common& defaults) {
  const EcsOptions& own = options.value;
  MonitorNotes notes;
  notes.labels = defaults.labels;
  merge_labels(own.labels, notes.labels);
  notes.notify = recipients_of(has(options, "notify") ? own.notify : defaults.notify);
  notes.severity = has(options, "severity") ? own.severity : defaults.severity;
  notes.remind_every = has(options, "remind_every") ? own.remind_every : defaults.remind_every;
  notes.description = own.description;
  notes.runbook = own.runbook;
  notes.dashboard = own.dashboard;
  return notes;
}

std::vector<FieldDoc> ecs_section_docs() {
  std::vector<FieldDoc> docs{
      {kClusters, "clusters whose services are watched",
       R"({"type":"array","items":{"$ref":"#/$defs/ecs_cluster"}})"},
      {kMatchLabels, "labels by which a monitor belongs to a service; service",
       R"({"$ref":"#/$defs/names"})"}};
  for (const Field<EcsOptions>& row : ecs_option_table().fields) {
    if (row.doc.name != "cluster") docs.push_back(row.doc);
  }
  return docs;
}

}  // namespace tocsin::config
