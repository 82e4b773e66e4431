#pragma once
// Serves many small HTTP/1.1 requests on one EpollLoop: keep-alive, pipelining, bounded memory for
// each connection and for all of them. Bodies are passed over. Knows nothing of what is asked.
// Loop thread, save open() before the loop runs.

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/model.hpp"
#include "ports/loop.hpp"
#include "web/wire/epoll_loop.hpp"
#include "web/wire/request_reader.hpp"

namespace tocsin::web {

struct WireOptions {
  config::Listen listen;               // port 0: any free one; without TLS
  std::uint32_t connections = 20'000;  // served at one time; further ones get 503
  WireLimits limits;
  Milliseconds request_timeout{10'000};     // a whole request from its first byte
  Milliseconds idle_timeout{75'000};        // between two requests
  Milliseconds write_timeout{30'000};       // without any progress
  std::uint32_t pipelined = 64;             // requests of a connection that wait for their answers
  std::uint32_t output_bytes = 64U << 10U;  // answers that wait to be sent, before more is read
};

// Which request an answer is for. May outlive its connection.
struct WireTicket {
  std::uint32_t connection = 0;
  std::uint32_t generation = 0;
  std::uint32_t number = 0;
  bool head_only = false;   // HEAD
  bool keep_alive = false;  // HTTP/1.0 asked for it
};

struct WireAnswer {
  int status = 200;
  std::string_view body;    // JSON; "" none
  std::string_view fields;  // further header lines, each with its line end
};

// Written by the loop's thread, read by any.
struct WireStats {
  std::atomic<std::uint64_t> connections{0};  // open now
  std::atomic<std::uint64_t> accepted{0}, rejected{0}, timeouts{0}, malformed{0}, requests{0};
};

class WireServer {
 public:
  using Handler = std::function<void(const WireRequest&, WireTicket)>;

  // Binds and listens. conflict: the port is taken; invalid: the address cannot be used;
  // unavailable: anything else.
  [[nodiscard]] static Result<std::unique_ptr<WireServer>> open(EpollLoop& loop,
                                                                const ports::Clock& clock,
                                                                WireOptions options,
                                                                Handler handler, Logger& log,
                                                                WireStats& stats);
  ~WireServer();
  WireServer(const WireServer&) = delete;
  WireServer& operator=(const WireServer&) = delete;

  // Exactly once for each request, in the handler or later, in any order.
  void answer(WireTicket ticket, const WireAnswer& answer);

  [[nodiscard]] std::uint16_t port() const { return port_; }
  // Accepts nothing more, closes idle connections, lets answers under way leave for at most
  // `grace`. Then `done`.
  void stop(Milliseconds grace, std::move_only_function<void()> done);

 private:
  enum class Phase : std::uint8_t { idle, reading, answering, writing, closing };
  static constexpr std::uint32_t kNone = UINT32_MAX;

  struct Connection {
    int descriptor = -1;  // -1: free
    std::uint32_t generation = 0;
    std::uint32_t next_number = 0;  // of the next request
    std::uint32_t next_answer = 0;  // to be sent
    Phase phase = Phase::idle;
    bool readable = false;     // there may be more to read
    bool half_closed = false;  // the end of input will be read
    bool end_of_input = false;
    bool close_after = false;  // the last answer ends the connection
    bool in_body = false;
    bool dirty = false;    // listed in dirty_
    bool stalled = false;  // `in` may hold whole requests that wait for answers to leave
    MonoTime deadline{};
    std::uint32_t before = kNone, after = kNone;  // in the list of its phase
    std::string in;   // an incomplete request, or what waits while answers do
    std::string out;  // answers that wait to be sent, from `sent` on
    std::size_t sent = 0;
    RequestReader reader;
    // Answers that came before their turn.
    std::vector<std::pair<std::uint32_t, std::string>> early;
    [[nodiscard]] std::uint32_t waiting() const { return next_number - next_answer; }
  };
  struct PhaseList {
    std::uint32_t first = kNone, last = kNone;
  };

  WireServer(EpollLoop& loop, const ports::Clock& clock, WireOptions options, Handler handler,
             Logger& log, WireStats& stats);
  Result<void> bind();

  // wire_server.cpp
  void ready(std::uint64_t name, std::uint32_t events);
  void accept_all();
  void accept_later(int error);
  void turn_away(int descriptor);
  void take(int descriptor);
  void turned();
  void tick();
  void expire(Phase phase, MonoTime now);
  void close(std::uint32_t index);
  void finish_stop();
  void set_phase(std::uint32_t index, Phase phase);
  void unlink(std::uint32_t index);
  [[nodiscard]] PhaseList& list_of(Phase phase);
  [[nodiscard]] Milliseconds time_of(Phase phase) const;

  // wire_connection.cpp
  void read_from(std::uint32_t index);
  void drain(std::uint32_t index);
  void consume(std::uint32_t index, std::string_view text);
  [[nodiscard]] bool consume_one(std::uint32_t index, std::string_view& text);
  void refuse(std::uint32_t index, const WireProblem& problem);
  void break_off(std::uint32_t index);
  void append(Connection& connection, WireTicket ticket, const WireAnswer& answer);
  void write_answer(std::string& out, WireTicket ticket, const WireAnswer& answer, bool close);
  void mark_dirty(std::uint32_t index);
  void flush(std::uint32_t index);
  void settle(std::uint32_t index);
  [[nodiscard]] bool may_read(const Connection& connection) const;
  [[nodiscard]] std::string_view date();

  EpollLoop& loop_;
  const ports::Clock& clock_;
  const WireOptions options_;
  Handler handler_;
  Logger& log_;
  WireStats& stats_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  bool accept_pending_ = false;
  bool said_full_ = false;
  ports::TimerId tick_ = 0;
  ports::TimerId retry_ = 0;
  std::deque<Connection> connections_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> dirty_, flushing_;
  std::uint32_t open_ = 0;
  PhaseList lists_[5];
  std::string buffer_;     // what one read brings
  std::string date_line_;  // "Date: ...\r\n"
  std::int64_t date_second_ = -1;
  std::move_only_function<void()> stopped_;
  bool stopping_ = false;
};

}  // namespace tocsin::web
