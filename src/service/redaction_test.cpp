#include "service/redaction.hpp"

#include <gtest/gtest.h>

#include "base/json_writer.hpp"
#include "base/utf8.hpp"
#include "check/assertions.hpp"
#include "check/excerpt.hpp"
#include "check/json.hpp"

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

// Every place where evaluation cuts a text: what conditions saw, what is captured, the message.
TEST(Redaction, ShowsNoPartOfASecretWhereverATextIsCut) {
  const std::string secret = "k9!Zq\"7w#x-\\token";
  const Redactor redactor({secret});
  const auto compiled = check::Assertions::compile({"[BODY] == x", "[BODY].t == x"},
                                                   {{"all", "[BODY]"}, {"part", "[BODY].o"}},
                                                   check::placeholders_of("http"));
  ASSERT_TRUE(compiled.assertions);
  std::string escaped;
  append_json_string(escaped, secret);
  for (const std::size_t around : {100U, 200U, 1000U, 1024U, 4096U}) {
    for (std::size_t before = around - 40; before < around + 4; ++before) {
      const std::string text = std::string(before, '.') + secret + std::string(5000, ' ');
      std::string body = R"({"t":)";
      append_json_string(body, text);
      body += R"(,"o":{"p":")" + std::string(before, '-') + escaped.substr(1) + "}}";
      check::Response response;
      response.body = body;
      check::Outcome outcome;
      auto verdict = compiled.assertions->evaluate(response);
      outcome.message = clip(verdict.message, 1000);
      outcome.conditions = std::move(verdict.conditions);
      outcome.values = std::move(verdict.values);
      const std::vector<std::pair<std::string, std::string>> headers{{"x-echo", text}};
      check::AnswerFacts seen;
      seen.status = 500;
      seen.headers = headers;
      seen.body = text;
      outcome.evidence = check::excerpt(seen);
      redact(outcome, redactor);
      EXPECT_EQ(check::to_json(outcome).find("k9"), std::string::npos) << before;
      EXPECT_EQ(outcome.evidence.find("k9"), std::string::npos) << before;
      EXPECT_TRUE(check::parse_json(outcome.evidence)) << outcome.evidence;
      for (const check::CapturedValue& value : outcome.values) {
        EXPECT_TRUE(check::parse_json(value.json)) << value.json;
      }
    }
  }
}

}  // namespace
}  // namespace tocsin::service
