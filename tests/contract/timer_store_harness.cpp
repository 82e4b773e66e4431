#include "contract/timer_store_harness.hpp"

#include <algorithm>

#include "support/memory_timer_store.hpp"

namespace tocsin::test {
namespace {

class MemoryBackend final : public TimerBackend {
 public:
  ports::TimerStore& open(PumpLoop& loop, const Options& options) override {
    store_ = std::make_unique<MemoryTimerStore>(
        loop, loop, kept_, MemoryTimerStore::Options{options.max_timers, options.keep_expired});
    return *store_;
  }
  void break_store() override { store_->refuse(true); }
  void heal() override { store_->refuse(false); }

 private:
  MemoryTimers kept_;
  std::unique_ptr<MemoryTimerStore> store_;
};

}  // namespace

std::unique_ptr<TimerBackend> make_memory_timers() { return std::make_unique<MemoryBackend>(); }

Result<ports::Armed> arm(PumpLoop& loop, ports::TimerStore& store, std::string_view id,
                         std::int64_t seconds) {
  return ask<ports::Armed>(loop, [&](auto answer) { store.arm(id, seconds, std::move(answer)); });
}

Result<std::optional<timer::Timer>> find(PumpLoop& loop, ports::TimerStore& store,
                                         std::string_view id) {
  return ask<std::optional<timer::Timer>>(loop,
                                          [&](auto answer) { store.find(id, std::move(answer)); });
}

Result<std::optional<timer::Timer>> disarm(PumpLoop& loop, ports::TimerStore& store,
                                           std::string_view id) {
  return ask<std::optional<timer::Timer>>(
      loop, [&](auto answer) { store.disarm(id, std::move(answer)); });
}

std::vector<timer::Timer> list_all(PumpLoop& loop, ports::TimerStore& store,
                                   const std::string& prefix, std::size_t page) {
  std::vector<timer::Timer> all;
  ports::TimerQuery query{prefix, "", page};
  do {
    auto got =
        ask<ports::TimerPage>(loop, [&](auto answer) { store.list(query, std::move(answer)); });
    if (!got) {
      return {};
    }
    std::ranges::move(got->timers, std::back_inserter(all));
    query.cursor = got->next;
  } while (!query.cursor.empty());
  std::ranges::sort(all, {}, &timer::Timer::id);
  return all;
}

std::vector<timer::Timer> take_due(PumpLoop& loop, ports::TimerStore& store, std::size_t limit) {
  return ask<std::vector<timer::Timer>>(
             loop, [&](auto answer) { store.take_due(limit, std::move(answer)); })
      .value_or(std::vector<timer::Timer>{});
}

std::vector<bool> mark(PumpLoop& loop, ports::TimerStore& store,
                       std::vector<ports::TimerMark> marks) {
  return ask<std::vector<bool>>(
             loop, [&](auto answer) { store.mark(std::move(marks), std::move(answer)); })
      .value_or(std::vector<bool>{});
}

}  // namespace tocsin::test
