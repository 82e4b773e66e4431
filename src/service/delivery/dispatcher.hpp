#pragma once
// Brings notifications to their channels and sinks: keeps a line for each, lets the courier carry
// what may go, records what arrived. A channel that fails slows no other. Loop thread only; the
// ports outlive it; answers that come after its end are ignored.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alert/event.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "notification/outlet.hpp"
#include "ports/courier.hpp"
#include "ports/loop.hpp"
#include "ports/store.hpp"
#include "service/delivery/line.hpp"
#include "service/delivery/threads.hpp"

namespace tocsin::service {

// What happened to one channel or sink since the start.
struct OutletStats {
  std::uint64_t delivered = 0;  // rows
  std::uint64_t messages = 0;   // that carried them
  std::uint64_t late = 0;       // rows delivered that said that they are late
  std::uint64_t grouped = 0;    // rows delivered together with others in one message
  std::uint64_t failures = 0;   // attempts
  std::uint64_t retries = 0;    // attempts that repeated one
  std::uint64_t dropped = 0;    // rows given up
  Milliseconds last_delay{0};   // from a row's creation to its delivery
};

// One row as people see it.
struct WaitingView {
  std::uint64_t number = 0;  // of its channel: rises with every row
  const ports::OutboxRow* row = nullptr;
  unsigned attempts = 0;
  std::string_view error;       // of the last attempt; "" none yet
  bool under_way = false;       // is being sent now
  Milliseconds next_try_in{0};  // 0: as soon as it is its turn
};

// A place in the list of what waits: behind this row of this channel.
struct WaitingPlace {
  std::string outlet;
  std::uint64_t number = 0;
};

struct OutletView {
  std::string_view name;
  std::string_view type;  // "" when the configuration does not know it
  bool sink = false;
  std::uint64_t waiting = 0;  // rows, those under way included
  Instant oldest{};           // creation of the oldest that waits; epoch 0: none
  Line::Health health;
  Milliseconds next_try_in{0};
  OutletStats stats;
};

class Dispatcher {
 public:
  struct Ports {
    const ports::Clock& clock;
    ports::Loop& loop;
    ports::Courier& courier;
    Logger& log;
  };
  struct Hooks {
    // Makes durable what was delivered: only `delivered`, `threads`, `ended_threads`.
    std::function<void(ports::WriteBatch)> record;
    // Rows were given up: which channel, how many, why, and the first of them.
    std::function<void(std::string_view outlet, std::size_t rows, const std::string& why,
                       const ports::OutboxRow& first)>
        lost;
  };
  struct Bounds {
    std::size_t rows = 100'000;  // of all channels together, and of all sinks
    std::uint64_t bytes = std::uint64_t{1} << 30U;
  };

  Dispatcher(Ports ports, Hooks hooks, Bounds bounds, std::uint64_t seed);
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // At the start and on reload, which tries everything that waits again.
  void set_outlets(const std::vector<std::shared_ptr<const notification::Outlet>>& channels,
                   const std::vector<std::shared_ptr<const notification::Outlet>>& sinks);
  // What the store holds from before; call before deliver().
  void resume(std::vector<ports::ThreadRow> threads);

  // Rows that may leave: they are durable, or in the journal.
  void deliver(std::vector<ports::OutboxRow> rows);
  // Gives up what has waited for a day for a channel that the configuration does not have. Nothing
  // else would: without attempts there are no failures. Every second or so.
  void expire();
  // Starts nothing more; `done` when what is under way has come back, so that it is not sent again
  // by the next process.
  void stop(std::move_only_function<void()> done);

  // --- For people. ---
  [[nodiscard]] std::vector<OutletView> outlets() const;
  // What waits for `outlet` ("" for all) behind `after`, what is under way included: by name of the
  // channel, then oldest first.
  void visit_waiting(std::string_view outlet, const WaitingPlace& after, std::size_t most,
                     const std::function<void(const WaitingView&)>& visit) const;
  // Tries at once. not_found: no such channel or sink.
  [[nodiscard]] Result<void> retry(std::string_view outlet);
  // Gives up what waits: one row by its key, or all of an outlet. How many rows; not_found.
  [[nodiscard]] Result<std::size_t> drop_key(const std::string& key);
  [[nodiscard]] Result<std::size_t> drop_all(std::string_view outlet);

  struct Tested {
    bool delivered = false;
    std::string verdict;  // for people
    notification::Answer answer;
  };
  using TestDone = std::move_only_function<void(Result<Tested>)>;
  // Sends one event now, outside the line, once; the other side's answer. Errors: not_found;
  // cancelled when it is being taken down.
  void test(std::string_view outlet, alert::Event event, TestDone done);
  // The steps that would be taken for one event. not_found.
  [[nodiscard]] Result<std::vector<notification::Step>> preview(std::string_view outlet,
                                                                alert::Event event) const;

  [[nodiscard]] std::size_t waiting() const;

 private:
  struct Desk {  // one outlet
    Line line{nullptr};
    OutletStats stats;
    bool sink = false;
  };
  struct Flight {
    std::string desk;
    std::shared_ptr<const notification::Outlet> outlet;
    std::unique_ptr<Consignment> consignment;
    notification::Message message;
    std::optional<notification::Earlier> earlier;
    notification::Work work;
  };

  Desk& desk_of(const ports::OutboxRow& row);
  [[nodiscard]] std::string group_of(const Line& line, const ports::OutboxRow& row) const;
  void pump(const std::string& name);
  void arm();
  void wake();
  void begin(const std::string& name, std::unique_ptr<Consignment> consignment);
  void format_then_carry(std::uint64_t id);
  void prepare(Flight& flight);
  void carry(std::uint64_t id);
  void answered(std::uint64_t id, const notification::Answer& answer);
  void arrived(Flight flight);
  void failed(Flight flight, const notification::Verdict& verdict);
  void remember_threads(const Flight& flight, ports::WriteBatch& batch);
  void remember_thread(const Flight& flight, const alert::Event& event,
                       const std::string& reference, ports::WriteBatch& batch);
  void finish_stop();
  void give_up(const std::string& name, std::vector<ports::OutboxRow> rows, const std::string& why);
  void give_up_expired(const std::string& name, const std::string& why);
  void keep_bounds(bool sink);
  [[nodiscard]] std::optional<notification::Earlier> earlier_of(
      const notification::Outlet& outlet, const notification::Message& message) const;
  [[nodiscard]] std::vector<notification::Over> over_with(
      const notification::Outlet& outlet, const notification::Message& message) const;
  [[nodiscard]] const Desk* find(std::string_view name) const;
  void collect_waiting(const std::string& name, const Desk& desk, std::uint64_t after,
                       std::size_t most, std::vector<WaitingView>& out) const;
  static ports::Carriage carriage_of(const notification::Outlet& outlet);
  using OutletPtr = std::shared_ptr<const notification::Outlet>;
  static void send_test(ports::Courier& courier, const OutletPtr& outlet,
                        const notification::Message& message, std::string note, TestDone done);

  Ports ports_;
  Hooks hooks_;
  Bounds bounds_;
  Random random_;
  std::map<std::string, Desk, std::less<>> desks_;
  std::map<std::uint64_t, Flight> flights_;
  std::uint64_t next_flight_ = 1;
  Threads threads_;
  ports::TimerId timer_ = 0;
  MonoTime armed_for_{};
  bool stopping_ = false;
  std::move_only_function<void()> stopped_;
  std::shared_ptr<int> alive_;  // callbacks hold it weakly
};

}  // namespace tocsin::service
