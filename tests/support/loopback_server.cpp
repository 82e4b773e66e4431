#include "support/loopback_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "base/result.hpp"

namespace tocsin::test {
namespace {

constexpr int kBacklog = 4'096;

template <typename Address>
sockaddr* generic(Address* address) {
  return reinterpret_cast<sockaddr*>(address);
}

struct Bound {
  int socket;
  std::uint16_t port;
};

Bound bind_loopback(bool v6) {
  const int socket = ::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  TOCSIN_ASSERT(socket >= 0);
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_addr = in6addr_loopback;
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr* const address = v6 ? generic(&six) : generic(&four);
  socklen_t size = v6 ? sizeof six : sizeof four;
  TOCSIN_ASSERT(bind(socket, address, size) == 0);
  TOCSIN_ASSERT(getsockname(socket, address, &size) == 0);
  return {socket, ntohs(v6 ? six.sin6_port : four.sin_port)};
}

int choose_http2(SSL* /*tls*/, const unsigned char** out, unsigned char* out_size,
                 const unsigned char* offered, unsigned offered_size, void* /*arg*/) {
  static const unsigned char kWanted[] = {2, 'h', '2'};
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kWanted, sizeof kWanted, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Peer::Peer(int socket, int stop, SSL_CTX* tls) : socket_(socket), stop_(stop), context_(tls) {
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Peer::~Peer() {
  SSL_free(tls_);
  if (socket_ >= 0) {
    close(socket_);
  }
}

bool Peer::wait(short events, std::chrono::milliseconds limit) const {
  std::array<pollfd, 2> both = {pollfd{socket_, events, 0}, pollfd{stop_, POLLIN, 0}};
  poll(both.data(), both.size(), static_cast<int>(limit.count()));
  return both[1].revents == 0 && both[0].revents != 0;
}

bool Peer::handshake(SSL_CTX* context) {
  tls_ = SSL_new(context);
  SSL_set_fd(tls_, socket_);
  // A client that stalls must not outlive the server.
  timeval limit{5, 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  return SSL_accept(tls_) == 1;
}

long Peer::receive(char* data, std::size_t size) {
  if (tls_ != nullptr) {
    if (SSL_pending(tls_) == 0 && !wait(POLLIN, std::chrono::milliseconds{-1})) {
      return -1;
    }
    return SSL_read(tls_, data, static_cast<int>(size));
  }
  return wait(POLLIN, std::chrono::milliseconds{-1}) ? recv(socket_, data, size, 0) : -1;
}

std::string Peer::read_request() {
  std::string request;
  std::array<char, 4'096> chunk{};
  while (request.find("\r\n\r\n") == std::string::npos) {
    const long size = receive(chunk.data(), chunk.size());
    if (size <= 0) {
      break;
    }
    request.append(chunk.data(), static_cast<std::size_t>(size));
  }
  return request;
}

std::string Peer::read_until(std::string_view end) {
  std::array<char, 4'096> chunk{};
  while (true) {
    if (const auto found = ahead_.find(end); found != std::string::npos) {
      std::string out = ahead_.substr(0, found + end.size());
      ahead_.erase(0, out.size());
      return out;
    }
    const long size = receive(chunk.data(), chunk.size());
    if (size <= 0) {
      return "";
    }
    ahead_.append(chunk.data(), static_cast<std::size_t>(size));
  }
}

bool Peer::send(std::string_view data) {
  while (!data.empty()) {
    if (!wait(POLLOUT, std::chrono::milliseconds{-1})) {
      return false;
    }
    const long size = tls_ != nullptr
                          ? SSL_write(tls_, data.data(),
                                      static_cast<int>(std::min<std::size_t>(data.size(), 16'384)))
                          : ::send(socket_, data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size <= 0) {
      return false;
    }
    data.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

void Peer::send_forever(std::string_view data) {
  while (send(data)) {
  }
}

void Peer::trickle(std::string_view data, std::chrono::milliseconds gap) {
  for (const char byte : data) {
    if (!send({&byte, 1})) {
      return;
    }
    hold(gap);
  }
}

void Peer::hold(std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  std::array<char, 4'096> chunk{};
  while (true) {
    auto left = limit;
    if (limit.count() >= 0) {
      left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    }
    if ((limit.count() >= 0 && left.count() <= 0) || !wait(POLLIN, left) ||
        recv(socket_, chunk.data(), chunk.size(), MSG_DONTWAIT) <= 0) {
      return;
    }
  }
}

void Peer::reset() {
  const linger at_once{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(socket_);
  socket_ = -1;
}

std::string Peer::server_name() const {
  const char* name =
      tls_ == nullptr ? nullptr : SSL_get_servername(tls_, TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? "" : name;
}

LoopbackServer::LoopbackServer(Script script, Options options)
    : script_(std::move(script)), options_(options) {
  std::signal(SIGPIPE, SIG_IGN);  // SSL_write has no MSG_NOSIGNAL
  if (options_.certificate != nullptr) {
    tls_ = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(tls_, options_.certificate->certificate.get());
    SSL_CTX_use_PrivateKey(tls_, options_.certificate->key.get());
    if (options_.http2) {
      SSL_CTX_set_alpn_select_cb(tls_, choose_http2, nullptr);
    }
    if (options_.client_authority != nullptr) {
      X509_STORE_add_cert(SSL_CTX_get_cert_store(tls_),
                          options_.client_authority->certificate.get());
      SSL_CTX_set_verify(tls_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
  }
  const Bound bound = bind_loopback(options_.v6);
  listener_ = bound.socket;
  port_ = bound.port;
  stop_ = eventfd(0, EFD_CLOEXEC);
  TOCSIN_ASSERT(stop_ >= 0 && listen(listener_, kBacklog) == 0);
  accepting_ = std::thread([this] { accept_all(); });
}

LoopbackServer::~LoopbackServer() {
  const std::uint64_t one = 1;
  TOCSIN_ASSERT(write(stop_, &one, sizeof one) == sizeof one);
  accepting_.join();
  for (std::thread& thread : serving_) {
    thread.join();
  }
  for (const int socket : held_) {
    close(socket);
  }
  close(listener_);
  close(stop_);
  SSL_CTX_free(tls_);
}

std::string LoopbackServer::url(std::string_view path) const {
  return std::string(options_.certificate != nullptr ? "https://" : "http://") +
         (options_.v6 ? "[::1]:" : "127.0.0.1:") + std::to_string(port_) + std::string(path);
}

void LoopbackServer::accept_all() {
  while (true) {
    std::array<pollfd, 2> both = {pollfd{listener_, POLLIN, 0}, pollfd{stop_, POLLIN, 0}};
    poll(both.data(), both.size(), -1);
    if (both[1].revents != 0) {
      return;
    }
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) {
      continue;
    }
    ++accepted_;
    if (options_.hold_all) {
      held_.push_back(socket);
    } else {
      serving_.emplace_back([this, socket] { serve(socket); });
    }
  }
}

void LoopbackServer::serve(int socket) {
  Peer peer(socket, stop_, tls_);
  if (tls_ == nullptr || options_.starttls || peer.handshake(tls_)) {
    script_(peer);
  } else {
    // Closing with unread data would overtake the alert with a reset.
    peer.hold(std::chrono::milliseconds{100});
  }
}

std::uint16_t closed_port() {
  const Bound bound = bind_loopback(false);
  close(bound.socket);
  return bound.port;
}

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace tocsin::test
