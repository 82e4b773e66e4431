#include "web/monitor_list.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "alert/state.hpp"
#include "base/utf8.hpp"

namespace tocsin::web {
namespace {

constexpr std::array<std::string_view, 7> kKinds{"http",    "tcp",   "dns", "tls",
                                                 "command", "timer", "ecs"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string quoted(std::string_view text) {
  return fmt::format("\"{}\"", clip(printable(text), 60));
}

void read_states(Params& params, ListQuery& out) {
  const auto names = params.comma_list("state");
  if (names.empty()) {
    return;
  }
  out.states = {};
  for (const std::string_view name : names) {
    if (const auto state = alert::parse_state(name)) {
      out.states[static_cast<std::size_t>(*state)] = true;
    } else {
      params.refuse("invalid_parameter",
                    fmt::format("`state` is new, up, down or unknown, not {}", quoted(name)));
    }
  }
}

void read_kinds(Params& params, ListQuery& out) {
  for (const std::string_view kind : params.comma_list("kind")) {
    if (std::ranges::find(kKinds, kind) == kKinds.end()) {
      params.refuse("invalid_parameter", fmt::format("`kind` is one of {}, not {}",
                                                     fmt::join(kKinds, ", "), quoted(kind)));
    }
    out.kinds.emplace_back(kind);
  }
}

void read_labels(Params& params, ListQuery& out) {
  for (const std::string_view label : params.all("label")) {
    const std::size_t colon = label.find(':');
    if (colon == std::string_view::npos || colon == 0) {
      params.refuse("invalid_parameter",
                    fmt::format("`label` is key:value, not {}", quoted(label)));
      continue;
    }
    out.labels.emplace_back(label.substr(0, colon), label.substr(colon + 1));
  }
}

}  // namespace

std::expected<ListQuery, Problem> parse_list_query(const Query& query) {
  Params params(query);
  ListQuery out;
  read_states(params, out);
  read_kinds(params, out);
  read_labels(params, out);
  out.text = params.one("q").value_or("");
  std::ranges::transform(out.text, out.text.begin(), lower);
  if (const auto text = params.one("sort")) {
    const auto sort = parse_sort(*text);
    if (!sort) {
      params.refuse("invalid_parameter",
                    fmt::format("`sort` is name, state, since or duration, with - in front for "
                                "the other direction, not {}",
                                quoted(*text)));
    }
    out.sort = sort.value_or(Sort{});
  }
  out.limit = params.limit();
  if (const auto cursor = params.one("cursor")) {
    out.after = decode_cursor(out.sort, *cursor);
    if (!out.after) {
      params.refuse("invalid_cursor",
                    "`cursor` is not one that this server gave out for this sort order");
    }
  }
  if (auto problem = params.problem()) {
    return std::unexpected(std::move(*problem));
  }
  return out;
}

bool selects(const ListQuery& query, const service::MonitorView& view) {
  if (!query.states[static_cast<std::size_t>(view.state.state)]) {
    return false;
  }
  const config::Monitor& monitor = *view.config;
  if (!query.kinds.empty() &&
      std::ranges::find(query.kinds, check::kind_of(*monitor.check)) == query.kinds.end()) {
    return false;
  }
  if (!query.text.empty() && std::ranges::search(monitor.name, query.text, {}, lower).empty()) {
    return false;
  }
  return std::ranges::all_of(query.labels, [&](const auto& label) {
    return monitor.notes != nullptr &&
           std::ranges::find(monitor.notes->labels, label) != monitor.notes->labels.end();
  });
}

std::int64_t sort_value(SortKey key, const service::MonitorView& view) {
  constexpr std::array<std::int64_t, 4> kRank{2, 3, 0, 1};  // index: alert::State
  switch (key) {
    case SortKey::name:
      return 0;
    case SortKey::state:
      return kRank[static_cast<std::size_t>(view.state.state)];
    case SortKey::since:
      return unix_ms(view.state.since);
    case SortKey::duration:
      return view.last_duration.count();
  }
  return 0;
}

ListScan::ListScan(ListQuery query, const Monitors& monitors)
    : query_(std::move(query)), monitors_(monitors) {
  if (query_.sort.key == SortKey::name && query_.after) {
    last_ = query_.after->name;
  }
}

bool ListScan::before(std::int64_t primary, std::string_view name, const Position& b) const {
  if (primary != b.primary) {
    return query_.sort.descending ? primary > b.primary : primary < b.primary;
  }
  return name < b.name;
}

void ListScan::keep(Position position) {
  // One more than the page, to know whether another page follows.
  const auto order = [this](const Position& a, const Position& b) {
    return before(a.primary, a.name, b);
  };
  found_.push_back(std::move(position));
  std::ranges::push_heap(found_, order);
  if (found_.size() > query_.limit + 1) {
    std::ranges::pop_heap(found_, order);
    found_.pop_back();
  }
}

bool ListScan::offer(const service::MonitorView& view) {
  if (!selects(query_, view)) {
    return false;
  }
  const std::string& name = view.config->name;
  if (query_.sort.key == SortKey::name) {
    found_.push_back({0, name});
    return found_.size() > query_.limit;
  }
  const std::int64_t primary = sort_value(query_.sort.key, view);
  const bool behind_cursor =
      query_.after && (before(primary, name, *query_.after) ||
                       (primary == query_.after->primary && name == query_.after->name));
  const bool too_late = found_.size() > query_.limit && !before(primary, name, found_.front());
  if (!behind_cursor && !too_late) {
    keep({primary, name});
  }
  return false;
}

bool ListScan::walk_up(std::size_t budget) {
  std::size_t index = last_ ? monitors_.lower_bound(*last_) : 0;
  if (last_ && index < monitors_.size() && monitors_.view(index).config->name == *last_) {
    ++index;
  }
  const std::size_t end = std::min(monitors_.size(), index + budget);
  for (; index < end; ++index) {
    const service::MonitorView view = monitors_.view(index);
    if (offer(view)) {
      return true;
    }
    if (index + 1 == end) {
      last_ = view.config->name;
    }
  }
  return end == monitors_.size();
}

bool ListScan::walk_names_down(std::size_t budget) {
  std::size_t index = last_ ? monitors_.lower_bound(*last_) : monitors_.size();
  for (; index > 0 && budget > 0; --index, --budget) {
    const service::MonitorView view = monitors_.view(index - 1);
    if (offer(view)) {
      return true;
    }
    if (budget == 1) {
      last_ = view.config->name;
    }
  }
  return index == 0;
}

bool ListScan::step(std::size_t budget) {
  const bool down = query_.sort.key == SortKey::name && query_.sort.descending;
  return down ? walk_names_down(budget) : walk_up(budget);
}

ListScan::Page ListScan::page() && {
  if (query_.sort.key != SortKey::name) {
    std::ranges::sort(found_, [this](const Position& a, const Position& b) {
      return before(a.primary, a.name, b);
    });
  }
  Page out;
  if (found_.size() > query_.limit) {
    found_.resize(query_.limit);
    out.next = encode_cursor(query_.sort, found_.back());
  }
  for (Position& position : found_) {
    out.names.push_back(std::move(position.name));
  }
  return out;
}

}  // namespace tocsin::web
