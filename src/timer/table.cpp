#include "timer/table.hpp"

#include <algorithm>
#include <cstring>
#include <functional>

namespace tocsin::timer {
namespace {

constexpr std::size_t kFirstSlots = 1024;
// Entries of the queue that are outdated are dropped when they are more than the others by this.
constexpr std::size_t kOutdated = 1'000'000;
constexpr std::chrono::seconds kSoonWithin{1};  // the width of the finest bucket

}  // namespace

Table::Table(SipKey key, Instant base) : key_(key), slots_(kFirstSlots), far_(base) {}

Table::~Table() {
  for (Number number = 0; number < end_; ++number) {
    delete[] node(number).id;
  }
}

std::uint32_t Table::hash_of(std::string_view id) const {
  return static_cast<std::uint32_t>(SipHash<>::of(key_, id));
}

// Where the id is, or would be.
std::size_t Table::slot_of(std::string_view id, std::uint32_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].number != kNone) {
    if (slots_[at].hash == hash && this->id(slots_[at].number) == id) {
      return at;
    }
    at = (at + 1) & mask;
  }
  return at;
}

Table::Number Table::find(std::string_view id) const {
  return slots_[slot_of(id, hash_of(id))].number;
}

Table::Number Table::put(std::string_view id, Instant start, std::int64_t seconds) {
  const std::uint32_t hash = hash_of(id);
  Number number = slots_[slot_of(id, hash)].number;
  if (number == kNone) {
    number = add(id, hash);
  }
  Node& n = node(number);
  n.start_ms = unix_ms(start);
  n.seconds = static_cast<std::uint32_t>(seconds);
  if (n.more) {
    extras_.erase(number);
    n.more = false;
  }
  return number;
}

Table::Number Table::put(const Timer& timer) {
  const Number number = put(timer.id, timer.start, timer.seconds);
  if (timer.announced != Instant{} || timer.told || timer.missed) {
    extras_[number] = {timer.announced, timer.told, timer.grouped, timer.missed};
    node(number).more = true;
  }
  return number;
}

Table::Number Table::add(std::string_view id, std::uint32_t hash) {
  if ((size_ + 1) * 4 > slots_.size() * 3) {
    grow();
  }
  Number number = free_;
  if (number != kNone) {
    free_ = node(number).seconds;
  } else {
    number = end_++;
    if (number / kChunk == chunks_.size()) {
      chunks_.push_back(std::make_unique<Node[]>(kChunk));
    }
  }
  Node& n = node(number);
  clear(n);
  n.id = new char[id.size()];
  std::memcpy(n.id, id.data(), id.size());
  n.id_size = static_cast<std::uint16_t>(id.size());
  n.hash = hash;
  slots_[slot_of(id, hash)] = {hash, number};
  ++size_;
  id_bytes_ += id.size();
  return number;
}

// What the queue holds of the number stays counted.
void Table::clear(Node& node) {
  const std::uint8_t soon = node.soon;
  node = Node{};
  node.soon = soon;
}

void Table::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.number != kNone) {
      std::size_t at = slot.hash & mask;
      while (slots_[at].number != kNone) {
        at = (at + 1) & mask;
      }
      slots_[at] = slot;
    }
  }
}

void Table::erase(Number number) {
  Node& n = node(number);
  const std::size_t mask = slots_.size() - 1;
  std::size_t hole = slot_of(id(number), n.hash);
  // Those behind it that a search would no longer reach move up.
  for (std::size_t at = (hole + 1) & mask; slots_[at].number != kNone; at = (at + 1) & mask) {
    if (((at - slots_[at].hash) & mask) >= ((at - hole) & mask)) {
      slots_[hole] = slots_[at];
      hole = at;
    }
  }
  slots_[hole] = {};
  if (n.more) {
    extras_.erase(number);
  }
  queued_ -= n.stamp != kNotQueued ? 1U : 0U;
  id_bytes_ -= n.id_size;
  --size_;
  delete[] n.id;
  clear(n);
  n.seconds = free_;
  free_ = number;
}

bool Table::used(Number number) const { return number < end_ && node(number).id != nullptr; }

std::string_view Table::id(Number number) const { return {node(number).id, node(number).id_size}; }

Instant Table::deadline(Number number) const {
  const Node& n = node(number);
  return from_unix_ms(n.start_ms) + std::chrono::seconds{n.seconds};
}

bool Table::same_arm(Number number, const Timer& timer) const {
  const Node& n = node(number);
  return n.start_ms == unix_ms(timer.start) && n.seconds == timer.seconds;
}

Timer Table::get(Number number) const {
  const Node& n = node(number);
  Timer out;
  out.id.assign(n.id, n.id_size);
  out.start = from_unix_ms(n.start_ms);
  out.seconds = n.seconds;
  if (n.more) {
    const Extra& extra = extras_.at(number);
    out.announced = extra.announced;
    out.told = extra.told;
    out.grouped = extra.grouped;
    out.missed = extra.missed;
  }
  return out;
}

std::size_t Table::bytes() const {
  return chunks_.size() * kChunk * sizeof(Node) + slots_.capacity() * sizeof(Slot) + id_bytes_ +
         extras_.size() * (sizeof(Extra) + 4 * sizeof(void*)) + far_.bytes() +
         soon_.size() * sizeof(Soon);
}

bool Table::queued(Number number) const { return node(number).stamp != kNotQueued; }

void Table::queue(Number number, Instant now) {
  const Node& n = node(number);
  // An entry that comes too early is looked at and put where it belongs.
  const bool early_enough =
      n.stamp != kNotQueued && n.stamp != kSoon && far_.begin_of(n.stamp) <= deadline(number);
  if (early_enough) {
    return;
  }
  queued_ += n.stamp == kNotQueued ? 1U : 0U;
  enqueue(number, now);
  if (far_.size() > 2 * queued_ + kOutdated) {
    drop_outdated(now);
  }
}

void Table::enqueue(Number number, Instant now) {
  Node& n = node(number);
  const Instant at = deadline(number);
  if (at <= now + kSoonWithin) {
    n.stamp = kSoon;
    push_soon(number, at);
    return;
  }
  n.stamp = far_.stamp_for(at, now);
  far_.add(number, n.stamp);
}

// Beyond so many entries no further one is made: the last of them to come is put where it belongs.
void Table::push_soon(Number number, Instant at) {
  if (node(number).soon < kMostSoon) {
    ++node(number).soon;
    soon_.push({at, number});
  }
}

void Table::drop_outdated(Instant now) {
  far_.clear();
  for (Number number = 0; number < end_; ++number) {
    if (used(number) && queued(number) && node(number).stamp != kSoon) {
      enqueue(number, now);
    }
  }
}

void Table::open_begun(Instant now) {
  begun_.clear();
  far_.take_begun(now, begun_);
  for (const auto& [number, stamp] : begun_) {
    if (used(number) && node(number).stamp == stamp) {
      enqueue(number, now);
    }
  }
}

Table::Number Table::pop_expired(Instant now) {
  open_begun(now);
  while (!soon_.empty() && soon_.top().deadline <= now) {
    const Number number = soon_.top().number;
    soon_.pop();
    Node& n = node(number);
    --n.soon;
    if (!used(number) || n.stamp != kSoon) {
      continue;
    }
    if (deadline(number) > now) {
      // Armed again: another entry stands for it, unless this was the last.
      if (n.soon == 0) {
        enqueue(number, now);
      }
      continue;
    }
    n.stamp = kNotQueued;
    --queued_;
    return number;
  }
  return kNone;
}

std::optional<Instant> Table::next_due() const {
  std::optional<Instant> next = far_.next();
  if (!soon_.empty()) {
    next = std::min(next.value_or(soon_.top().deadline), soon_.top().deadline);
  }
  return next;
}

}  // namespace tocsin::timer
