#pragma once
// Declarative tables of the keys that an object may have. One row per key: decoding, unknown keys
// with near misses, layering over defaults, the JSON Schema and the check that docs name every key
// all come from it, so a key is added in one place.

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/decoder.hpp"

namespace tocsin::config {

// What a row says about itself, whatever it decodes into.
struct FieldDoc {
  std::string_view name;
  std::string_view doc;     // one sentence
  std::string_view schema;  // JSON Schema of the value; `{"$ref":"#/$defs/duration"}`
};

template <typename T>
struct Field {
  FieldDoc doc;
  void (*decode)(Decoder&, const Node&, T&) = nullptr;
  // Copies the value of this row alone: how a monitor is laid over its defaults.
  void (*copy)(const T& from, T& to) = nullptr;
};

template <typename T>
struct Table {
  std::span<const Field<T>> fields;
  std::span<const std::string_view> later;  // keys of releases to come
};

// Values of T with which rows were given.
template <typename T>
struct Draft {
  T value{};
  std::uint64_t given = 0;   // bit i: row i
  std::uint64_t failed = 0;  // of these: whose value is wrong, which is reported
};

// A row whose value `Access(object)` refers to, decoded by `Decode(decoder, node) -> optional`.
template <typename T, auto Access, auto Decode>
constexpr Field<T> field(std::string_view name, std::string_view doc, std::string_view schema) {
  return {{name, doc, schema},
          [](Decoder& d, const Node& node, T& object) {
            if (auto value = Decode(d, node)) Access(object) = std::move(*value);
          },
          [](const T& from, T& to) { Access(to) = Access(from); }};
}

// Reports a key that no table knows, with the nearest that one does.
void unknown_key(Decoder& d, const NodeEntry& entry, std::span<const std::string_view> known);
// Reports a key that this version does not have yet.
void later_key(Decoder& d, const NodeEntry& entry);
// False, with an error, when the node is not a map. An empty value counts as an empty map.
[[nodiscard]] bool require_map(Decoder& d, const Node& node);
// The same where a value may be a secret in the wrong place: it is not shown.
[[nodiscard]] bool require_secret_map(Decoder& d, const Node& node);

template <typename T>
[[nodiscard]] bool decode_entry(Decoder& d, const NodeEntry& entry, const Table<T>& table,
                                Draft<T>& out) {
  for (std::size_t i = 0; i < table.fields.size(); ++i) {
    if (table.fields[i].doc.name != entry.key) continue;
    const auto scope = d.enter(entry.key);
    const std::uint64_t bit = std::uint64_t{1} << i;
    const std::size_t before = d.errors();
    table.fields[i].decode(d, entry.value, out.value);
    out.given |= bit;
    if (d.errors() > before) out.failed |= bit;
    return true;
  }
  for (const std::string_view name : table.later) {
    if (name != entry.key) continue;
    later_key(d, entry);
    return true;
  }
  return false;
}

template <typename T>
void add_names(const Table<T>& table, std::vector<std::string_view>& names) {
  for (const Field<T>& row : table.fields) names.push_back(row.doc.name);
}

template <typename T>
void add_docs(const Table<T>& table, std::vector<FieldDoc>& docs) {
  for (const Field<T>& row : table.fields) docs.push_back(row.doc);
}

// Decodes a map whose keys come from one table.
template <typename T>
void decode_object(Decoder& d, const Node& node, const Table<T>& table, Draft<T>& out) {
  if (!require_map(d, node)) return;
  for (const NodeEntry& entry : node.entries) {
    if (decode_entry(d, entry, table, out)) continue;
    std::vector<std::string_view> names;
    add_names(table, names);
    unknown_key(d, entry, names);
  }
}

// Lays what `from` was given over `to`.
template <typename T>
void overlay(const Table<T>& table, const Draft<T>& from, Draft<T>& to) {
  for (std::size_t i = 0; i < table.fields.size(); ++i) {
    const std::uint64_t bit = std::uint64_t{1} << i;
    if ((from.given & bit) == 0) continue;
    table.fields[i].copy(from.value, to.value);
    to.given |= bit;
    to.failed = (to.failed & ~bit) | (from.failed & bit);
  }
}

// The bit of a row in `given` and `failed`; 0 when there is none of this name.
template <typename T>
[[nodiscard]] std::uint64_t bit_of(const Table<T>& table, std::string_view name) {
  for (std::size_t i = 0; i < table.fields.size(); ++i) {
    if (table.fields[i].doc.name == name) return std::uint64_t{1} << i;
  }
  return 0;
}

template <typename T>
[[nodiscard]] bool given(const Table<T>& table, const Draft<T>& draft, std::string_view name) {
  return (draft.given & bit_of(table, name)) != 0;
}

// Given, with a value that is wrong.
template <typename T>
[[nodiscard]] bool failed(const Table<T>& table, const Draft<T>& draft, std::string_view name) {
  return (draft.failed & bit_of(table, name)) != 0;
}

}  // namespace tocsin::config
