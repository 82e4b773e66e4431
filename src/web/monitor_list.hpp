#pragma once
// Finds the monitors of one page: filter, sort, cut. Works in slices, since the loop also plans
// checks: 100,000 monitors must not stop it for the length of a walk.

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "web/cursor.hpp"
#include "web/monitors.hpp"
#include "web/params.hpp"

namespace tocsin::web {

struct ListQuery {
  std::array<bool, 4> states{true, true, true, true};       // index: alert::State
  std::vector<std::string> kinds;                           // empty: any
  std::vector<std::pair<std::string, std::string>> labels;  // all must be there
  std::string text;  // in the name, ASCII letters in lower case; "" any
  Sort sort;
  std::size_t limit = kDefaultLimit;
  std::optional<Position> after;
};

[[nodiscard]] std::expected<ListQuery, Problem> parse_list_query(const Query& query);

[[nodiscard]] bool selects(const ListQuery& query, const service::MonitorView& view);
// What `sort` compares; smaller first. By state: down, unknown, new, up.
[[nodiscard]] std::int64_t sort_value(SortKey key, const service::MonitorView& view);

// Usage: while (!scan.step(n)) { let the loop turn; } then page(). A reload between steps is fine.
// Borrows the monitors.
class ListScan {
 public:
  struct Page {
    std::vector<std::string> names;
    std::optional<std::string> next;
  };

  ListScan(ListQuery query, const Monitors& monitors);
  // Looks at no more than `budget` monitors; true when the page is known.
  [[nodiscard]] bool step(std::size_t budget);
  [[nodiscard]] Page page() &&;

 private:
  [[nodiscard]] bool walk_names_down(std::size_t budget);
  [[nodiscard]] bool walk_up(std::size_t budget);
  [[nodiscard]] bool before(std::int64_t primary, std::string_view name, const Position& b) const;
  // True when no later monitor can belong to the page.
  bool offer(const service::MonitorView& view);
  void keep(Position position);

  ListQuery query_;
  const Monitors& monitors_;
  std::optional<std::string> last_;  // the name looked at last
  std::vector<Position> found_;      // sorted by name: in order; else a heap with the last on top
};

}  // namespace tocsin::web
