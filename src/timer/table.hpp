#pragma once
// All timers of a process in memory, about 100 bytes each: by id, by number, by deadline. Passive;
// one thread. Nothing in it is durable: the store fills it.

#include <cstdint>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/siphash.hpp"
#include "base/time.hpp"
#include "timer/due_queue.hpp"
#include "timer/timer.hpp"

namespace tocsin::timer {

class Table {
 public:
  using Number = std::uint32_t;
  static constexpr Number kNone = UINT32_MAX;

  // `key` makes the table's order unpredictable; `base` as in DueQueue.
  Table(SipKey key, Instant base);
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  // Numbers stay the same while the timer is there, and are used again afterwards.
  [[nodiscard]] Number find(std::string_view id) const;
  // Adds it or replaces the one of the same id. Leaves the queue alone.
  Number put(std::string_view id, Instant start, std::int64_t seconds);
  Number put(const Timer& timer);
  void erase(Number number);

  [[nodiscard]] bool used(Number number) const;
  [[nodiscard]] Timer get(Number number) const;
  [[nodiscard]] std::string_view id(Number number) const;
  [[nodiscard]] Instant deadline(Number number) const;
  // Whether it is of this arm; the id is not looked at.
  [[nodiscard]] bool same_arm(Number number, const Timer& timer) const;
  // One past the highest number ever used: for walking through all.
  [[nodiscard]] Number end() const { return end_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t bytes() const;
  // Whether more is known of it than its arm: an announcement, made or to be taken back.
  [[nodiscard]] bool extended(Number number) const { return node(number).more; }

  // --- Those whose expiry somebody waits for. ---
  // From now on pop_expired() hands it out when its deadline has passed. Safe to repeat.
  void queue(Number number, Instant now);
  [[nodiscard]] bool queued(Number number) const;
  // The earliest that expired, once; kNone: none has. It is no longer queued.
  [[nodiscard]] Number pop_expired(Instant now);
  // Not after the first deadline that is queued.
  [[nodiscard]] std::optional<Instant> next_due() const;

 private:
  struct Node {
    std::int64_t start_ms = 0;
    char* id = nullptr;  // null: the node is free, and `seconds` the next free one
    std::uint32_t seconds = 0;
    Stamp stamp = kNotQueued;
    std::uint32_t hash = 0;
    std::uint16_t id_size = 0;
    bool more = false;      // extras_ knows more of it
    std::uint8_t soon = 0;  // its entries in soon_, whoever had the number when they were made
  };
  // What only those have that expired and were told of.
  struct Extra {
    Instant announced{};
    bool told = false;
    bool grouped = false;
    std::optional<Missed> missed;
  };
  struct Slot {
    std::uint32_t hash = 0;
    Number number = kNone;
  };
  struct Soon {
    Instant deadline;
    Number number;
    bool operator>(const Soon& other) const {
      return deadline != other.deadline ? deadline > other.deadline : number > other.number;
    }
  };
  static constexpr std::size_t kChunk = 4096;
  static constexpr Stamp kSoon = UINT32_MAX;
  static constexpr std::uint8_t kMostSoon = UINT8_MAX;

  [[nodiscard]] Node& node(Number number) { return chunks_[number / kChunk][number % kChunk]; }
  [[nodiscard]] const Node& node(Number number) const {
    return chunks_[number / kChunk][number % kChunk];
  }
  [[nodiscard]] std::uint32_t hash_of(std::string_view id) const;
  [[nodiscard]] std::size_t slot_of(std::string_view id, std::uint32_t hash) const;
  [[nodiscard]] Number add(std::string_view id, std::uint32_t hash);
  void grow();
  static void clear(Node& node);
  void open_begun(Instant now);
  void enqueue(Number number, Instant now);
  void push_soon(Number number, Instant at);
  void drop_outdated(Instant now);

  SipKey key_;
  std::vector<std::unique_ptr<Node[]>> chunks_;
  std::vector<Slot> slots_;  // open addressing, a power of two
  std::unordered_map<Number, Extra> extras_;
  std::size_t size_ = 0;
  std::size_t id_bytes_ = 0;
  Number end_ = 0;
  Number free_ = kNone;

  DueQueue far_;
  std::priority_queue<Soon, std::vector<Soon>, std::greater<>> soon_;
  std::size_t queued_ = 0;
  std::vector<DueQueue::Entry> begun_;
};

}  // namespace tocsin::timer
