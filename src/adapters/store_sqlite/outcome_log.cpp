#include "adapters/store_sqlite/outcome_log.hpp"

#include <sqlite3.h>

#include <utility>

namespace tocsin::store_sqlite {
namespace {

constexpr const char* kInsert =
    "INSERT INTO outcomes (id, monitor, sequence, json) VALUES (?1, ?2, ?3, ?4)";
constexpr const char* kReplace = "UPDATE outcomes SET json = ?2 WHERE id = ?1";
constexpr const char* kRemove = "DELETE FROM outcomes WHERE id = ?1";

}  // namespace

Result<OutcomeLog> OutcomeLog::prepare(Connection& connection, std::uint32_t keep) {
  OutcomeLog log;
  log.keep_ = keep;
  auto prepared = Statement::prepare_all(connection, {
                                                         {&log.insert_, kInsert},
                                                         {&log.replace_, kReplace},
                                                         {&log.remove_, kRemove},
                                                     });
  if (!prepared) {
    return std::unexpected(std::move(prepared).error());
  }
  const auto last = connection.number("SELECT coalesce(max(id), 0) FROM outcomes");
  if (!last) {
    return std::unexpected(last.error());
  }
  log.next_row_ = *last + 1;
  return log;
}

int OutcomeLog::put(std::int64_t monitor, const ports::OutcomeRow& row, std::string& recent,
                    bool& holds) {
  // A damaged list is told at the next start; until then history begins anew.
  if (!decode(recent, list_)) {
    list_ = {};
  }
  auto& rows = list_.rows;
  holds = rows.empty() || row.sequence >= list_.sequence;
  if (!holds) {
    return SQLITE_OK;
  }
  if (!rows.empty() && row.sequence == list_.sequence) {
    return replace_.bind(1, rows.front()).bind(2, row.json).run();
  }
  int code =
      insert_.bind(1, next_row_).bind(2, monitor).bind(3, row.sequence).bind(4, row.json).run();
  rows.insert(rows.begin(), next_row_++);
  list_.sequence = row.sequence;
  for (; code == SQLITE_OK && rows.size() > keep_; rows.pop_back()) {
    code = remove_.bind(1, rows.back()).run();
  }
  encode(list_, recent);
  return code;
}

int OutcomeLog::drop(std::string_view recent) {
  int code = SQLITE_OK;
  if (decode(recent, list_)) {
    for (std::size_t i = 0; code == SQLITE_OK && i < list_.rows.size(); ++i) {
      code = remove_.bind(1, list_.rows[i]).run();
    }
  }
  return code;
}

}  // namespace tocsin::store_sqlite
