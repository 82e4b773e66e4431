#pragma once
// A network on virtual time: resolver and clients that answer as the test says, after the delay the
// test says, and keep the deadlines that the ports promise. Stricter than the real ones: a request
// that breaks the port's contract is recorded as a violation.

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ports/http_client.hpp"
#include "ports/resolver.hpp"
#include "ports/tcp_client.hpp"
#include "support/virtual_loop.hpp"

namespace tocsin::test {

// Names that are not set are no_name at once.
class FakeResolver final : public ports::Resolver {
 public:
  struct Answer {
    ports::Resolved resolved;
    Milliseconds after{0};
    bool never = false;  // no_answer at the deadline
  };
  explicit FakeResolver(VirtualLoop& loop) : loop_(loop) {}

  void set(const std::string& name, std::vector<std::string> addresses, Milliseconds after = {});
  void set(const std::string& name, Answer answer) { answers_[name] = std::move(answer); }

  void resolve(const std::string& name, check::IpFamily family, MonoTime deadline,
               std::move_only_function<void(ports::Resolved)> done) override;

  std::vector<std::string> asked;

 private:
  VirtualLoop& loop_;
  std::map<std::string, Answer> answers_;
};

// Answers every request through `script`; each is kept in `requests`. Not in flight any more are
// those that cancel_all() ended.
class FakeHttpClient final : public ports::HttpClient {
 public:
  struct Answer {
    ports::HttpResult result;
    Milliseconds after{0};
    bool never_connects = false;  // times out at connect_timeout, or at timeout
    bool never_answers = false;   // connects and times out at timeout
  };
  explicit FakeHttpClient(VirtualLoop& loop) : loop_(loop) {}

  void start(ports::HttpRequest request,
             std::move_only_function<void(ports::HttpResult)> done) override;
  // What destruction does to requests in flight.
  void cancel_all();

  std::function<Answer(const ports::HttpRequest&)> script;
  std::vector<ports::HttpRequest> requests;
  std::vector<std::string> violations;

 private:
  VirtualLoop& loop_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, std::move_only_function<void(ports::HttpResult)>> pending_;
};

class FakeTcpClient final : public ports::TcpClient {
 public:
  struct Answer {
    ports::TcpResult result;
    Milliseconds after{0};
    bool never_connects = false;
    bool never_answers = false;
  };
  explicit FakeTcpClient(VirtualLoop& loop) : loop_(loop) {}

  void start(ports::TcpRequest request,
             std::move_only_function<void(ports::TcpResult)> done) override;

  std::function<Answer(const ports::TcpRequest&)> script;
  std::vector<ports::TcpRequest> requests;

 private:
  VirtualLoop& loop_;
};

// A complete answer; timings as of an exchange that took `total`.
[[nodiscard]] ports::HttpResponse http_response(int status, std::string body = "",
                                                ports::Headers headers = {});
[[nodiscard]] ports::HttpResult http_failure(ports::HttpFailure::Kind kind, std::string message);

}  // namespace tocsin::test
