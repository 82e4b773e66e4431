#include "app/dynamodb_timers.hpp"

#include <utility>

#include "adapters/aws/credential_fetch.hpp"
#include "adapters/aws/region.hpp"
#include "adapters/command_posix/own_environment.hpp"
#include "app/aws_machine.hpp"

namespace tocsin::app {
namespace {

// Requests are small and many wait for them: tried often and soon, never long at one server.
constexpr int kAttempts = 10;
constexpr Milliseconds kFirstDelay{50};
constexpr Milliseconds kAttemptTimeout{2'000};
constexpr std::size_t kMostCalls = 2'048;

}  // namespace

DynamoDbTimers::DynamoDbTimers(ports::Loop& timer_loop, Network& network,
                               const DynamoDbTimersOptions& options)
    : environment_(adapters::own_environment()),
      commands_(network.loop(), network.clock(), network.loop().context(), environment_,
                {.max_running = 2}),
      resolver_(timer_loop, network.loop(), network.resolver()),
      far_commands_(timer_loop, network.loop(), commands_),
      random_(options.seed),
      timer_loop_(timer_loop),
      http_(std::make_unique<adapters::HttpCurl>(aws_http_options(kMostCalls))) {}

DynamoDbTimers::~DynamoDbTimers() { http_.reset(); }

Result<std::unique_ptr<DynamoDbTimers>> DynamoDbTimers::open(ports::Loop& timer_loop,
                                                             Network& network, Logger& log,
                                                             DynamoDbTimersOptions options) {
  std::unique_ptr<DynamoDbTimers> out(new DynamoDbTimers(timer_loop, network, options));
  if (auto connected = out->connect(network, log, std::move(options)); !connected) {
    return std::unexpected(std::move(connected.error()));
  }
  return out;
}

Result<void> DynamoDbTimers::connect(Network& network, Logger& log, DynamoDbTimersOptions options) {
  const aws::World world{network.clock(), timer_loop_,  resolver_,     *http_,
                         far_commands_,   aws_variable, read_aws_file, random_};
  auto profiles = aws::read_profiles(world);
  if (!profiles) {
    return std::unexpected(std::move(profiles.error()));
  }
  const std::string profile = aws_profile();
  aws::ClientOptions client;
  client.region = options.region.empty() ? aws::known_region(aws_variable, *profiles, profile)
                                         : std::move(options.region);
  if (client.region.empty()) {
    auto found = find_aws_region();
    if (!found) {
      return fail(ErrorCode::invalid,
                  "timers.store.dynamodb names no region, and there is " + found.error().message);
    }
    client.region = std::move(*found);
    log.info("the AWS region of the timers' table", {{"region", client.region}});
  }
  client.endpoint = std::move(options.endpoint);
  client.profile = profile;
  client.most_attempts = kAttempts;
  client.first_delay = kFirstDelay;
  client.attempt_timeout = kAttemptTimeout;
  client.most_calls = kMostCalls;
  credentials_ = std::make_unique<aws::CredentialCache>(
      world, aws::credential_chain(world, "", client.region));
  client_ = std::make_unique<aws::Client>(world, std::move(client), credentials_.get(), *profiles);
  timers_dynamodb::TimersDynamoDbOptions table;
  table.table = std::move(options.table);
  table.keep_expired = options.keep_expired;
  store_ = std::make_unique<timers_dynamodb::TimersDynamoDb>(timer_loop_, network.clock(), *client_,
                                                             random_, log, std::move(table));
  return {};
}

void DynamoDbTimers::say_what_is_wrong(Logger& log) {
  store_->check_table([&log](const Result<timers_dynamodb::TableFacts>& facts) {
    if (!facts) {
      log.error(facts.error().message);
    } else if (!facts->usable) {
      log.error(facts->problem);
    }
  });
}

}  // namespace tocsin::app
