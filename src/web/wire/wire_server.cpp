// Which connections there are, and for how long.

#include "web/wire/wire_server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace tocsin::web {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kListenerName = EpollLoop::kFirstName;
constexpr std::uint64_t kFirstConnection = kListenerName + 1;
constexpr std::size_t kReadBytes = 64U << 10U;
constexpr int kBacklog = 4096;
constexpr int kAcceptedAtOnce = 256;
constexpr Milliseconds kAcceptPause = 100ms;
constexpr Milliseconds kTick = 500ms;
constexpr Milliseconds kFarewell = 1s;

std::uint64_t name_of(std::uint32_t index, std::uint32_t generation) {
  return std::uint64_t{generation} << 32U | (kFirstConnection + index);
}

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Result<Address> address_of(const config::Listen& listen) {
  std::string host = listen.host == "localhost" ? "127.0.0.1" : listen.host;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  Address out;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(listen.port);
    std::memcpy(&out.storage, &v4, sizeof v4);
    out.size = sizeof v4;
    return out;
  }
  if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(listen.port);
    std::memcpy(&out.storage, &v6, sizeof v6);
    out.size = sizeof v6;
    return out;
  }
  return fail(ErrorCode::invalid,
              fmt::format("`timers.listen`: \"{}\" is not a numeric address: write for example "
                          "127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080",
                          listen.host));
}

Error bind_error(const config::Listen& listen, int error) {
  const std::string where = fmt::format("{}:{}", listen.host, listen.port);
  if (error == EADDRINUSE) {
    return {ErrorCode::conflict,
            fmt::format("cannot listen on {}: another program has this port: change "
                        "`timers.listen`, or stop that program",
                        where)};
  }
  if (error == EACCES) {
    return {ErrorCode::invalid,
            fmt::format("cannot listen on {}: permission denied: change `timers.listen` to a port "
                        "of 1024 or more",
                        where)};
  }
  if (error == EADDRNOTAVAIL) {
    return {ErrorCode::invalid,
            fmt::format("cannot listen on {}: this machine does not have that address: change "
                        "`timers.listen`",
                        where)};
  }
  return {ErrorCode::unavailable, fmt::format("cannot listen on {}: {}: see `timers.listen`", where,
                                              std::generic_category().message(error))};
}

}  // namespace

WireServer::WireServer(EpollLoop& loop, const ports::Clock& clock, WireOptions options,
                       Handler handler, Logger& log, WireStats& stats)
    : loop_(loop),
      clock_(clock),
      options_(std::move(options)),
      handler_(std::move(handler)),
      log_(log),
      stats_(stats),
      buffer_(kReadBytes, '\0') {}

Result<std::unique_ptr<WireServer>> WireServer::open(EpollLoop& loop, const ports::Clock& clock,
                                                     WireOptions options, Handler handler,
                                                     Logger& log, WireStats& stats) {
  std::unique_ptr<WireServer> server(
      new WireServer(loop, clock, std::move(options), std::move(handler), log, stats));
  if (auto bound = server->bind(); !bound) {
    return std::unexpected(std::move(bound).error());
  }
  loop.serve(
      [raw = server.get()](std::uint64_t name, std::uint32_t events) { raw->ready(name, events); },
      [raw = server.get()] { raw->turned(); });
  server->tick();
  return server;
}

Result<void> WireServer::bind() {
  const auto address = address_of(options_.listen);
  if (!address) {
    return std::unexpected(address.error());
  }
  listener_ = ::socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (listener_ < 0 || ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(listener_, reinterpret_cast<const sockaddr*>(&address->storage), address->size) != 0 ||
      ::listen(listener_, kBacklog) != 0) {
    return std::unexpected(bind_error(options_.listen, errno));
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(listener_, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    return std::unexpected(bind_error(options_.listen, errno));
  }
  // The port stands at the same place in both families.
  std::uint16_t port = 0;
  std::memcpy(&port, reinterpret_cast<const char*>(&bound) + 2, sizeof port);
  port_ = ntohs(port);
  return loop_.add(listener_, kListenerName);
}

WireServer::~WireServer() {
  loop_.cancel(tick_);
  loop_.cancel(retry_);
  loop_.serve([](std::uint64_t, std::uint32_t) {}, [] {});
  for (const Connection& connection : connections_) {
    if (connection.descriptor >= 0) {
      ::close(connection.descriptor);
    }
  }
  if (listener_ >= 0) {
    ::close(listener_);
  }
}

void WireServer::ready(std::uint64_t name, std::uint32_t events) {
  if (name == kListenerName) {
    accept_all();
    return;
  }
  const auto index = static_cast<std::uint32_t>((name & UINT32_MAX) - kFirstConnection);
  Connection& connection = connections_[index];
  if (connection.descriptor < 0 || connection.generation != name >> 32U) {
    return;
  }
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    close(index);
    return;
  }
  if ((events & EPOLLOUT) != 0 && connection.sent < connection.out.size()) {
    mark_dirty(index);
  }
  if ((events & (EPOLLIN | EPOLLRDHUP)) != 0) {
    if (connection.phase == Phase::closing) {
      return drain(index);
    }
    connection.readable = true;
    connection.half_closed = connection.half_closed || (events & EPOLLRDHUP) != 0;
    if (may_read(connection)) {
      read_from(index);
    }
  }
}

void WireServer::accept_all() {
  if (stopping_) {
    return;
  }
  for (int i = 0; i < kAcceptedAtOnce; ++i) {
    const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      take(descriptor);
      continue;
    }
    if (errno == EAGAIN) {
      return;
    }
    if (errno != ECONNABORTED && errno != EINTR) {
      accept_later(errno);
      return;
    }
  }
  // Edge-triggered: what is left is not told again.
  loop_.cancel(retry_);
  retry_ = loop_.call_at(clock_.mono_now(), [this] { accept_all(); });
}

void WireServer::accept_later(int error) {
  if (!std::exchange(said_full_, true)) {
    log_.error("the timer listener cannot accept connections; it tries again and again",
               {{"error", std::generic_category().message(error)}});
  }
  loop_.cancel(retry_);
  retry_ = loop_.call_at(clock_.mono_now() + kAcceptPause, [this] { accept_all(); });
}

void WireServer::turn_away(int descriptor) {
  stats_.rejected.fetch_add(1, std::memory_order_relaxed);
  static constexpr std::string_view kFull =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
      "Connection: close\r\nContent-Length: 34\r\n\r\n{\"Message\":\"Too many connections\"}";
  static_cast<void>(::send(descriptor, kFull.data(), kFull.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  ::shutdown(descriptor, SHUT_WR);
  ::close(descriptor);
}

void WireServer::take(int descriptor) {
  stats_.accepted.fetch_add(1, std::memory_order_relaxed);
  said_full_ = false;
  if (open_ >= options_.connections) {
    turn_away(descriptor);
    return;
  }
  const int on = 1;
  static_cast<void>(::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
  std::uint32_t index = 0;
  if (!free_.empty()) {
    index = free_.back();
    free_.pop_back();
  } else {
    index = static_cast<std::uint32_t>(connections_.size());
    connections_.emplace_back();
  }
  Connection& connection = connections_[index];
  connection.descriptor = descriptor;
  connection.generation += 1;
  ++open_;
  stats_.connections.store(open_, std::memory_order_relaxed);
  set_phase(index, Phase::idle);
  if (!loop_.add(descriptor, name_of(index, connection.generation))) {
    close(index);
  }
}

void WireServer::close(std::uint32_t index) {
  unlink(index);
  Connection& connection = connections_[index];
  const std::uint32_t generation = connection.generation;
  ::close(connection.descriptor);
  connection = Connection{};
  connection.generation = generation;
  free_.push_back(index);
  --open_;
  stats_.connections.store(open_, std::memory_order_relaxed);
  if (stopping_ && open_ == 0) {
    finish_stop();
  }
}

// --- How long a connection may stay as it is. Each phase has one duration, so that its list is in
// --- order of deadlines.

WireServer::PhaseList& WireServer::list_of(Phase phase) {
  return lists_[static_cast<std::size_t>(phase)];
}

Milliseconds WireServer::time_of(Phase phase) const {
  switch (phase) {
    case Phase::idle:
      return options_.idle_timeout;
    case Phase::reading:
      return options_.request_timeout;
    case Phase::answering:
      return Milliseconds::max();
    case Phase::writing:
      return options_.write_timeout;
    case Phase::closing:
      return kFarewell;
  }
  return Milliseconds{0};
}

void WireServer::set_phase(std::uint32_t index, Phase phase) {
  unlink(index);
  Connection& connection = connections_[index];
  connection.phase = phase;
  const Milliseconds time = time_of(phase);
  connection.deadline = time == Milliseconds::max() ? MonoTime::max() : clock_.mono_now() + time;
  PhaseList& list = list_of(phase);
  connection.before = list.last;
  connection.after = kNone;
  (list.last == kNone ? list.first : connections_[list.last].after) = index;
  list.last = index;
}

void WireServer::unlink(std::uint32_t index) {
  Connection& connection = connections_[index];
  PhaseList& list = list_of(connection.phase);
  if (list.first != index && connection.before == kNone) {
    return;  // in none
  }
  (connection.before == kNone ? list.first : connections_[connection.before].after) =
      connection.after;
  (connection.after == kNone ? list.last : connections_[connection.after].before) =
      connection.before;
  connection.before = connection.after = kNone;
}

void WireServer::tick() {
  tick_ = loop_.call_at(clock_.mono_now() + kTick, [this] { tick(); });
  const MonoTime now = clock_.mono_now();
  for (const Phase phase : {Phase::idle, Phase::reading, Phase::writing, Phase::closing}) {
    expire(phase, now);
  }
}

void WireServer::expire(Phase phase, MonoTime now) {
  while (list_of(phase).first != kNone && connections_[list_of(phase).first].deadline <= now) {
    const std::uint32_t index = list_of(phase).first;
    const Connection& connection = connections_[index];
    // Somebody whose request is not whole is told; one whose body is late has its answer.
    const bool began = phase == Phase::reading && !connection.in_body;
    stats_.timeouts.fetch_add(began || phase == Phase::writing ? 1 : 0, std::memory_order_relaxed);
    if (began) {
      refuse(index, {408, "The request took too long"});
      flush(index);
    } else {
      close(index);
    }
  }
}

void WireServer::turned() {
  flushing_.swap(dirty_);
  for (const std::uint32_t index : flushing_) {
    connections_[index].dirty = false;
    if (connections_[index].descriptor >= 0) {
      flush(index);
    }
  }
  flushing_.clear();
  if (!dirty_.empty()) {
    loop_.post([] {});  // another turn, without waiting
  }
}

void WireServer::stop(Milliseconds grace, std::move_only_function<void()> done) {
  stopping_ = true;
  stopped_ = std::move(done);
  ::close(std::exchange(listener_, -1));
  for (std::uint32_t index = 0; index < connections_.size(); ++index) {
    Connection& connection = connections_[index];
    if (connection.descriptor < 0) {
      continue;
    }
    connection.close_after = true;
    if (connection.waiting() == 0 && connection.sent == connection.out.size()) {
      close(index);
    }
  }
  if (open_ == 0) {
    finish_stop();
    return;
  }
  loop_.cancel(retry_);
  retry_ = loop_.call_at(clock_.mono_now() + grace, [this] { finish_stop(); });
}

void WireServer::finish_stop() {
  if (auto done = std::exchange(stopped_, nullptr)) {
    loop_.post([done = std::move(done)]() mutable { done(); });
  }
}

}  // namespace tocsin::web
