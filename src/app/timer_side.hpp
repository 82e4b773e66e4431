#pragma once
// The timers of a process, connected: their loop on a thread of its own, their store, their
// listener, and what crosses to the main loop. Everything here is called on the main loop.

#include <functional>
#include <memory>
#include <thread>

#include "adapters/clock_system/clock_system.hpp"
#include "app/dynamodb_timers.hpp"
#include "app/network.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "config/model.hpp"
#include "ports/store.hpp"
#include "ports/timer_store.hpp"
#include "service/timers/expiry_teller.hpp"
#include "service/timers/timer_desk.hpp"
#include "service/watch.hpp"
#include "web/timer_calls.hpp"
#include "web/timers/timer_wire.hpp"
#include "web/wire/epoll_loop.hpp"
#include "web/wire/wire_server.hpp"

namespace tocsin::app {

// Where the embedded timers are kept: beside "tocsin.db" it is "tocsin-timers.db".
[[nodiscard]] std::string timer_store_path(const config::TimerSettings& settings,
                                           const std::string& main_path);

class TimerSide final : public web::TimerCalls {
 public:
  // Opens store and listener; blocks while timers are loaded. Everything given outlives it.
  struct Surroundings {
    Network& network;       // whose loop is the main one
    service::Watch* watch;  // null: nobody is told
    ports::Store* store;    // of events; null with the watch
    Logger& log;
    std::string main_store_path;  // the timers' file stands beside it
    std::string link;             // of the API
  };
  [[nodiscard]] static Result<std::unique_ptr<TimerSide>> open(
      const config::TimerSettings& settings, Surroundings around);
  ~TimerSide() override;
  TimerSide(const TimerSide&) = delete;
  TimerSide& operator=(const TimerSide&) = delete;

  // Begins to serve. Once.
  void start();
  // On reload.
  void apply(const config::TimerSettings& settings);
  // Once a second.
  void tick();
  // Lets requests under way end; `done` runs on the main loop.
  void stop(std::move_only_function<void()> done);

  void arm(std::string id, std::int64_t seconds, Answer<web::TimerView> answer) override;
  void find(std::string id, Answer<std::optional<web::TimerView>> answer) override;
  void disarm(std::string id, Answer<bool> answer) override;
  void list(std::string prefix, std::string cursor, std::size_t limit,
            Answer<Page> answer) override;
  [[nodiscard]] Counts counts() const override;
  // "http://127.0.0.1:8080"; "" without a listener.
  [[nodiscard]] std::string url() const;

 private:
  explicit TimerSide(Surroundings around);
  void count();
  [[nodiscard]] std::vector<bool> quiet() const;  // of each rule
  Result<void> open_store(const config::TimerSettings& settings);
  // Runs `call` on the timers' loop with what takes its result back to this one.
  template <typename T>
  void ask(Answer<T> answer, std::move_only_function<void(service::TimerDesk&, Answer<T>)> call);

  Surroundings around_;
  web::EpollLoop loop_;
  web::WireStats wire_stats_;
  std::unique_ptr<ports::TimerStore> embedded_;  // one of these two
  std::unique_ptr<DynamoDbTimers> dynamodb_;
  ports::TimerStore* store_ = nullptr;
  std::unique_ptr<service::TimerDesk> desk_;
  std::unique_ptr<web::TimerWire> wire_;
  std::unique_ptr<web::WireServer> server_;
  std::unique_ptr<service::ExpiryTeller> teller_;
  config::Listen listen_;
  std::vector<timer::Rule> rules_;
  std::jthread thread_;
  Counts counted_;
};

}  // namespace tocsin::app
