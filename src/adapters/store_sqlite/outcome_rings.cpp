#include "adapters/store_sqlite/outcome_rings.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <string>
#include <utility>
#include <vector>

#include "adapters/store_sqlite/batch_writer.hpp"

namespace tocsin::store_sqlite {
namespace {

constexpr std::uint64_t kMonitorsPerTransaction = 500;

struct Statements {
  Statement monitors, read, clear, put, keep_json;
};

Result<Statements> prepare(Connection& connection) {
  Statements all;
  const std::pair<Statement*, const char*> wanted[] = {
      {&all.monitors, "SELECT id FROM monitors WHERE id > ?1 ORDER BY id LIMIT ?2"},
      {&all.read,
       "SELECT sequence, json FROM outcomes WHERE id >= ?1 AND id <= ?2 ORDER BY sequence DESC "
       "LIMIT ?3"},
      {&all.clear, "DELETE FROM outcomes WHERE id >= ?1 AND id <= ?2"},
      // Two rows of one slot come only from gaps in the sequence; the newer one is there first.
      {&all.put,
       "INSERT INTO outcomes (id, sequence, json) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO NOTHING"},
      {&all.keep_json,
       "UPDATE monitors SET last_json = ?2 WHERE id = ?1 AND outcome_count = ?3 AND "
       "last_json = ''"},
  };
  for (const auto& [statement, sql] : wanted) {
    auto prepared = Statement::prepare(connection, sql);
    if (!prepared) {
      return std::unexpected(std::move(prepared).error());
    }
    *statement = std::move(*prepared);
  }
  return all;
}

int resize_ring(Statements& all, std::int64_t monitor, std::uint32_t keep) {
  std::vector<std::pair<std::uint64_t, std::string>> rows;
  all.read.bind(1, outcome_id(monitor, 0)).bind(2, outcome_id(monitor, kLastSlot));
  all.read.bind(3, std::int64_t{keep == 0 ? 1U : keep});
  int code = SQLITE_OK;
  while ((code = all.read.step()) == SQLITE_ROW) {
    rows.emplace_back(all.read.natural(0), all.read.text(1));
  }
  all.read.reset();
  if (code != SQLITE_DONE) {
    return code;
  }
  code = all.clear.bind(1, outcome_id(monitor, 0)).bind(2, outcome_id(monitor, kLastSlot)).run();
  if (code == SQLITE_OK && keep == 0 && !rows.empty()) {
    // Without a ring the record keeps its last outcome itself.
    return all.keep_json.bind(1, monitor).bind(2, rows[0].second).bind(3, rows[0].first).run();
  }
  for (std::size_t i = 0; code == SQLITE_OK && i < rows.size(); ++i) {
    const auto& [sequence, json] = rows[i];
    all.put.bind(1, outcome_id(monitor, sequence % keep)).bind(2, sequence).bind(3, json);
    code = all.put.run();
  }
  return code;
}

// The next monitors after `after`; empty at the end.
Result<std::vector<std::int64_t>> next_monitors(Connection& connection, Statements& all,
                                                std::int64_t after) {
  std::vector<std::int64_t> monitors;
  all.monitors.bind(1, after).bind(2, kMonitorsPerTransaction);
  int code = SQLITE_OK;
  while ((code = all.monitors.step()) == SQLITE_ROW) {
    monitors.push_back(all.monitors.integer(0));
  }
  all.monitors.reset();
  if (code != SQLITE_DONE) {
    return std::unexpected(connection.error(code));
  }
  return monitors;
}

}  // namespace

Result<void> resize_rings(Connection& connection, std::uint32_t keep) {
  const auto stored = connection.number("SELECT keep FROM meta WHERE id = 1");
  if (!stored || *stored == std::int64_t{keep}) {
    return stored ? Result<void>{} : std::unexpected(stored.error());
  }
  auto all = prepare(connection);
  if (!all) {
    return std::unexpected(std::move(all).error());
  }
  std::int64_t cursor = 0;
  for (bool more = true; more;) {
    const auto monitors = next_monitors(connection, *all, cursor);
    if (!monitors) {
      return std::unexpected(monitors.error());
    }
    more = !monitors->empty();
    if (auto begun = connection.run("BEGIN IMMEDIATE"); !begun) {
      return begun;
    }
    for (const std::int64_t monitor : *monitors) {
      if (const int code = resize_ring(*all, monitor, keep); code != SQLITE_OK) {
        return std::unexpected(connection.error(code));
      }
      cursor = monitor;
    }
    const std::string finish =
        more ? "COMMIT" : fmt::format("UPDATE meta SET keep = {} WHERE id = 1; COMMIT", keep);
    if (auto committed = connection.run(finish.c_str()); !committed) {
      return committed;
    }
  }
  return {};
}

}  // namespace tocsin::store_sqlite
