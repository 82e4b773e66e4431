#pragma once
// Notifications that are delivered from memory while the store refuses: kept until they are in the
// store or delivered, whichever comes first. Loop thread only.

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ports/store.hpp"

namespace tocsin::service {

class OutboxJournal {
 public:
  explicit OutboxJournal(std::size_t bound) : bound_(bound) {}

  // False when there is no room: the row is delivered all the same, but a kill loses it.
  bool add(const ports::OutboxRow& row) {
    if (rows_.size() >= bound_) {
      return false;
    }
    if (numbers_.emplace(row.key, next_).second) {
      rows_.emplace(next_++, row);
    }
    return true;
  }

  // The row was delivered. False when it is not here.
  bool remove(const std::string& key) {
    const auto found = numbers_.find(key);
    if (found == numbers_.end()) {
      return false;
    }
    rows_.erase(found->second);
    numbers_.erase(found);
    return true;
  }

  // All rows, in the order in which they came; nothing is left.
  [[nodiscard]] std::vector<ports::OutboxRow> take() {
    std::vector<ports::OutboxRow> out;
    out.reserve(rows_.size());
    for (auto& [number, row] : rows_) {
      out.push_back(std::move(row));
    }
    rows_.clear();
    numbers_.clear();
    return out;
  }

  // Puts rows that were taken back in front of what came since. Costs what it puts back, however
  // much waits: a store that refuses is asked every second.
  void give_back(std::vector<ports::OutboxRow> rows) {
    for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
      remove(row->key);  // the same notification, handed over again meanwhile
      numbers_.emplace(row->key, --first_);
      rows_.emplace(first_, std::move(*row));
    }
  }

  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }

 private:
  std::size_t bound_;
  // Places in the queue: [first_, next_) holds all that is here.
  std::int64_t first_ = 0;
  std::int64_t next_ = 0;
  std::map<std::int64_t, ports::OutboxRow> rows_;
  std::unordered_map<std::string, std::int64_t> numbers_;  // looked up only
};

}  // namespace tocsin::service
