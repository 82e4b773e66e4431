#pragma once
// Puts decoded files together: who defines a name, who refers to what, which drop-ins have to go.

#include <deque>
#include <set>
#include <string>

#include "config/file_part.hpp"

namespace tocsin::config {

class Linker {
 public:
  // Files in the order of precedence: the main file first.
  Linker(std::deque<FilePart>& files, Substitution& substitution, Resolver& resolver)
      : files_(files), substitution_(substitution), resolver_(resolver) {}

  // Resolves monitors, marks broken files, reports everything that takes more than one entry to
  // see.
  void run();

  // References that were left out, each written place once.
  [[nodiscard]] std::size_t broken_references() const { return broken_references_; }
  // The monitors and names of all files that are not broken, sorted. Call after run().
  void collect(Config& config);

 private:
  void resolve(FilePart& file, bool holds_defaults);
  void claim_names(FilePart& file);
  void keep_outlets_apart(FilePart& file);
  void check_references(FilePart& file);
  void claim_uuids(FilePart& file);
  void require_uuids(FilePart& file, const FilePart* main);
  void claim_maintenance(FilePart& file);
  void check_default_references(FilePart& main);
  void check_self_references(FilePart& main);
  void check_timer_references(FilePart& main);
  void check_ecs_references(FilePart& main);
  void check_gates(FilePart& main);
  void check_channels(Decoder& d, const std::vector<NotifyDraft>& entries);
  void check_sinks(Decoder& d, const std::vector<NamedReference>& names);
  void collect_timers(Config& config, const FilePart& main) const;
  void collect_ecs(Config& config, const FilePart& main);
  void collect_self(Config& config, const FilePart& main) const;
  void check_reference(Decoder& d, const Reference& reference);
  bool break_cycles();
  [[nodiscard]] bool defines(ReferenceKind kind, std::string_view name, bool broken) const;
  [[nodiscard]] bool may_hide_names() const;
  void drop_missing(MonitorNotes& notes) const;

  std::deque<FilePart>& files_;
  Substitution& substitution_;
  Resolver& resolver_;
  std::array<std::set<std::string, std::less<>>, 3> missing_;  // names that nothing in use defines
  bool reporting_missing_ = false;  // the second pass: unknown names are left out and counted
  std::size_t broken_references_ = 0;
};

}  // namespace tocsin::config
