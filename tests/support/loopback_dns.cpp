#include "support/loopback_dns.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "base/result.hpp"

namespace tocsin::test {
namespace {

// RFC 1035, section 4.1.1.
constexpr std::size_t kHeaderSize = 12;
constexpr std::uint16_t kTypeA = 1;
constexpr std::uint16_t kTypeAaaa = 28;
constexpr int kNoError = 0;
constexpr int kServerFailure = 2;
constexpr int kNameError = 3;
constexpr int kRefused = 5;

void put16(std::string& out, unsigned value) {
  out += static_cast<char>((value >> 8U) & 0xffU);
  out += static_cast<char>(value & 0xffU);
}

unsigned get16(const std::string& text, std::size_t at) {
  return (static_cast<unsigned char>(text.at(at)) * 256U) +
         static_cast<unsigned char>(text.at(at + 1));
}

struct Question {
  std::string name;
  unsigned type = 0;
  std::size_t end = 0;
};

Question read_question(const std::string& query) {
  Question out;
  std::size_t at = kHeaderSize;
  while (const auto length = static_cast<unsigned char>(query.at(at))) {
    out.name += (out.name.empty() ? "" : ".") + query.substr(at + 1, length);
    at += length + 1U;
  }
  out.type = get16(query, at + 1);
  out.end = at + 5;
  return out;
}

std::string reply(const std::string& query, const Question& question, int code, bool truncated,
                  const std::vector<std::string>& addresses) {
  std::string out = query.substr(0, 2);
  put16(out, 0x8180U | static_cast<unsigned>(code) | (truncated ? 0x0200U : 0U));
  put16(out, 1);
  put16(out, static_cast<unsigned>(addresses.size()));
  put16(out, 0);
  put16(out, 0);
  out += query.substr(kHeaderSize, question.end - kHeaderSize);
  for (const std::string& address : addresses) {
    std::array<char, 16> bytes{};
    const bool v4 = question.type == kTypeA;
    TOCSIN_ASSERT(inet_pton(v4 ? AF_INET : AF_INET6, address.c_str(), bytes.data()) == 1);
    put16(out, 0xc000U + kHeaderSize);  // the name asked for
    put16(out, question.type);
    put16(out, 1);
    put16(out, 0);
    put16(out, 60);
    put16(out, v4 ? 4 : 16);
    out.append(bytes.data(), v4 ? 4 : 16);
  }
  return out;
}

}  // namespace

LoopbackDns::LoopbackDns(std::map<std::string, DnsBehaviour> names) : names_(std::move(names)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  // The same port must be free for both.
  for (int attempt = 0; attempt < 50 && tcp_ < 0; ++attempt) {
    address.sin_port = 0;
    udp_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    TOCSIN_ASSERT(bind(udp_, generic, size) == 0 && getsockname(udp_, generic, &size) == 0);
    tcp_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(tcp_, generic, size) != 0) {
      close(std::exchange(udp_, -1));
      close(std::exchange(tcp_, -1));
    }
  }
  stop_ = eventfd(0, EFD_CLOEXEC);
  TOCSIN_ASSERT(tcp_ >= 0 && stop_ >= 0 && listen(tcp_, 16) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

LoopbackDns::~LoopbackDns() {
  const std::uint64_t one = 1;
  TOCSIN_ASSERT(write(stop_, &one, sizeof one) == sizeof one);
  thread_.join();
  close(udp_);
  close(tcp_);
  close(stop_);
}

std::string LoopbackDns::address() const { return "127.0.0.1:" + std::to_string(port_); }

int LoopbackDns::queries(const std::string& name) const {
  const std::scoped_lock lock(mutex_);
  const auto found = asked_.find(name);
  return found == asked_.end() ? 0 : found->second;
}

void LoopbackDns::serve() {
  while (true) {
    std::array<pollfd, 3> all = {pollfd{udp_, POLLIN, 0}, pollfd{tcp_, POLLIN, 0},
                                 pollfd{stop_, POLLIN, 0}};
    poll(all.data(), all.size(), -1);
    if (all[2].revents != 0) {
      return;
    }
    if (all[0].revents != 0) {
      serve_udp();
    }
    if (all[1].revents != 0) {
      serve_tcp();
    }
  }
}

void LoopbackDns::serve_udp() {
  std::string query(2'048, '\0');
  sockaddr_in from{};
  socklen_t size = sizeof from;
  auto* const generic = reinterpret_cast<sockaddr*>(&from);
  const auto got = recvfrom(udp_, query.data(), query.size(), 0, generic, &size);
  if (got < static_cast<ssize_t>(kHeaderSize)) {
    return;
  }
  query.resize(static_cast<std::size_t>(got));
  const std::string out = answer(query, false);
  if (!out.empty()) {
    sendto(udp_, out.data(), out.size(), 0, generic, size);
  }
}

void LoopbackDns::serve_tcp() {
  const int peer = accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC);
  const timeval limit{2, 0};
  setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  std::string length(2, '\0');
  while (recv(peer, length.data(), 2, MSG_WAITALL) == 2) {
    std::string query(get16(length, 0), '\0');
    if (recv(peer, query.data(), query.size(), MSG_WAITALL) != static_cast<ssize_t>(query.size())) {
      break;
    }
    ++tcp_queries_;
    const std::string text = answer(query, true);
    std::string out;
    put16(out, static_cast<unsigned>(text.size()));
    out += text;
    ::send(peer, out.data(), out.size(), MSG_NOSIGNAL);
  }
  close(peer);
}

std::string LoopbackDns::answer(const std::string& query, bool tcp) {
  const Question question = read_question(query);
  {
    const std::scoped_lock lock(mutex_);
    ++asked_[question.name];
  }
  const auto found = names_.find(question.name);
  if (found == names_.end()) {
    return reply(query, question, kNameError, false, {});
  }
  const DnsBehaviour& behaviour = found->second;
  const auto& addresses = question.type == kTypeAaaa ? behaviour.v6 : behaviour.v4;
  switch (behaviour.kind) {
    case DnsBehaviour::Kind::no_name:
      return reply(query, question, kNameError, false, {});
    case DnsBehaviour::Kind::failure:
      return reply(query, question, kServerFailure, false, {});
    case DnsBehaviour::Kind::refused:
      return reply(query, question, kRefused, false, {});
    case DnsBehaviour::Kind::silent:
      return {};
    case DnsBehaviour::Kind::garbage:
      return query.substr(0, 2) + std::string(40, '\xee');
    case DnsBehaviour::Kind::truncated:
      return tcp ? reply(query, question, kNoError, false, addresses)
                 : reply(query, question, kNoError, true, {});
    case DnsBehaviour::Kind::answers:
      break;
  }
  return reply(query, question, kNoError, false, addresses);
}

}  // namespace tocsin::test
