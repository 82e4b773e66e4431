#include "check/excerpt.hpp"

#include <gtest/gtest.h>

#include "check/json.hpp"

namespace tocsin::check {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

std::string of(const Headers& headers, const std::string& body) {
  AnswerFacts facts;
  facts.status = 500;
  facts.headers = headers;
  facts.body = body;
  facts.body_bytes = body.size();
  return excerpt(facts);
}

TEST(Excerpt, ShowsStatusHeadersAndBody) {
  EXPECT_EQ(of({{"server", "nginx"}}, "oops\n"),
            R"({"status":500,"body_bytes":5,"headers":{"server":"nginx"},"body":"oops\n"})");
}

TEST(Excerpt, IsNothingWhenNothingIsKnown) { EXPECT_EQ(excerpt({}), ""); }

TEST(Excerpt, ShowsACertificateWithoutAnAnswer) {
  const CertificateFacts certificate{
      "CN=shop", "CN=Authority", {"shop.example.com"}, from_unix_ms(0), from_unix_ms(86'400'000)};
  AnswerFacts facts;
  facts.certificate = &certificate;
  EXPECT_EQ(excerpt(facts),
            R"({"certificate":{"subject":"CN=shop","issuer":"CN=Authority",)"
            R"("names":["shop.example.com"],"not_before":"1970-01-01T00:00:00.000Z",)"
            R"("not_after":"1970-01-02T00:00:00.000Z"}})");
}

TEST(Excerpt, ShowsTheFirstKilobyteOfABodyAndThatItIsCut) {
  const std::string json = of({}, std::string(1023, 'a') + "éééé");
  const auto parsed = parse_json(json);
  ASSERT_TRUE(parsed);
  const std::string body = parsed->find("body").string().value_or("");
  EXPECT_EQ(body, std::string(1023, 'a') + "...") << "cut at a character's edge";
}

TEST(Excerpt, StaysSmallAndValidWhateverATargetSends) {
  Headers headers;
  for (int i = 0; i < 1000; ++i) {
    headers.emplace_back("x-" + std::to_string(i), std::string(5000, '"'));
  }
  const std::string json = of(headers, std::string(100'000, '\x01') + "\xFF\xFE");
  EXPECT_TRUE(parse_json(json));
  EXPECT_LT(json.size(), 12'000U);  // each byte may take six as JSON
}

TEST(Excerpt, NeverShowsWhatProvesIdentity) {
  const std::string json =
      of({{"set-cookie", "session=s3cret"}, {"set-cookie", "b=s3cret"}, {"server", "x"}}, "");
  EXPECT_EQ(json.find("s3cret"), std::string::npos);
  EXPECT_EQ(json, R"({"status":500,"body_bytes":0,"headers":{"set-cookie":"***","server":"x"}})");
}

TEST(Excerpt, OfWhatAJobSaidIsItsBeginning) {
  EXPECT_EQ(output_excerpt(""), "");
  EXPECT_EQ(output_excerpt("disk\n\"full\""), R"({"output":"disk\n\"full\""})");
  EXPECT_LT(output_excerpt(std::string(9'000, 'x')).size(), 1'100U);
}

}  // namespace
}  // namespace tocsin::check
