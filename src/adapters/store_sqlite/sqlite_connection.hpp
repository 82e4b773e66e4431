#pragma once
// Thin ownership of SQLite's handles, with errors as values. One thread at a time per connection.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace tocsin::store_sqlite {

enum class Access : std::uint8_t { read_only, read_write, create };

// "database or disk is full (SQLITE_FULL 13): /var/lib/tocsin/tocsin.db": SQLite's text, the
// extended code and the system's own error when there was one. Code is `unavailable` for what may
// pass by itself (full, I/O error, read-only, busy, damaged file), `invalid` for a file that is no
// database, else `internal`.
[[nodiscard]] Error sqlite_error(int code, int system_errno, std::string_view path);

class Connection {
 public:
  Connection() = default;
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;
  ~Connection() { close(); }

  // `vfs` empty: SQLite's default. Waits up to two seconds for other processes' short locks.
  [[nodiscard]] static Result<Connection> open(const std::string& path, Access access,
                                               const std::string& vfs);
  // All statements of this connection must be gone.
  void close();

  // Runs statements that return nothing of interest.
  [[nodiscard]] Result<void> run(const char* sql);
  // The first column of the first row of a query that takes no parameters.
  [[nodiscard]] Result<std::int64_t> number(const char* sql);
  [[nodiscard]] Result<std::string> text(const char* sql);

  // The error of the call that just failed with `code`.
  [[nodiscard]] Error error(int code) const;
  // Whether the call that just failed with `code` failed for want of space.
  [[nodiscard]] bool out_of_space(int code) const;

  [[nodiscard]] bool is_open() const { return db_ != nullptr; }
  [[nodiscard]] sqlite3* raw() const { return db_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  sqlite3* db_ = nullptr;
  std::string path_;
};

// A prepared statement that is used again and again. Bound texts must live until reset().
class Statement {
 public:
  // Where a prepared statement goes, and its text.
  using Wanted = std::pair<Statement*, const char*>;

  Statement() = default;
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement() { finalize(); }

  [[nodiscard]] static Result<Statement> prepare(Connection& connection, const char* sql);
  [[nodiscard]] static Result<void> prepare_all(Connection& connection,
                                                std::initializer_list<Wanted> wanted);
  void finalize();

  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, std::uint64_t value);
  Statement& bind(int index, std::string_view value);
  Statement& bind_blob(int index, std::string_view value);

  // SQLITE_ROW, SQLITE_DONE or an error code, as sqlite3_step gives it.
  [[nodiscard]] int step();
  // Runs to the end and resets; SQLITE_OK or an error code.
  [[nodiscard]] int run();
  void reset();

  // Of the current row. Views die with the next step or reset.
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::uint64_t natural(int column) const;
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] std::string_view blob(int column) const;

 private:
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace tocsin::store_sqlite
