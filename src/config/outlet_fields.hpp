#pragma once
// Entries of `channels` and `sinks`: keys of every kind, and one kind with its own.

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "config/field_table.hpp"
#include "config/scalars.hpp"
#include "notification/outlet.hpp"
#include "notification/texts.hpp"

namespace tocsin::config {

// Builds the format once the texts of all files are known. Null: the entry is broken.
using MakeFormat = std::function<std::shared_ptr<const notification::Format>(
    const notification::Outlet&, const std::shared_ptr<const notification::Texts>&)>;

struct OutletDraft {
  notification::Outlet outlet;  // without its format
  Position at;
  bool group_wait_given = false;  // else the format's audience decides
  MakeFormat make;
};

// What makes a kind: its key, how much it takes by itself, how its options are read.
struct OutletKind {
  FieldDoc doc;
  bool sink = false;
  std::uint32_t rate_count = 0;  // notification::Outlet: the provider's own limit, a little below
  Milliseconds rate_per{1000};
  std::uint32_t concurrency = 4;
  std::function<MakeFormat(Decoder&, const Node&)> decode;
};

// In the order in which documents list them; a name may stand twice, as channel and as sink.
[[nodiscard]] const std::vector<OutletKind>& outlet_kinds();

[[nodiscard]] const Table<OutletDraft>& outlet_table();   // keys of channels and sinks
[[nodiscard]] const Table<OutletDraft>& channel_table();  // of channels alone
[[nodiscard]] const Table<OutletDraft>& sink_table();     // of sinks alone

// One entry, a map with exactly one kind. Appended whatever is wrong with it, for its name.
void decode_outlet(Decoder& d, const NodeEntry& entry, bool sink, std::vector<OutletDraft>& out);

// A program and its arguments: a list of texts.
[[nodiscard]] std::optional<std::vector<std::string>> decode_argv(Decoder& d, const Node& node);

}  // namespace tocsin::config
