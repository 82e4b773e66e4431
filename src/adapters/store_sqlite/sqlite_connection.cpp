#include "adapters/store_sqlite/sqlite_connection.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace tocsin::store_sqlite {
namespace {

constexpr int kBusyTimeoutMs = 2000;

// SQLite has texts for its codes but no names, and only the names can be looked up.
std::string_view code_name(int code) {
  switch (code) {
    case SQLITE_ERROR:
      return "SQLITE_ERROR";
    case SQLITE_BUSY:
      return "SQLITE_BUSY";
    case SQLITE_BUSY_RECOVERY:
      return "SQLITE_BUSY_RECOVERY";
    case SQLITE_READONLY:
      return "SQLITE_READONLY";
    case SQLITE_READONLY_DIRECTORY:
      return "SQLITE_READONLY_DIRECTORY";
    case SQLITE_READONLY_DBMOVED:
      return "SQLITE_READONLY_DBMOVED";
    case SQLITE_IOERR:
      return "SQLITE_IOERR";
    case SQLITE_IOERR_READ:
      return "SQLITE_IOERR_READ";
    case SQLITE_IOERR_SHORT_READ:
      return "SQLITE_IOERR_SHORT_READ";
    case SQLITE_IOERR_WRITE:
      return "SQLITE_IOERR_WRITE";
    case SQLITE_IOERR_FSYNC:
      return "SQLITE_IOERR_FSYNC";
    case SQLITE_IOERR_TRUNCATE:
      return "SQLITE_IOERR_TRUNCATE";
    case SQLITE_IOERR_FSTAT:
      return "SQLITE_IOERR_FSTAT";
    case SQLITE_IOERR_SHMOPEN:
      return "SQLITE_IOERR_SHMOPEN";
    case SQLITE_IOERR_SHMSIZE:
      return "SQLITE_IOERR_SHMSIZE";
    case SQLITE_IOERR_SHMMAP:
      return "SQLITE_IOERR_SHMMAP";
    case SQLITE_CORRUPT:
      return "SQLITE_CORRUPT";
    case SQLITE_FULL:
      return "SQLITE_FULL";
    case SQLITE_CANTOPEN:
      return "SQLITE_CANTOPEN";
    case SQLITE_CONSTRAINT:
      return "SQLITE_CONSTRAINT";
    case SQLITE_NOTADB:
      return "SQLITE_NOTADB";
    default:
      return "SQLite code";
  }
}

ErrorCode meaning(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CORRUPT:
    case SQLITE_PROTOCOL:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return ErrorCode::unavailable;
    case SQLITE_NOTADB:
      return ErrorCode::invalid;
    default:
      return ErrorCode::internal;
  }
}

}  // namespace

Error sqlite_error(int code, int system_errno, std::string_view path) {
  std::string message =
      fmt::format("{}: {} ({} {}", path, sqlite3_errstr(code), code_name(code), code);
  if (system_errno != 0) {
    message += ", " + std::generic_category().message(system_errno);
  }
  message += ')';
  return Error{meaning(code), std::move(message)};
}

Connection::Connection(Connection&& other) noexcept
    : db_(std::exchange(other.db_, nullptr)), path_(std::move(other.path_)) {}

Connection& Connection::operator=(Connection&& other) noexcept {
  if (this != &other) {
    close();
    db_ = std::exchange(other.db_, nullptr);
    path_ = std::move(other.path_);
  }
  return *this;
}

Result<Connection> Connection::open(const std::string& path, Access access,
                                    const std::string& vfs) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (access == Access::read_only) {
    flags |= SQLITE_OPEN_READONLY;
  } else {
    flags |= SQLITE_OPEN_READWRITE | (access == Access::create ? SQLITE_OPEN_CREATE : 0);
  }
  Connection connection;
  connection.path_ = path;
  const int code =
      sqlite3_open_v2(path.c_str(), &connection.db_, flags, vfs.empty() ? nullptr : vfs.c_str());
  if (code != SQLITE_OK) {
    return std::unexpected(connection.error(code));
  }
  sqlite3_busy_timeout(connection.db_, kBusyTimeoutMs);
  return connection;
}

void Connection::close() {
  if (db_ != nullptr) {
    sqlite3_close_v2(std::exchange(db_, nullptr));
  }
}

Result<void> Connection::run(const char* sql) {
  const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) {
    return std::unexpected(error(code));
  }
  return {};
}

Result<std::int64_t> Connection::number(const char* sql) {
  auto statement = Statement::prepare(*this, sql);
  if (!statement) {
    return std::unexpected(std::move(statement).error());
  }
  if (const int code = statement->step(); code != SQLITE_ROW) {
    return std::unexpected(error(code == SQLITE_DONE ? SQLITE_ERROR : code));
  }
  return statement->integer(0);
}

Result<std::string> Connection::text(const char* sql) {
  auto statement = Statement::prepare(*this, sql);
  if (!statement) {
    return std::unexpected(std::move(statement).error());
  }
  if (const int code = statement->step(); code != SQLITE_ROW) {
    return std::unexpected(error(code == SQLITE_DONE ? SQLITE_ERROR : code));
  }
  return std::string(statement->text(0));
}

Error Connection::error(int code) const {
  const bool system = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN ||
                      (code & 0xff) == SQLITE_FULL;
  Error result =
      sqlite_error(code, system && db_ != nullptr ? sqlite3_system_errno(db_) : 0, path_);
  if (result.code == ErrorCode::internal && db_ != nullptr) {
    result.message += fmt::format(": {}", sqlite3_errmsg(db_));
  }
  return result;
}

bool Connection::out_of_space(int code) const {
  return (code & 0xff) == SQLITE_FULL ||
         ((code & 0xff) == SQLITE_IOERR && db_ != nullptr && sqlite3_system_errno(db_) == ENOSPC);
}

Statement::Statement(Statement&& other) noexcept
    : statement_(std::exchange(other.statement_, nullptr)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  if (this != &other) {
    finalize();
    statement_ = std::exchange(other.statement_, nullptr);
  }
  return *this;
}

Result<Statement> Statement::prepare(Connection& connection, const char* sql) {
  Statement result;
  const int code = sqlite3_prepare_v3(connection.raw(), sql, -1, SQLITE_PREPARE_PERSISTENT,
                                      &result.statement_, nullptr);
  if (code != SQLITE_OK) {
    return std::unexpected(connection.error(code));
  }
  return result;
}

Result<void> Statement::prepare_all(Connection& connection, std::initializer_list<Wanted> wanted) {
  for (const auto& [statement, sql] : wanted) {
    auto prepared = prepare(connection, sql);
    if (!prepared) {
      return std::unexpected(std::move(prepared).error());
    }
    *statement = std::move(*prepared);
  }
  return {};
}

void Statement::finalize() { sqlite3_finalize(std::exchange(statement_, nullptr)); }

Statement& Statement::bind(int index, std::int64_t value) {
  TOCSIN_ASSERT(sqlite3_bind_int64(statement_, index, value) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(int index, std::uint64_t value) {
  return bind(index, static_cast<std::int64_t>(value));
}

Statement& Statement::bind(int index, std::string_view value) {
  // A null pointer would bind NULL, not the empty text.
  const char* data = value.data() == nullptr ? "" : value.data();
  TOCSIN_ASSERT(sqlite3_bind_text64(statement_, index, data, value.size(), SQLITE_STATIC,
                                    SQLITE_UTF8) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind_blob(int index, std::string_view value) {
  const char* data = value.data() == nullptr ? "" : value.data();
  TOCSIN_ASSERT(sqlite3_bind_blob64(statement_, index, data, value.size(), SQLITE_STATIC) ==
                SQLITE_OK);
  return *this;
}

int Statement::step() { return sqlite3_step(statement_); }

int Statement::run() {
  int code = sqlite3_step(statement_);
  while (code == SQLITE_ROW) {
    code = sqlite3_step(statement_);
  }
  sqlite3_reset(statement_);
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

void Statement::reset() { sqlite3_reset(statement_); }

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::uint64_t Statement::natural(int column) const {
  return static_cast<std::uint64_t>(integer(column));
}

std::string_view Statement::text(int column) const {
  const auto* data = sqlite3_column_text(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr ? std::string_view{}
                         : std::string_view(reinterpret_cast<const char*>(data),
                                            static_cast<std::size_t>(size));
}

std::string_view Statement::blob(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr
             ? std::string_view{}
             : std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

}  // namespace tocsin::store_sqlite
