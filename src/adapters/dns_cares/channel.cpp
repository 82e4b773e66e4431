#include "adapters/dns_cares/channel.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "base/socket_error.hpp"

namespace tocsin::adapters {
namespace {

using ports::Resolved;

int open_epoll() {
  const int descriptor = epoll_create1(EPOLL_CLOEXEC);
  if (descriptor < 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_create1");
  }
  return descriptor;
}

void initialise_cares() {
  static const int kStatus = ares_library_init(ARES_LIB_INIT_ALL);
  if (kStatus != ARES_SUCCESS) {
    throw std::system_error(ENOMEM, std::generic_category(), "ares_library_init");
  }
}

int family_of(check::IpFamily family) {
  switch (family) {
    case check::IpFamily::v4:
      return AF_INET;
    case check::IpFamily::v6:
      return AF_INET6;
    case check::IpFamily::any:
      break;
  }
  return AF_UNSPEC;
}

std::string address_text(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  if (address->sa_family == AF_INET) {
    bytes = &reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
  } else if (address->sa_family == AF_INET6) {
    bytes = &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  }
  if (bytes == nullptr ||
      inet_ntop(address->sa_family, bytes, text.data(), text.size()) == nullptr) {
    return {};
  }
  return text.data();
}

Resolved addresses_of(const ares_addrinfo* found) {
  Resolved out;
  for (const auto* node = found->nodes; node != nullptr; node = node->ai_next) {
    std::string address = address_text(node->ai_addr);
    if (!address.empty() && std::ranges::find(out.addresses, address) == out.addresses.end()) {
      out.addresses.push_back(std::move(address));
    }
  }
  out.kind = out.addresses.empty() ? Resolved::Kind::no_data : Resolved::Kind::found;
  return out;
}

}  // namespace

struct Channel::Request {
  Channel* channel;
  check::IpFamily family;
  Answer answer;
};

// Our own calls, to learn the errno of a socket that cannot be opened (c-ares says "could not
// contact DNS servers") and to send without SIGPIPE.
const ares_socket_functions Channel::kSocketFunctions = {
    .asocket = [](int domain, int type, int protocol, void* self) -> ares_socket_t {
      const int descriptor = socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
      // A missing address family is how c-ares finds out what can be reached.
      static_cast<Channel*>(self)->socket_error_ =
          descriptor < 0 && errno != EAFNOSUPPORT ? errno : 0;
      return descriptor;
    },
    .aclose = [](ares_socket_t socket, void* /*self*/) { return close(socket); },
    .aconnect = [](ares_socket_t socket, const sockaddr* to, ares_socklen_t size,
                   void* /*self*/) { return connect(socket, to, size); },
    .arecvfrom = [](ares_socket_t socket, void* data, std::size_t size, int flags, sockaddr* from,
                    ares_socklen_t* from_size, void* /*self*/) -> ares_ssize_t {
      return recvfrom(socket, data, size, flags, from, from_size);
    },
    .asendv = [](ares_socket_t socket, const iovec* parts, int count,
                 void* /*self*/) -> ares_ssize_t {
      msghdr message{};
      message.msg_iov = const_cast<iovec*>(parts);
      message.msg_iovlen = static_cast<std::size_t>(count);
      return sendmsg(socket, &message, MSG_NOSIGNAL);
    },
};

std::shared_ptr<Channel> Channel::open(boost::asio::io_context& context,
                                       const DnsOptions& options) {
  std::shared_ptr<Channel> channel(new Channel(context, options));
  channel->await_events();
  return channel;
}

Channel::Channel(boost::asio::io_context& context, const DnsOptions& options)
    : epoll_(context, open_epoll()) {
  initialise_cares();
  std::string lookups = "fb";  // the hosts file, then name servers
  ares_options settings{};
  settings.timeout = static_cast<int>(options.try_timeout.count());
  settings.tries = options.tries;
  settings.lookups = lookups.data();
  settings.sock_state_cb = &Channel::state_callback;
  settings.sock_state_cb_data = this;
  const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
  if (const int status = ares_init_options(&channel_, &settings, mask); status != ARES_SUCCESS) {
    throw std::system_error(ENOMEM, std::generic_category(), ares_strerror(status));
  }
  ares_set_socket_functions(channel_, &kSocketFunctions, this);
  if (!options.servers.empty() &&
      ares_set_servers_ports_csv(channel_, options.servers.c_str()) != ARES_SUCCESS) {
    ares_destroy(channel_);
    throw std::invalid_argument("not a list of name servers: " + options.servers);
  }
}

Channel::~Channel() { ares_destroy(channel_); }

void Channel::lookup(const std::string& name, check::IpFamily family, Answer answer) {
  ares_addrinfo_hints hints{};
  hints.ai_family = family_of(family);
  hints.ai_socktype = SOCK_STREAM;
  auto request = std::make_unique<Request>(this, family, std::move(answer));
  ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, &Channel::answer_callback,
                   request.release());
}

void Channel::retry_overdue() { ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD); }

void Channel::await_events() {
  epoll_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                    [weak = weak_from_this()](const boost::system::error_code& error) {
                      const auto self = weak.lock();
                      if (self && !error) {
                        self->process_events();
                        self->await_events();
                      }
                    });
}

void Channel::process_events() {
  std::array<epoll_event, 16> events{};
  const int count =
      epoll_wait(epoll_.native_handle(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events.at(static_cast<std::size_t>(i));
    const bool readable = (event.events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0;
    const bool writable = (event.events & EPOLLOUT) != 0;
    ares_process_fd(channel_, readable ? event.data.fd : ARES_SOCKET_BAD,
                    writable ? event.data.fd : ARES_SOCKET_BAD);
  }
}

void Channel::state_callback(void* self, ares_socket_t socket, int readable, int writable) {
  const int epoll = static_cast<Channel*>(self)->epoll_.native_handle();
  if (readable == 0 && writable == 0) {
    epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nullptr);
    return;
  }
  epoll_event event{};
  event.events = (readable != 0 ? std::uint32_t{EPOLLIN} : 0U) |
                 (writable != 0 ? std::uint32_t{EPOLLOUT} : 0U);
  event.data.fd = socket;
  if (epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event) != 0) {
    epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
  }
}

void Channel::answer_callback(void* request, int status, int /*timeouts*/, ares_addrinfo* found) {
  const std::unique_ptr<Request> done(static_cast<Request*>(request));
  const std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owned(found,
                                                                           &ares_freeaddrinfo);
  if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED) {
    done->answer(nullptr);
    return;
  }
  Resolved resolved;
  if (status == ARES_SUCCESS && found != nullptr) {
    resolved = addresses_of(found);
  }
  if (resolved.kind != Resolved::Kind::found) {
    const int reason = resolved.kind == Resolved::Kind::no_data ? int{ARES_ENODATA} : status;
    resolved = done->channel->explain(reason, done->family);
  }
  done->answer(&resolved);
}

Resolved Channel::explain(int status, check::IpFamily family) const {
  const auto kind = [status] {
    switch (status) {
      case ARES_ENOTFOUND:
      case ARES_EBADNAME:
        return Resolved::Kind::no_name;
      case ARES_ENODATA:
        return Resolved::Kind::no_data;
      default:
        return Resolved::Kind::no_answer;
    }
  }();
  const auto message = [&]() -> std::string {
    switch (status) {
      case ARES_ENOTFOUND:
        return "no such name";
      case ARES_EBADNAME:
        return "not a valid host name";
      case ARES_ENODATA:
        return family == check::IpFamily::v4   ? "the name has no IPv4 address"
               : family == check::IpFamily::v6 ? "the name has no IPv6 address"
                                               : "the name has no address";
      case ARES_ETIMEOUT:
        return "no answer from the name server";
      case ARES_ESERVFAIL:
        return "the name server failed (SERVFAIL)";
      case ARES_EREFUSED:
        return "the name server refused the query";
      case ARES_EBADRESP:
      case ARES_EFORMERR:
        return "the name server's answer makes no sense";
      default:
        break;
    }
    if (socket_error_ != 0) {
      return "cannot ask the name server: " + describe_socket_error(socket_error_);
    }
    return status == ARES_EFILE          ? "the hosts file cannot be read"
           : status == ARES_ECONNREFUSED ? "the name server cannot be reached"
                                         : std::string("lookup failed: ") + ares_strerror(status);
  }();
  return {kind, {}, message};
}

}  // namespace tocsin::adapters
