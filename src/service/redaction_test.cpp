#include "service/redaction.hpp"

#include <gtest/gtest.h>

namespace tocsin::service {
namespace {

TEST(Redaction, HidesSecretsInEveryTextOfAnOutcome) {
  check::Outcome outcome;
  outcome.message = "condition failed: [BODY].token (s3cret-1) == x";
  outcome.conditions.push_back({"[BODY].token == s3cret-1", "[BODY].token (s3cret-1) == x", false});
  outcome.values.push_back({"token", R"("s3cret-1")"});
  outcome.values.push_back({"other", "42"});
  redact(outcome, Redactor({"s3cret-1"}));
  EXPECT_EQ(check::to_json(outcome).find("s3cret"), std::string::npos);
  EXPECT_EQ(outcome.values[0].json, R"("***")");
  EXPECT_EQ(outcome.values[1].json, "42");
}

TEST(Redaction, LeavesValidJsonWhenTheSecretIsANumber) {
  check::Outcome outcome;
  outcome.values.push_back({"pin", "123456"});
  outcome.values.push_back({"list", R"([1,123456])"});
  redact(outcome, Redactor({"123456"}));
  EXPECT_EQ(outcome.values[0].json, R"("***")");
  EXPECT_EQ(outcome.values[1].json, R"("***")");
}

}  // namespace
}  // namespace tocsin::service
