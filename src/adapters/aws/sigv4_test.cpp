#include "adapters/aws/sigv4.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "check/json.hpp"

namespace tocsin::aws {
namespace {

const Credentials kKeys{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "", {}};

std::string value_of(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

// "GET /path?query HTTP/1.1", header lines (folded ones begin with a blank), an empty line, a body.
SignableRequest parse_request(std::string_view text) {
  SignableRequest out;
  const auto take_line = [&text] {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
  };
  std::string_view first = take_line();
  out.method = first.substr(0, first.find(' '));
  first.remove_prefix(out.method.size() + 1);
  first.remove_suffix(std::string_view(" HTTP/1.1").size());
  const auto query = first.find('?');
  out.path = first.substr(0, query);
  if (query != std::string_view::npos) out.query = first.substr(query + 1);
  while (!text.empty()) {
    const std::string_view line = take_line();
    if (line.empty()) break;
    if (line.front() == ' ') {
      out.headers.back().second.append("\n").append(line);
    } else {
      const auto colon = line.find(':');
      out.headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
    }
  }
  out.body = text;
  return out;
}

// The published vectors: 38 requests with what every step must give.
TEST(SigV4, GivesWhatThePublishedVectorsGive) {
  std::ifstream file("tests/data/aws_sigv4_vectors.json");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto document = check::parse_json(text);
  ASSERT_TRUE(document);
  int cases = 0;
  for (check::JsonItems item(document->find("cases")); item.next(); ++cases) {
    SCOPED_TRACE(item.key());
    const check::JsonValue vector = item.value();
    const auto string = [](check::JsonValue value) { return value.string().value_or(""); };
    const check::JsonValue context = vector.find("context");
    const check::JsonValue keys = context.find("credentials");
    const Credentials credentials{string(keys.find("access_key_id")),
                                  string(keys.find("secret_access_key")),
                                  string(keys.find("token")),
                                  {}};
    SigningRules rules;
    rules.normalize_path = context.find("normalize").boolean().value_or(true);
    rules.body_hash_header = context.find("sign_body").boolean().value_or(false);
    rules.sign_token = !context.find("omit_session_token").boolean().value_or(false);
    const std::string request = string(vector.find("request"));
    const Signature signature =
        sign(parse_request(request), credentials,
             {string(context.find("region")), string(context.find("service"))},
             *parse_rfc3339(string(context.find("timestamp"))), rules);
    EXPECT_EQ(signature.canonical_request, string(vector.find("canonical_request")));
    EXPECT_EQ(signature.string_to_sign, string(vector.find("string_to_sign")));
    EXPECT_THAT(value_of(signature.headers, "Authorization"),
                testing::EndsWith("Signature=" + string(vector.find("signature"))));
  }
  EXPECT_EQ(cases, 38);
}

TEST(SigV4, S3SignsThePathAsItIsSentAndTheHashOfTheBody) {
  SignableRequest request;
  request.method = "PUT";
  request.path = "/logs//a%20b/../%C3%BC";
  request.headers = {{"Host", "bucket.s3.eu-west-1.amazonaws.com"}};
  request.body = "hello";
  const Signature signature =
      sign(request, kKeys, {"eu-west-1", "s3"}, Instant{}, SigningRules::for_s3());
  EXPECT_THAT(signature.canonical_request,
              testing::StartsWith("PUT\n/logs//a%20b/../%C3%BC\n\nhost:"));
  EXPECT_EQ(value_of(signature.headers, "X-Amz-Content-Sha256"), sha256_hex("hello"));
}

TEST(SigV4, APathThatIsEncodedIsEncodedOnceMoreOutsideS3) {
  SignableRequest request;
  request.method = "GET";
  request.path = "/a%20b";
  request.headers = {{"Host", "h"}};
  EXPECT_THAT(sign(request, kKeys, {"us-east-1", "execute-api"}, Instant{}).canonical_request,
              testing::StartsWith("GET\n/a%2520b\n"));
}

TEST(SigV4, QueriesAreSortedAndEncodedHoweverTheyWereWritten) {
  SignableRequest request;
  request.method = "GET";
  request.headers = {{"Host", "h"}};
  for (const auto& [query, canonical] :
       {std::pair{"b=2&a=1&a=0", "a=0&a=1&b=2"}, std::pair{"acl", "acl="},
        std::pair{"prefix=a/b%2fc&list-type=2", "list-type=2&prefix=a%2Fb%2Fc"},
        std::pair{"a=x+y", "a=x%2By"}, std::pair{"a=100%", "a=100%25"}}) {
    request.query = query;
    EXPECT_THAT(sign(request, kKeys, {"us-east-1", "s3"}, Instant{}).canonical_request,
                testing::StartsWith(std::string("GET\n/\n") + canonical + "\n"))
        << query;
  }
}

TEST(SigV4, NothingButTheKeyIdShowsWhoSigned) {
  SignableRequest request;
  request.method = "GET";
  request.headers = {{"Host", "h"}};
  const Signature signature = sign(request, kKeys, {"us-east-1", "sts"}, Instant{});
  for (const std::string& text : {signature.canonical_request, signature.string_to_sign,
                                  value_of(signature.headers, "Authorization")}) {
    EXPECT_THAT(text, testing::Not(testing::HasSubstr(kKeys.secret_access_key)));
  }
}

}  // namespace
}  // namespace tocsin::aws
