#pragma once
// ports::TcpClient on Boost.Asio sockets, on the loop thread, with the loop's timers as deadlines.

#include <memory>

#include "ports/loop.hpp"
#include "ports/tcp_client.hpp"

namespace boost::asio {
class io_context;  // NOLINT(readability-identifier-naming): the library's name
}

namespace tocsin::adapters {

class TcpAsio final : public ports::TcpClient {
 public:
  // `context` is the one that `loop` runs on. All three outlive this object.
  TcpAsio(ports::Loop& loop, const ports::Clock& clock, boost::asio::io_context& context);
  // Loop thread, or after the loop stopped. Exchanges under way get `cancelled` by a post to the
  // loop, which does not run when it stopped.
  ~TcpAsio() override;

  void start(ports::TcpRequest request,
             std::move_only_function<void(ports::TcpResult)> done) override;

 private:
  class Exchange;
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace tocsin::adapters
