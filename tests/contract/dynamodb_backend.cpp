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
    // Time stands still in the suite: a pause before another attempt would not end.
    dynamodb_ = std::make_unique<DynamoDb>(loop, stand_in_url(url_variable_),
                                           aws::ClientOptions{.most_attempts = 1});
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
