#pragma once
// Timers in DynamoDB as moto and dynalite play it, opened, cut off and opened again. The URLs come
// from tests/aws/servers.py.

#include <memory>
#include <string>

#include "adapters/timers_dynamodb/timers_dynamodb.hpp"
#include "contract/aws_stand_in.hpp"
#include "contract/timer_store_harness.hpp"

namespace tocsin::test {

class DynamoDb : public AwsStandIn {
 public:
  using AwsStandIn::AwsStandIn;
  // As deploy/timers-dynamodb makes it; without the index as the service that this replaces did.
  void create_table(const std::string& name, bool index);
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
