// What one connection brings and what it is sent.

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <iterator>

#include "web/wire/wire_server.hpp"

namespace tocsin::web {
namespace {

// A buffer that grew larger is given back when it is empty.
constexpr std::size_t kKeptBuffer = 1024;
// Reads of one connection in a turn.
constexpr int kReadsAtOnce = 4;

std::string_view status_line(int status) {
  switch (status) {
    case 200:
      return "HTTP/1.1 200 OK\r\n";
    case 204:
      return "HTTP/1.1 204 No Content\r\n";
    case 400:
      return "HTTP/1.1 400 Bad Request\r\n";
    case 401:
      return "HTTP/1.1 401 Unauthorized\r\n";
    case 403:
      return "HTTP/1.1 403 Forbidden\r\n";
    case 404:
      return "HTTP/1.1 404 Not Found\r\n";
    case 405:
      return "HTTP/1.1 405 Method Not Allowed\r\n";
    case 408:
      return "HTTP/1.1 408 Request Timeout\r\n";
    case 413:
      return "HTTP/1.1 413 Content Too Large\r\n";
    case 417:
      return "HTTP/1.1 417 Expectation Failed\r\n";
    case 431:
      return "HTTP/1.1 431 Request Header Fields Too Large\r\n";
    case 501:
      return "HTTP/1.1 501 Not Implemented\r\n";
    case 503:
      return "HTTP/1.1 503 Service Unavailable\r\n";
    case 504:
      return "HTTP/1.1 504 Gateway Timeout\r\n";
    case 505:
      return "HTTP/1.1 505 HTTP Version Not Supported\r\n";
    case 507:
      return "HTTP/1.1 507 Insufficient Storage\r\n";
    default:
      return "HTTP/1.1 500 Internal Server Error\r\n";
  }
}

void release_if_large(std::string& buffer) {
  buffer.clear();
  if (buffer.capacity() > kKeptBuffer) {
    buffer.shrink_to_fit();
  }
}

}  // namespace

bool WireServer::may_read(const Connection& connection) const {
  if (connection.phase == Phase::closing || connection.end_of_input) {
    return false;
  }
  return connection.in_body ||
         (!connection.close_after && connection.waiting() < options_.pipelined &&
          connection.out.size() - connection.sent < options_.output_bytes);
}

void WireServer::read_from(std::uint32_t index) {
  const std::uint32_t generation = connections_[index].generation;
  for (int i = 0;; ++i) {
    Connection& connection = connections_[index];
    if (connection.descriptor < 0 || connection.generation != generation) {
      return;
    }
    if (!connection.readable || !may_read(connection)) {
      return settle(index);
    }
    if (i == kReadsAtOnce) {
      return mark_dirty(index);  // others first
    }
    const ssize_t got = ::recv(connection.descriptor, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got < 0) {
      connection.readable = false;
      if (errno != EAGAIN && errno != EINTR) {
        return close(index);
      }
      return settle(index);
    }
    if (got == 0) {
      connection.readable = false;
      connection.end_of_input = true;
      return settle(index);
    }
    // Less than was asked for: the socket is empty, and what comes next is told; but its end may
    // have been told already.
    connection.readable = connection.half_closed || static_cast<std::size_t>(got) == buffer_.size();
    const std::string_view text(buffer_.data(), static_cast<std::size_t>(got));
    if (connection.in.empty()) {
      consume(index, text);
    } else {
      std::string whole = std::exchange(connection.in, {});
      whole.append(text);
      consume(index, whole);
    }
  }
}

// Nothing more is served; the peer may still send what must not reset the last answer.
void WireServer::drain(std::uint32_t index) {
  const Connection& connection = connections_[index];
  for (int i = 0; i < kReadsAtOnce; ++i) {
    const ssize_t got = ::recv(connection.descriptor, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN)) {
      return;
    }
    if (got <= 0) {
      return close(index);
    }
  }
  mark_dirty(index);
}

// Serves the requests in `text`; what is left of it waits in the connection.
void WireServer::consume(std::uint32_t index, std::string_view text) {
  const std::uint32_t generation = connections_[index].generation;
  while (!text.empty() && may_read(connections_[index]) && consume_one(index, text)) {
    if (connections_[index].generation != generation || connections_[index].descriptor < 0) {
      return;
    }
  }
  Connection& connection = connections_[index];
  if (connection.phase == Phase::closing || (connection.close_after && !connection.in_body)) {
    return;
  }
  connection.stalled = !text.empty() && !may_read(connection);
  connection.in.assign(text);
}

// False: more is needed, or nothing more is read.
bool WireServer::consume_one(std::uint32_t index, std::string_view& text) {
  Connection& connection = connections_[index];
  if (connection.in_body) {
    std::size_t used = 0;
    const auto status = connection.reader.skip_body(text, used);
    text.remove_prefix(used);
    if (status == RequestReader::Status::problem) {
      break_off(index);
      return false;
    }
    connection.in_body = status == RequestReader::Status::incomplete;
    return !connection.in_body;
  }
  const auto status = connection.reader.read_head(text, options_.limits);
  if (status == RequestReader::Status::problem) {
    refuse(index, connection.reader.problem());
    return false;
  }
  if (status == RequestReader::Status::incomplete) {
    return false;
  }
  const auto& head = connection.reader.head();
  stats_.requests.fetch_add(1, std::memory_order_relaxed);
  if (connection.phase != Phase::answering) {
    set_phase(index, Phase::answering);
  }
  connection.close_after = !head.request.keep_alive || stopping_;
  connection.in_body = connection.reader.has_body();
  if (connection.in_body && head.request.expects_continue && connection.waiting() == 0) {
    connection.out += "HTTP/1.1 100 Continue\r\n\r\n";
    mark_dirty(index);
  }
  const WireTicket ticket{index, connection.generation, connection.next_number++,
                          head.request.method == "HEAD", head.request.asks_keep_alive};
  const WireRequest request = head.request;
  text.remove_prefix(head.size);
  handler_(request, ticket);
  return true;
}

// The request has its answer, or will have; where its body ends nobody knows.
void WireServer::break_off(std::uint32_t index) {
  stats_.malformed.fetch_add(1, std::memory_order_relaxed);
  Connection& connection = connections_[index];
  connection.close_after = true;
  connection.in.clear();
  connection.in_body = false;
  mark_dirty(index);
}

// The answer is the last: what a broken request is followed by means nothing.
void WireServer::refuse(std::uint32_t index, const WireProblem& problem) {
  stats_.malformed.fetch_add(problem.status == 408 ? 0 : 1, std::memory_order_relaxed);
  Connection& connection = connections_[index];
  connection.close_after = true;
  connection.in.clear();
  connection.in_body = false;
  const std::string body = fmt::format("{{\"Message\":\"{}\"}}", problem.message);
  const WireTicket ticket{index, connection.generation, connection.next_number++};
  answer(ticket, {problem.status, body, {}});
}

void WireServer::answer(WireTicket ticket, const WireAnswer& answer) {
  Connection& connection = connections_[ticket.connection];
  if (connection.descriptor < 0 || connection.generation != ticket.generation) {
    return;
  }
  if (ticket.number != connection.next_answer) {
    std::string early;
    const bool last = connection.close_after && ticket.number + 1 == connection.next_number;
    write_answer(early, ticket, answer, last);
    connection.early.emplace_back(ticket.number, std::move(early));
    return;
  }
  append(connection, ticket, answer);
  mark_dirty(ticket.connection);
}

void WireServer::append(Connection& connection, WireTicket ticket, const WireAnswer& answer) {
  const bool last = connection.close_after && ticket.number + 1 == connection.next_number;
  write_answer(connection.out, ticket, answer, last);
  ++connection.next_answer;
  while (!connection.early.empty()) {
    const auto next = std::ranges::find(connection.early, connection.next_answer,
                                        &std::pair<std::uint32_t, std::string>::first);
    if (next == connection.early.end()) {
      return;
    }
    connection.out += next->second;
    connection.early.erase(next);
    ++connection.next_answer;
  }
}

std::string_view WireServer::date() {
  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.now());
  if (const auto second = now.time_since_epoch().count(); second != date_second_) {
    date_second_ = second;
    static constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(now);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(now - day);
    date_line_ = fmt::format(
        "Date: {}, {:02} {} {:04} {:02}:{:02}:{:02} GMT\r\n",
        kDays[std::chrono::weekday(day).c_encoding()], static_cast<unsigned>(date.day()),
        kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
        time.hours().count(), time.minutes().count(), time.seconds().count());
  }
  return date_line_;
}

void WireServer::write_answer(std::string& out, WireTicket ticket, const WireAnswer& answer,
                              bool close) {
  out += status_line(answer.status);
  out += date();
  out += "Cache-Control: no-store\r\n";
  out += answer.fields;
  if (close) {
    out += "Connection: close\r\n";
  } else if (ticket.keep_alive) {
    out += "Connection: keep-alive\r\n";
  }
  if (answer.status == 204) {
    out += "\r\n";
    return;
  }
  out += "Content-Type: application/json\r\nContent-Length: ";
  fmt::format_to(std::back_inserter(out), "{}\r\n\r\n", answer.body.size());
  if (!ticket.head_only) {
    out += answer.body;
  }
}

void WireServer::mark_dirty(std::uint32_t index) {
  if (!std::exchange(connections_[index].dirty, true)) {
    dirty_.push_back(index);
  }
}

void WireServer::flush(std::uint32_t index) {
  Connection& connection = connections_[index];
  while (connection.sent < connection.out.size()) {
    const ssize_t sent =
        ::send(connection.descriptor, connection.out.data() + connection.sent,
               connection.out.size() - connection.sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      if (errno == EINTR) {
        continue;
      }
      if (errno != EAGAIN) {
        return close(index);
      }
      return settle(index);
    }
    connection.sent += static_cast<std::size_t>(sent);
    if (connection.phase == Phase::writing) {
      set_phase(index, Phase::writing);  // progress
    }
  }
  release_if_large(connection.out);
  connection.sent = 0;
  if (connection.phase == Phase::closing) {
    return drain(index);
  }
  // What waited for these answers to leave.
  if (connection.stalled && may_read(connection)) {
    const std::string waiting = std::exchange(connection.in, {});
    connection.stalled = false;
    consume(index, waiting);
  }
  read_from(index);
}

// Which phase a connection is in follows from what it waits for.
void WireServer::settle(std::uint32_t index) {
  Connection& connection = connections_[index];
  if (connection.descriptor < 0) {
    return;
  }
  const auto enter = [&](Phase phase) {
    if (connection.phase != phase) {
      set_phase(index, phase);
    }
  };
  if (connection.phase == Phase::closing) {
    return;
  }
  if (connection.sent < connection.out.size()) {
    return connection.dirty ? void() : enter(Phase::writing);
  }
  if (connection.waiting() > 0) {
    return enter(Phase::answering);
  }
  if (connection.end_of_input) {
    return close(index);
  }
  if (connection.close_after && !connection.in_body) {
    // Closing at once would reset what the peer still sends, and with it the answer.
    ::shutdown(connection.descriptor, SHUT_WR);
    enter(Phase::closing);
    return mark_dirty(index);
  }
  if (!connection.in.empty() || connection.in_body) {
    return enter(Phase::reading);
  }
  // Each request begins the wait for the next anew.
  set_phase(index, Phase::idle);
}

}  // namespace tocsin::web
