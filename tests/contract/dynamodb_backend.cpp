#include "contract/dynamodb_backend.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace tocsin::test {

namespace {

constexpr aws::Operation kCreateTable{aws::kDynamoDb, "CreateTable"};

std::uint64_t next_number() {
  static std::atomic<std::uint64_t> number = 0;
  return ++number;
}

}  // namespace

std::string fresh_table() {
  return "timers-" + std::to_string(::getpid()) + "-" + std::to_string(next_number());
}

void NumericResolver::resolve(const std::string& name, check::IpFamily /*family*/,
                              MonoTime /*deadline*/,
                              std::move_only_function<void(ports::Resolved)> done) {
  ports::Resolved found{ports::Resolved::Kind::found, {name}, ""};
  loop_.post(
      [done = std::move(done), found = std::move(found)]() mutable { done(std::move(found)); });
}

namespace {

ports::HttpResult no_answer(ports::HttpFailure::Kind kind, const char* message) {
  ports::HttpFailure failure;
  failure.kind = kind;
  failure.message = message;
  failure.connected = kind == ports::HttpFailure::Kind::timeout;
  return std::unexpected(std::move(failure));
}

}  // namespace

void BadHttpClient::start(ports::HttpRequest request,
                          std::move_only_function<void(ports::HttpResult)> done) {
  using Kind = ports::HttpFailure::Kind;
  if (broken) {
    done(no_answer(Kind::connect, "connection refused"));
    return;
  }
  const Fate now = fate ? fate(request) : Fate::carried;
  ++fates[now];
  switch (now) {
    case Fate::never_sent:
      done(no_answer(Kind::timeout, "no answer in time"));
      return;
    case Fate::late:
      late_.push_back(std::move(request));
      done(no_answer(Kind::timeout, "no answer in time"));
      return;
    case Fate::answer_lost:
      real_.start(std::move(request),
                  [done = std::move(done)](const ports::HttpResult& /*result*/) mutable {
                    done(no_answer(Kind::timeout, "no answer in time"));
                  });
      return;
    case Fate::doubled:
      late_.push_back(request);
      break;
    case Fate::carried:
      break;
  }
  real_.start(std::move(request), std::move(done));
}

bool BadHttpClient::carry_late() {
  if (late_.empty()) {
    return false;
  }
  ++on_their_way;
  real_.start(std::move(late_.front()),
              [this](const ports::HttpResult& /*result*/) { --on_their_way; });
  late_.pop_front();
  return true;
}

DynamoDb::DynamoDb(PumpLoop& loop, std::string url, aws::ClientOptions options)
    : loop_(loop), resolver_(loop) {
  const aws::World world{loop,
                         loop,
                         resolver_,
                         http_,
                         commands_,
                         [](std::string_view) { return std::nullopt; },
                         [](const std::string& path) { return fail(ErrorCode::not_found, path); },
                         random_};
  cache_ = std::make_unique<aws::CredentialCache>(world, [&loop](aws::CredentialsDone done) {
    loop.post(
        [done = std::move(done)]() mutable { done(aws::Credentials{"AKID", "secret", "", {}}); });
  });
  options.region = "us-east-1";
  options.endpoint = std::move(url);
  client_ = std::make_unique<aws::Client>(world, std::move(options), cache_.get());
}

aws::ApiResult DynamoDb::call(const aws::Operation& operation, std::string json) {
  std::optional<aws::ApiResult> out;
  client_->call({operation, std::move(json), {}, loop_.mono_now() + Milliseconds{30'000}},
                [&out](aws::ApiResult result) { out = std::move(result); });
  if (!loop_.run_until([&out] { return out.has_value(); })) {
    throw std::runtime_error("DynamoDB's stand-in does not answer");
  }
  return std::move(*out);
}

void DynamoDb::create_table(const std::string& name, bool index) {
  std::string json = R"({"TableName":")" + name +
                     R"(","BillingMode":"PAY_PER_REQUEST",)"
                     R"("KeySchema":[{"AttributeName":"Timer","KeyType":"HASH"}],)"
                     R"("AttributeDefinitions":[{"AttributeName":"Timer","AttributeType":"S"})";
  if (index) {
    json += R"(,{"AttributeName":"DueShard","AttributeType":"S"},)"
            R"({"AttributeName":"Due","AttributeType":"N"}],)"
            R"("GlobalSecondaryIndexes":[{"IndexName":"Due","Projection":{"ProjectionType":"ALL"},)"
            R"("KeySchema":[{"AttributeName":"DueShard","KeyType":"HASH"},)"
            R"({"AttributeName":"Due","KeyType":"RANGE"}]}])";
  } else {
    json += "]";
  }
  if (const auto made = call(kCreateTable, json + "}"); !made) {
    throw std::runtime_error(aws::to_string(made.error()));
  }
  // dynalite makes a table in a later turn of its own.
  for (int i = 0; i < 1000; ++i) {
    const auto seen = call(aws::operation::kDescribeTable, R"({"TableName":")" + name + R"("})");
    if (seen && seen->body.find("CREATING") == std::string::npos) {
      return;
    }
  }
  throw std::runtime_error("the table does not become active");
}

DynamoDbBackend::~DynamoDbBackend() { store_.reset(); }

ports::TimerStore& DynamoDbBackend::open(PumpLoop& loop, const Options& options) {
  store_.reset();
  if (dynamodb_ == nullptr) {
    const char* url = std::getenv(url_variable_);
    if (url == nullptr) {
      throw std::runtime_error(std::string(url_variable_) + ": run by tests/aws/servers.py");
    }
    // Time stands still in the suite: a pause before another attempt would not end.
    dynamodb_ = std::make_unique<DynamoDb>(loop, url, aws::ClientOptions{.most_attempts = 1});
    dynamodb_->create_table(table_, true);
  }
  random_ = std::make_unique<Random>(next_number());
  timers_dynamodb::TimersDynamoDbOptions chosen;
  chosen.table = table_;
  chosen.keep_expired = options.keep_expired;
  store_ = std::make_unique<timers_dynamodb::TimersDynamoDb>(loop, loop, dynamodb_->client(),
                                                             *random_, logger_, chosen);
  return *store_;
}

}  // namespace tocsin::test
