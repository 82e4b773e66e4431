// For tests/aws/check_signatures.py: signs random requests, or makes random calls, so that another
// implementation can say what their signatures should be.
//
// usage: tocsin_aws_caller sign COUNT SEED        one JSON object per line: the request as signed
//        tocsin_aws_caller call COUNT SEED URL    real calls to the endpoint URL

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>

#include "adapters/aws/sigv4.hpp"
#include "base/json_writer.hpp"
#include "base/random.hpp"
#include "contract/aws_fixture.hpp"

namespace tocsin::test {
namespace {

class Requests {
 public:
  explicit Requests(std::uint64_t seed) : random_(seed) {}

  std::string text(std::string_view letters, std::size_t most) {
    std::string out;
    const std::size_t size = random_.below(most + 1);
    while (out.size() < size) {
      out += letters[random_.below(letters.size())];
    }
    return out;
  }
  // Path segments and parameters as a careful client sends them: encoded once. No segment is a dot:
  // botocore cuts a last one otherwise than RFC 3986 does.
  std::string path() {
    std::string out;
    for (std::uint64_t i = random_.below(4); i > 0; --i) {
      out += "/p" + aws::uri_encode(text("ab .-_~%+=/:\xC3\xBC", 6), false);
    }
    return out.empty() || random_.chance(1, 4) ? out + "/" : out;
  }
  std::string query() {
    std::string out;
    for (std::uint64_t i = random_.below(5); i > 0; --i) {
      out += (out.empty() ? "" : "&") + aws::uri_encode("k" + text("abA-+ ", 3), false) + "=" +
             aws::uri_encode(text("vV/&=+ \xC3\xBC", 5), false);
    }
    return out;
  }
  std::string print_signed() {
    aws::SignableRequest request;
    request.method = random_.chance(1, 2) ? "POST" : "GET";
    request.path = path();
    request.query = query();
    request.headers = {{"Host", "svc.eu-central-1.amazonaws.com"},
                       {"X-Amz-Target", text("abc.", 9) + "x"},
                       {"X-Amz-Meta-A", text("ab", 4) + "  " + text("cd", 3)}};
    const std::string body = text("{}\":abc\xE2\x82\xAC\n", 40);
    request.body = body;
    const aws::Credentials credentials{"AKID" + text("ABC0", 8),
                                       "secret" + text("ab/+", 20),
                                       random_.chance(1, 2) ? "token/" + text("ab+=", 30) : "",
                                       {}};
    const aws::SigningScope scope{"eu-central-1", text("abc", 5) + "s"};
    const Instant now =
        from_unix_ms(1'767'225'600'000 + static_cast<std::int64_t>(random_.below(86'400'000'000)));
    const aws::Signature signature = aws::sign(request, credentials, scope, now);
    std::string out;
    JsonWriter json(out);
    json.object()
        .field("method", request.method)
        .field("url", "https://svc.eu-central-1.amazonaws.com" + request.path +
                          (request.query.empty() ? "" : "?" + request.query))
        .field("body_hex", hex(body))
        .field("key", credentials.access_key_id)
        .field("secret", credentials.secret_access_key)
        .field("token", credentials.session_token)
        .field("service", scope.service)
        .field("region", scope.region);
    json.key("headers").object();
    for (const auto& [name, value] : request.headers) {
      json.field(name, value);
    }
    for (const auto& [name, value] : signature.headers) {
      json.field(name, value);
    }
    json.end_object().end_object();
    return out;
  }
  static std::string hex(std::string_view text) {
    std::string out;
    for (const char c : text) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(c);
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 15U];
    }
    return out;
  }

 private:
  Random random_;
};

int call(std::uint64_t count, std::uint64_t seed, const std::string& url) {
  Requests requests(seed);
  for (std::uint64_t i = 0; i < count; ++i) {
    Variables variables{{"AWS_ENDPOINT_URL", url},
                        {"AWS_ACCESS_KEY_ID", "AKID" + std::to_string(i)},
                        {"AWS_SECRET_ACCESS_KEY", "secret" + std::to_string(i)}};
    if (i % 2 == 1) {
      variables["AWS_SESSION_TOKEN"] = "token/+=" + std::to_string(i);
    }
    RealAws aws(std::move(variables));
    std::string json = R"({"Id":)";
    append_json_string(json, requests.text("ab \xC3\xBC\"\\/%+", 30));
    const auto answer = i % 3 == 0
                            ? aws.call(aws::operation::kAssumeRole, "",
                                       {{"RoleArn", requests.text("arn:/+ =&*~\xC3\xBC", 30)}})
                            : aws.call(aws::operation::kPutItem, json + "}");
    if (!answer) {
      std::fprintf(stderr, "%s\n", describe(answer).c_str());
      return 1;
    }
  }
  return 0;
}

int run(int argc, char** argv) {
  if (argc < 4) {
    return 2;
  }
  const std::string_view what = argv[1];
  const std::uint64_t count = std::strtoull(argv[2], nullptr, 10);
  const std::uint64_t seed = std::strtoull(argv[3], nullptr, 10);
  if (what == "call" && argc == 5) {
    return call(count, seed, argv[4]);
  }
  Requests requests(seed);
  for (std::uint64_t i = 0; i < count; ++i) {
    std::puts(requests.print_signed().c_str());
  }
  return 0;
}

}  // namespace
}  // namespace tocsin::test

int main(int argc, char** argv) {
  try {
    return tocsin::test::run(argc, argv);
  } catch (const std::exception& error) {
    std::fputs(error.what(), stderr);
    return 1;
  }
}
