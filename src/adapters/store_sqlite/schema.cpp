#include "adapters/store_sqlite/schema.hpp"

#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>

namespace tocsin::store_sqlite {
namespace {

// Forward only; a released entry never changes. Entry N brings version N to N + 1.
constexpr std::array<const char*, 5> kMigrations{// 1: monitors, their history, events, outbox.
                                                 R"sql(
CREATE TABLE meta (
  id      INTEGER PRIMARY KEY CHECK (id = 1),
  commits INTEGER NOT NULL,
  keep    INTEGER NOT NULL
);
INSERT INTO meta VALUES (1, 0, 0);

CREATE TABLE monitors (
  id                INTEGER PRIMARY KEY,
  name              TEXT    NOT NULL UNIQUE,
  kind              TEXT    NOT NULL,
  state             TEXT    NOT NULL,
  reason            TEXT    NOT NULL,
  since             INTEGER NOT NULL,
  incident_opened   INTEGER NOT NULL,
  first_failure     INTEGER NOT NULL,
  first_success     INTEGER NOT NULL,
  known_count       INTEGER NOT NULL,
  failures          INTEGER NOT NULL,
  ups_in_row        INTEGER NOT NULL,
  unknowns_in_row   INTEGER NOT NULL,
  paused            INTEGER NOT NULL,
  accounted_until   INTEGER NOT NULL,
  outcome_count     INTEGER NOT NULL,
  last_started      INTEGER NOT NULL,
  counters          TEXT    NOT NULL,
  buckets           TEXT    NOT NULL,
  last_json         TEXT    NOT NULL
);

CREATE TABLE outcomes (
  id       INTEGER PRIMARY KEY,
  sequence INTEGER NOT NULL,
  json     TEXT    NOT NULL
);

CREATE TABLE rollups (
  monitor         INTEGER NOT NULL,
  level           INTEGER NOT NULL,
  start           INTEGER NOT NULL,
  up              INTEGER NOT NULL,
  down            INTEGER NOT NULL,
  unknown         INTEGER NOT NULL,
  duration_us_sum INTEGER NOT NULL,
  duration_us_max INTEGER NOT NULL,
  PRIMARY KEY (monitor, level, start)
) WITHOUT ROWID;

CREATE TABLE events (
  sequence INTEGER PRIMARY KEY,
  id       TEXT    NOT NULL UNIQUE,
  monitor  TEXT    NOT NULL,
  type     TEXT    NOT NULL,
  at       INTEGER NOT NULL,
  json     TEXT    NOT NULL
);
CREATE INDEX events_by_monitor ON events (monitor, id);
CREATE INDEX events_by_type ON events (type, id);
CREATE INDEX events_by_time ON events (at);

CREATE TABLE outbox (
  sequence INTEGER PRIMARY KEY,
  key      TEXT    NOT NULL UNIQUE,
  target   TEXT    NOT NULL,
  sink     INTEGER NOT NULL,
  monitor  TEXT    NOT NULL,
  event_id TEXT    NOT NULL,
  created  INTEGER NOT NULL,
  payload  TEXT    NOT NULL
);
)sql",
                                                 // 2: who was told of what, and who is silenced.
                                                 R"sql(
ALTER TABLE monitors ADD COLUMN alerting TEXT NOT NULL DEFAULT '';

CREATE TABLE threads (
  channel   TEXT    NOT NULL,
  incident  TEXT    NOT NULL,
  reference TEXT    NOT NULL,
  content   TEXT    NOT NULL,
  created   INTEGER NOT NULL,
  PRIMARY KEY (channel, incident)
) WITHOUT ROWID;

CREATE TABLE silences (
  id   TEXT PRIMARY KEY,
  json TEXT NOT NULL
) WITHOUT ROWID;
)sql",
                                                 // 3: outcomes in the order in which they came,
                                                 // no longer a ring of rows per monitor.
                                                 R"sql(
ALTER TABLE outcomes RENAME TO rings;
CREATE TABLE outcomes (
  id       INTEGER PRIMARY KEY,
  monitor  INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  json     TEXT    NOT NULL
);
-- Monitor by monitor, so that nothing large is sorted; rows are numbered as they come.
INSERT INTO outcomes (monitor, sequence, json)
  SELECT m.id, r.sequence, r.json
  FROM monitors m CROSS JOIN rings r ON r.id >= m.id << 32 AND r.id < (m.id + 1) << 32
  ORDER BY m.id, r.sequence;
ALTER TABLE monitors ADD COLUMN recent TEXT NOT NULL DEFAULT '';
UPDATE monitors
  SET recent = '1 ' || newest || ' ' || last || replace(hex(zeroblob(kept - 1)), '00', ' 1')
  FROM (
    SELECT id, newest, kept, sum(kept) OVER (ORDER BY id) AS last FROM (
      SELECT m.id AS id,
             (SELECT max(sequence) FROM rings WHERE id >= m.id << 32 AND id < (m.id + 1) << 32)
               AS newest,
             (SELECT count(*) FROM rings WHERE id >= m.id << 32 AND id < (m.id + 1) << 32) AS kept
      FROM monitors m)) AS lists
  WHERE lists.id = monitors.id AND kept > 0;
DROP TABLE rings;
ALTER TABLE meta DROP COLUMN keep;
)sql",
                                                 // 4: heartbeats.
                                                 R"sql(
ALTER TABLE monitors ADD COLUMN heartbeat TEXT NOT NULL DEFAULT '';
)sql",
                                                 // 5: deployments, memos.
                                                 R"sql(
CREATE TABLE deployments (
  monitor TEXT    NOT NULL,
  id      TEXT    NOT NULL,
  created INTEGER NOT NULL,
  json    TEXT    NOT NULL,
  PRIMARY KEY (monitor, id)
);
CREATE INDEX deployments_by_monitor ON deployments (monitor, created, id);
CREATE INDEX deployments_by_time ON deployments (created);
CREATE TABLE memos (
  name TEXT PRIMARY KEY,
  text TEXT NOT NULL
) WITHOUT ROWID;
)sql"};

// The timers' log: entries of timer_log.hpp in order of their making, many to a row.
constexpr std::array<const char*, 1> kTimerMigrations{R"sql(
CREATE TABLE clock (
  id           INTEGER PRIMARY KEY CHECK (id = 1),
  lead_ms      INTEGER NOT NULL,
  looked_until INTEGER NOT NULL
);
INSERT INTO clock VALUES (1, 0, 0);

CREATE TABLE log (
  sequence INTEGER PRIMARY KEY,
  entries  BLOB NOT NULL
);
)sql"};

constexpr Schema kStoreSchema{0x546f6373, "store.sqlite.path", kMigrations};              // "Tocs"
constexpr Schema kTimerSchema{0x546f6374, "timers.store.sqlite.path", kTimerMigrations};  // "Toct"

Result<void> apply(Connection& connection, const Schema& schema, std::int64_t version) {
  const std::string script = fmt::format(
      "BEGIN IMMEDIATE; {}; PRAGMA application_id = {}; PRAGMA user_version = {}; COMMIT",
      schema.migrations[static_cast<std::size_t>(version)], schema.application_id, version + 1);
  auto done = connection.run(script.c_str());
  if (!done) {
    static_cast<void>(connection.run("ROLLBACK"));
    return std::unexpected(std::move(done).error().with(fmt::format(
        "cannot bring the store's schema from version {} to {}", version, version + 1)));
  }
  return {};
}

// The version of a file that is ours or empty.
Result<std::int64_t> check_owner(Connection& connection, const Schema& schema) {
  auto version = connection.number("PRAGMA user_version");
  if (!version) {
    if (version.error().code == ErrorCode::invalid) {
      version.error().message += fmt::format(
          "; it is damaged or not a Tocsin store: move it away, restore a backup, or name another "
          "file in {}",
          schema.setting);
    }
    return version;
  }
  const auto owner = connection.number("PRAGMA application_id");
  if (!owner) {
    return owner;
  }
  const auto tables = connection.number("SELECT count(*) FROM sqlite_schema");
  if (!tables) {
    return tables;
  }
  if (*owner != schema.application_id && (*owner != 0 || *version != 0 || *tables != 0)) {
    return fail(ErrorCode::invalid,
                fmt::format("{} is a database of another program; name another file in {}",
                            connection.path(), schema.setting));
  }
  if (*version > schema.version()) {
    return fail(ErrorCode::invalid,
                fmt::format("{} was written by a newer Tocsin (schema {}, this program knows up to "
                            "{}); start that version, or restore a backup made before the upgrade",
                            connection.path(), *version, schema.version()));
  }
  return version;
}

}  // namespace

const Schema& store_schema() { return kStoreSchema; }

const Schema& timer_schema() { return kTimerSchema; }

Result<void> configure_writer(Connection& connection) {
  const auto mode = connection.text("PRAGMA journal_mode = WAL");
  if (!mode) {
    return std::unexpected(mode.error());
  }
  if (*mode != "wal") {
    return fail(ErrorCode::unavailable,
                fmt::format("{}: its file system cannot hold a write-ahead log (journal mode stays "
                            "{}); put the store on a local disk",
                            connection.path(), *mode));
  }
  // The log is cut back to 64 MiB after a burst; 4000 pages are 16 MiB between checkpoints.
  return connection.run(
      "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864; "
      "PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY");
}

Result<void> prepare_schema(Connection& connection, const Schema& schema) {
  auto version = check_owner(connection, schema);
  if (!version) {
    return std::unexpected(std::move(version).error());
  }
  if (auto configured = configure_writer(connection); !configured) {
    return configured;
  }
  for (std::int64_t from = *version; from < schema.version(); ++from) {
    if (auto applied = apply(connection, schema, from); !applied) {
      return applied;
    }
  }
  return {};
}

}  // namespace tocsin::store_sqlite
