#pragma once
// A name server on a loopback port (UDP and TCP) that answers each name as a test says.

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tocsin::test {

struct DnsBehaviour {
  enum class Kind : std::uint8_t {
    answers,    // with the addresses below; NODATA for a family without any
    no_name,    // NXDOMAIN
    failure,    // SERVFAIL
    refused,    // REFUSED
    silent,     // never answers
    garbage,    // the right id, then noise
    truncated,  // over UDP cut short, so that the client asks again over TCP
  };
  Kind kind = Kind::answers;
  std::vector<std::string> v4;
  std::vector<std::string> v6;
};

class LoopbackDns {
 public:
  // Names without a behaviour are NXDOMAIN.
  explicit LoopbackDns(std::map<std::string, DnsBehaviour> names);
  ~LoopbackDns();
  LoopbackDns(const LoopbackDns&) = delete;
  LoopbackDns& operator=(const LoopbackDns&) = delete;

  [[nodiscard]] std::string address() const;  // "127.0.0.1:12345"
  [[nodiscard]] int queries(const std::string& name) const;
  [[nodiscard]] int tcp_queries() const { return tcp_queries_; }

 private:
  void serve();
  void serve_udp();
  void serve_tcp();
  // Empty: no answer.
  std::string answer(const std::string& query, bool tcp);

  const std::map<std::string, DnsBehaviour> names_;
  int udp_ = -1;
  int tcp_ = -1;
  int stop_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> tcp_queries_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, int> asked_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace tocsin::test
