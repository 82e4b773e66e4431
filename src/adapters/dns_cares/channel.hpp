#pragma once
// A c-ares channel whose sockets one epoll descriptor watches and whose callbacks are functions.
// Loop thread.

#include <ares.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <string>

#include "adapters/dns_cares/dns_cares.hpp"

namespace tocsin::adapters {

class Channel : public std::enable_shared_from_this<Channel> {
 public:
  // nullptr for an answer that never came because the channel was destroyed.
  using Answer = std::move_only_function<void(const ports::Resolved*)>;

  static std::shared_ptr<Channel> open(boost::asio::io_context& context, const DnsOptions& options);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // May answer before it returns.
  void lookup(const std::string& name, check::IpFamily family, Answer answer);
  // To be called now and then while lookups are under way.
  void retry_overdue();

 private:
  Channel(boost::asio::io_context& context, const DnsOptions& options);
  void await_events();
  void process_events();
  [[nodiscard]] ports::Resolved explain(int status, check::IpFamily family) const;

  struct Request;
  static void answer_callback(void* request, int status, int timeouts, ares_addrinfo* found);
  static void state_callback(void* self, ares_socket_t socket, int readable, int writable);
  static const ares_socket_functions kSocketFunctions;

  boost::asio::posix::stream_descriptor epoll_;
  ares_channel channel_ = nullptr;
  int socket_error_ = 0;  // of the last socket that could not be opened; 0 since one could
};

}  // namespace tocsin::adapters
