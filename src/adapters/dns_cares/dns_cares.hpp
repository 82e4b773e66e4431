#pragma once
// ports::Resolver on c-ares, driven by the loop thread: /etc/hosts, then the name servers of
// /etc/resolv.conf (or those given), answers in the order of RFC 6724.

#include <memory>
#include <string>

#include "ports/loop.hpp"
#include "ports/resolver.hpp"

namespace boost::asio {
class io_context;  // NOLINT(readability-identifier-naming): the library's name
}

namespace tocsin::adapters {

struct DnsOptions {
  // "127.0.0.1:5353,[::1]:53"; empty: those of /etc/resolv.conf, read again when the file changes.
  std::string servers;
  // One try waits this long, the next twice as long.
  Milliseconds try_timeout{2'000};
  int tries = 3;
  // Lookups at a time; one beyond it is no_answer at once.
  std::size_t max_lookups = 4'096;
};

class DnsCares final : public ports::Resolver {
 public:
  // `context` is the one that `loop` runs on. All three outlive this object.
  // Throws std::system_error without descriptors or memory, std::invalid_argument for bad servers.
  DnsCares(ports::Loop& loop, const ports::Clock& clock, boost::asio::io_context& context,
           DnsOptions options = {});
  // Loop thread, or after the loop stopped. Who waits gets no_answer by a post to the loop, which
  // does not run when it stopped.
  ~DnsCares() override;

  void resolve(const std::string& name, check::IpFamily family, MonoTime deadline,
               std::move_only_function<void(ports::Resolved)> done) override;

  struct Stats {
    std::size_t lookups = 0;  // on their way to name servers
    std::size_t waiting = 0;  // callers
  };
  [[nodiscard]] Stats stats() const;  // loop thread

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tocsin::adapters
