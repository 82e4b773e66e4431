#pragma once
// A server that plays AWS, and the real client of it over a network that can be made bad. URLs come
// from tests/aws/servers.py.

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "adapters/aws/client.hpp"
#include "adapters/http_curl/http_curl.hpp"
#include "contract/store_harness.hpp"
#include "support/scripted_command_runner.hpp"

namespace tocsin::test {

// Numeric addresses only.
class NumericResolver final : public ports::Resolver {
 public:
  explicit NumericResolver(ports::Loop& loop) : loop_(loop) {}
  void resolve(const std::string& name, check::IpFamily family, MonoTime deadline,
               std::move_only_function<void(ports::Resolved)> done) override;

 private:
  ports::Loop& loop_;
};

// Carries requests, or refuses as a host that is gone, or does what a bad network does to each.
class BadHttpClient final : public ports::HttpClient {
 public:
  enum class Fate : std::uint8_t {
    carried,
    never_sent,   // lost on the way there
    answer_lost,  // carried out, and nobody is told
    late,         // given up by us, and carried out some time later
    doubled,      // carried out now, and once more some time later
  };

  void start(ports::HttpRequest request,
             std::move_only_function<void(ports::HttpResult)> done) override;
  // Carries one request out that is late; false: there is none.
  bool carry_late();

  bool broken = false;
  std::function<Fate(const ports::HttpRequest&)> fate;  // null: all are carried
  std::map<Fate, int> fates;
  std::atomic<int> on_their_way = 0;  // late ones that were sent and not answered

 private:
  adapters::HttpCurl real_;
  std::deque<ports::HttpRequest> late_;
};

class AwsStandIn {
 public:
  AwsStandIn(PumpLoop& loop, std::string url, aws::ClientOptions options,
             aws::Credentials credentials = {"AKID", "secret", "", {}});

  [[nodiscard]] aws::Client& client() { return *client_; }
  // Waited for.
  [[nodiscard]] aws::ApiResult call(const aws::Operation& operation, std::string json);
  [[nodiscard]] BadHttpClient& network() { return http_; }

 private:
  PumpLoop& loop_;
  BadHttpClient http_;
  NumericResolver resolver_;
  VirtualLoop no_programs_;
  ScriptedCommandRunner commands_{no_programs_};
  Random random_{3};
  std::unique_ptr<aws::CredentialCache> cache_;
  std::unique_ptr<aws::Client> client_;
};

// The value of a variable that tests/aws/servers.py sets. Throws when it did not.
[[nodiscard]] std::string stand_in_url(const char* variable);

}  // namespace tocsin::test
