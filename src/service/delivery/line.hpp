#pragma once
// What waits for one channel or sink, and which of it may go next: order per monitor, grouping,
// limits, back-off. Passive: time comes in, nothing is sent from here. Loop thread only.
//
// - Of one monitor, what was written first goes first; nothing of it overtakes.
// - Grouping: the first of a group leaves at once; what follows within group_wait leaves together.
// - A group whose name begins with kApart is one story, told by itself. Only in a flood, when more
//   than a few of them have waited for a minute, they leave together.
// - A consignment that failed is tried again as it is, under the same key, so that the other side
// can
//   tell a repetition. While it waits, other monitors' notifications go on; while the whole channel
//   fails, one at a time asks whether it is back.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "base/time.hpp"
#include "notification/outlet.hpp"
#include "ports/store.hpp"
#include "service/delivery/rate_limit.hpp"

namespace tocsin::service {

// Notifications that leave together.
struct Consignment {
  std::string key;  // the same at every attempt
  std::vector<ports::OutboxRow> rows;
  std::vector<std::uint64_t> numbers;  // of the rows, in their line
  unsigned attempts = 0;
  unsigned failures_alone = 0;  // while the channel was well otherwise
  MonoTime not_before{};
  std::string error;  // of the last attempt
  std::size_t next_step = 0;
  std::string reference;  // notification::Verdict::reference of its steps so far
  std::optional<std::string> formatted;
};

inline constexpr char kApart = '!';

class Line {
 public:
  // What a row is grouped by; "" for all alike.
  using GroupOf = std::function<std::string(const ports::OutboxRow&)>;

  explicit Line(std::shared_ptr<const notification::Outlet> outlet);

  // Null: the configuration does not know it (any more); rows wait until it does.
  void set_outlet(std::shared_ptr<const notification::Outlet> outlet);
  [[nodiscard]] const std::shared_ptr<const notification::Outlet>& outlet() const {
    return outlet_;
  }

  // `since`: when the row came about, which may be before `now`.
  void add(ports::OutboxRow row, std::string group, MonoTime now, MonoTime since);

  // The next that may go now, taken out of the waiting; nullptr when none may. It must come back
  // through exactly one of the calls below.
  [[nodiscard]] std::unique_ptr<Consignment> next(MonoTime now);
  // When next() may have something; nullopt: not before something is added or comes back.
  [[nodiscard]] std::optional<MonoTime> wake_at(MonoTime now) const;

  void delivered(const Consignment& consignment, MonoTime now);
  void retry(std::unique_ptr<Consignment> consignment, std::optional<Milliseconds> retry_after,
             std::string error, MonoTime now, Random& random);
  // Nothing gets through here: asked again every 10 minutes. Of one that is refused again although
  // others were taken meanwhile, only that one waits.
  void channel_failed(std::unique_ptr<Consignment> consignment, std::string error, MonoTime now);
  // Its rows are given up. Unlike after delivered() the channel is not known to be well.
  void dropped(const Consignment& consignment);
  // Its rows go one by one from now on: one of them makes the whole fail.
  void take_apart(std::unique_ptr<Consignment> consignment, MonoTime now);

  // What a monitor's waiting rows are grouped by has changed.
  void regroup(const std::string& monitor, const GroupOf& group_of);
  // What everything that waits is grouped by has changed.
  void regroup(const GroupOf& group_of);
  // Somebody changed something: try at once.
  void kick(MonoTime now);
  // Takes out rows that wait (not those under way) and that `wanted` picks, at most `most`, oldest
  // first.
  using Wanted = std::function<bool(const ports::OutboxRow&)>;
  [[nodiscard]] std::vector<ports::OutboxRow> take_waiting(const Wanted& wanted, std::size_t most);

  struct Health {
    bool failing = false;  // the last attempt failed
    bool refused = false;  // by a channel error
    unsigned failures = 0;
    MonoTime since{};  // of failing
    MonoTime next_try{};
    std::string error;
  };
  [[nodiscard]] const Health& health() const { return health_; }

  [[nodiscard]] std::size_t size() const { return rows_; }  // waiting and under way
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t under_way() const { return under_way_; }

  struct RowView {
    std::uint64_t number = 0;  // of this line: rises with every row that is added
    const ports::OutboxRow* row = nullptr;
    const Consignment* consignment = nullptr;  // of one that failed before; null: not tried yet
  };
  // What waits beyond the number `after`, oldest first, at most `most`. Rows under way are not in
  // it.
  void visit_waiting(std::uint64_t after, std::size_t most,
                     const std::function<void(const RowView&)>& visit) const;

 private:
  struct Waiting {
    ports::OutboxRow row;
    std::string group;
    MonoTime added{};
    MonoTime since{};
    bool alone = false;
  };
  struct Group {
    MonoTime window_end{};
    std::set<std::uint64_t> heads;  // first of its monitor, free to go
  };
  using Queue = std::deque<std::uint64_t>;

  [[nodiscard]] std::unique_ptr<Consignment> next_again(MonoTime now);
  [[nodiscard]] std::unique_ptr<Consignment> next_new(MonoTime now);
  [[nodiscard]] bool takes_many() const;
  [[nodiscard]] std::vector<std::uint64_t> choose(const Group& group, MonoTime now) const;
  [[nodiscard]] std::vector<std::uint64_t> choose_flood(MonoTime now) const;
  // Adds what follows the head in its monitor's queue as long as it belongs to it.
  void choose_from(std::uint64_t head, bool apart, std::size_t most,
                   std::vector<std::uint64_t>& out) const;
  void take(const std::vector<std::uint64_t>& numbers, Consignment& out);
  void take_from(Consignment& consignment, const Wanted& wanted,
                 std::vector<ports::OutboxRow>& out);
  void offer_head(const std::string& monitor);
  void withdraw_head(const std::string& monitor);
  void schedule_group(const std::string& name, Group& group);
  void release(const Consignment& consignment);
  void put_back(ports::OutboxRow row, std::uint64_t number, std::string group, MonoTime now);
  void note_failure(std::string error, MonoTime now, Milliseconds delay);

  std::shared_ptr<const notification::Outlet> outlet_;
  RateLimit rate_{0, Milliseconds{1000}};
  std::uint64_t next_number_ = 1;
  std::map<std::uint64_t, Waiting> waiting_;
  std::map<std::string, Queue, std::less<>> queues_;  // numbers waiting, by monitor
  std::set<std::string, std::less<>> blocked_;        // monitors with something under way
  std::map<std::string, Group, std::less<>> groups_;
  std::set<std::pair<MonoTime, std::string>> due_groups_;  // those with heads, by window_end
  std::vector<std::unique_ptr<Consignment>> again_;        // failed, to be tried again
  std::map<std::uint64_t, std::string> group_names_;       // of rows under way
  std::size_t rows_ = 0;
  std::uint64_t bytes_ = 0;
  std::size_t under_way_ = 0;
  Health health_;
};

}  // namespace tocsin::service
