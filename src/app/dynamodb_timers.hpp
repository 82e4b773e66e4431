#pragma once
// Timers in DynamoDB, put together: the store on the timer listener's loop, its AWS client with
// credentials from wherever the SDKs take them, connections of its own, and from the main loop what
// looks names up and runs programs.

#include <memory>
#include <string>
#include <vector>

#include "adapters/aws/client.hpp"
#include "adapters/aws/credential_cache.hpp"
#include "adapters/command_posix/command_posix.hpp"
#include "adapters/http_curl/http_curl.hpp"
#include "adapters/timers_dynamodb/timers_dynamodb.hpp"
#include "app/far_ports.hpp"
#include "app/network.hpp"
#include "base/log.hpp"
#include "base/random.hpp"

namespace tocsin::app {

struct DynamoDbTimersOptions {
  std::string table;
  std::string region;    // "" AWS_REGION, AWS_DEFAULT_REGION, the profile's, or
                         // that of the ECS task or the instance we run on
  std::string endpoint;  // "" by the environment, the profile, or the region's
  Milliseconds keep_expired{std::chrono::hours{24 * 30}};
  std::uint64_t seed = 0;
};

class DynamoDbTimers {
 public:
  // On the main loop's thread, before the timer loop runs. Error (invalid): no region is known, or
  // the files of the SDKs cannot be read. Everything given outlives the object.
  [[nodiscard]] static Result<std::unique_ptr<DynamoDbTimers>> open(ports::Loop& timer_loop,
                                                                    Network& network, Logger& log,
                                                                    DynamoDbTimersOptions options);
  // After the timer loop has stopped; on the main loop's thread or after that has stopped, too.
  ~DynamoDbTimers();
  DynamoDbTimers(const DynamoDbTimers&) = delete;
  DynamoDbTimers& operator=(const DynamoDbTimers&) = delete;

  // Looks at the table and logs what hinders arming and checking, once. Timer loop's thread.
  void say_what_is_wrong(Logger& log);
  // Of the timer loop's thread.
  [[nodiscard]] timers_dynamodb::TimersDynamoDb& store() { return *store_; }

 private:
  DynamoDbTimers(ports::Loop& timer_loop, Network& network, const DynamoDbTimersOptions& options);
  [[nodiscard]] Result<void> connect(Network& network, Logger& log, DynamoDbTimersOptions options);

  std::vector<std::string> environment_;
  adapters::CommandPosix commands_;
  FarResolver resolver_;
  FarCommandRunner far_commands_;
  Random random_;
  ports::Loop& timer_loop_;
  std::unique_ptr<aws::CredentialCache> credentials_;
  std::unique_ptr<aws::Client> client_;
  std::unique_ptr<timers_dynamodb::TimersDynamoDb> store_;
  // The first to end: its thread posts to the timer loop.
  std::unique_ptr<adapters::HttpCurl> http_;
};

}  // namespace tocsin::app
