#pragma once
// Timers in DynamoDB as moto and dynalite play it, opened, cut off and opened again. The URLs come
// from tests/aws/servers.py.

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "adapters/aws/client.hpp"
#include "adapters/http_curl/http_curl.hpp"
#include "adapters/timers_dynamodb/timers_dynamodb.hpp"
#include "contract/timer_store_harness.hpp"
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

// A client of one server, with keys that it does not check.
class DynamoDb {
 public:
  DynamoDb(PumpLoop& loop, std::string url, aws::ClientOptions options);

  [[nodiscard]] aws::Client& client() { return *client_; }
  // Waited for.
  [[nodiscard]] aws::ApiResult call(const aws::Operation& operation, std::string json);
  // As deploy/timers-dynamodb makes it; without the index as the service that this replaces did.
  void create_table(const std::string& name, bool index);
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

// A name that no other table of this run has.
[[nodiscard]] std::string fresh_table();

class DynamoDbBackend : public TimerBackend {
 public:
  explicit DynamoDbBackend(const char* url_variable) : url_variable_(url_variable) {}
  ~DynamoDbBackend() override;
  ports::TimerStore& open(PumpLoop& loop, const Options& options) override;
  void break_store() override { dynamodb_->network().broken = true; }
  void heal() override { dynamodb_->network().broken = false; }
  [[nodiscard]] bool whole_seconds() const override { return true; }
  [[nodiscard]] bool bounded() const override { return false; }

  [[nodiscard]] DynamoDb& dynamodb() { return *dynamodb_; }
  [[nodiscard]] const std::string& table() const { return table_; }

 private:
  const char* url_variable_;
  std::string table_ = fresh_table();
  NullLogger logger_;
  std::unique_ptr<DynamoDb> dynamodb_;
  std::unique_ptr<Random> random_;
  std::unique_ptr<timers_dynamodb::TimersDynamoDb> store_;
};

}  // namespace tocsin::test
