// Two signers of Signature V4 that know nothing of each other, ours and libcurl's, on the same
// requests. Only what libcurl 7.88 signs rightly: it takes paths and queries as they are.

#include <curl/curl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <mutex>

#include "adapters/aws/sigv4.hpp"
#include "base/random.hpp"
#include "support/loopback_server.hpp"

namespace tocsin::test {
namespace {

std::string header_of(std::string_view request, std::string_view name) {
  while (!request.empty()) {
    const auto end = std::min(request.find("\r\n"), request.size());
    const std::string_view line = request.substr(0, end);
    request.remove_prefix(std::min(end + 2, request.size()));
    const auto colon = line.find(':');
    if (colon == name.size() &&
        std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) {
          return std::tolower(static_cast<unsigned char>(a)) ==
                 std::tolower(static_cast<unsigned char>(b));
        })) {
      return std::string(line.substr(line.find_first_not_of(' ', colon + 1)));
    }
  }
  return {};
}

// "20261121T213000Z".
Instant time_of(std::string_view text) {
  return *parse_rfc3339(fmt::format("{}-{}-{}T{}:{}:{}Z", text.substr(0, 4), text.substr(4, 2),
                                    text.substr(6, 2), text.substr(9, 2), text.substr(11, 2),
                                    text.substr(13, 2)));
}

class AwsSigner : public testing::Test {
 protected:
  AwsSigner()
      : server_([this](Peer& peer) {
          std::string request = peer.read_request();
          {
            const std::scoped_lock lock(mutex_);
            seen_ = std::move(request);
          }
          peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }) {}

  // What libcurl sends when it signs this request itself: its head.
  std::string by_libcurl(const aws::SignableRequest& request, const aws::Credentials& keys,
                         const aws::SigningScope& scope) {
    const std::unique_ptr<CURL, void (*)(CURL*)> easy(curl_easy_init(), curl_easy_cleanup);
    const std::string url = server_.url(request.path);
    curl_slist* list = nullptr;
    for (const auto& [name, value] : request.headers) {
      list = curl_slist_append(list, fmt::format("{}: {}", name, value).c_str());
    }
    const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(list, curl_slist_free_all);
    curl_easy_setopt(easy.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy.get(), CURLOPT_PROXY, "");
    curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(easy.get(), CURLOPT_USERNAME, keys.access_key_id.c_str());
    curl_easy_setopt(easy.get(), CURLOPT_PASSWORD, keys.secret_access_key.c_str());
    curl_easy_setopt(easy.get(), CURLOPT_AWS_SIGV4,
                     fmt::format("aws:amz:{}:{}", scope.region, scope.service).c_str());
    curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
    curl_easy_setopt(easy.get(), CURLOPT_COPYPOSTFIELDS, std::string(request.body).c_str());
    EXPECT_EQ(curl_easy_perform(easy.get()), CURLE_OK);
    const std::scoped_lock lock(mutex_);
    return seen_;
  }

  std::mutex mutex_;
  std::string seen_;
  LoopbackServer server_;
};

TEST_F(AwsSigner, AgreesWithLibcurlOnRandomCalls) {
  Random random(20'261'121);
  const auto word = [&random](std::string_view letters, std::size_t most) {
    std::string out;
    for (std::uint64_t length = 1 + random.below(most); length > 0; --length) {
      out += letters[random.below(letters.size())];
    }
    return out;
  };
  constexpr std::string_view kBase64 = "abcXYZ0189+/=";
  constexpr std::string_view kText = "abcXYZ0189+/=-_.~ {}\"\xc3\xbc\n";
  for (int i = 0; i < 50; ++i) {
    const aws::Credentials keys{"AKID" + std::to_string(i),
                                word(kBase64, 40),
                                random.chance(1, 2) ? word(kBase64, 300) : "",
                                {}};
    const aws::SigningScope scope{"eu-west-1", random.chance(1, 2) ? "dynamodb" : "sts"};
    const std::string body = word(kText, 500);
    aws::SignableRequest request;
    request.method = "POST";
    request.body = body;
    request.headers = {{"Content-Type", "application/x-amz-json-1.0"},
                       {"X-Amz-Target", "DynamoDB_20120810.GetItem"}};
    aws::SignableRequest theirs = request;
    if (!keys.session_token.empty()) {
      theirs.headers.emplace_back("X-Amz-Security-Token", keys.session_token);
    }
    const std::string sent = by_libcurl(theirs, keys, scope);
    request.headers.emplace_back("Host", header_of(sent, "Host"));
    const aws::Signature ours =
        aws::sign(request, keys, scope, time_of(header_of(sent, "X-Amz-Date")));
    ASSERT_EQ(ours.headers.back().first, "Authorization");
    ASSERT_EQ(ours.headers.back().second, header_of(sent, "Authorization"))
        << ours.canonical_request << "\n"
        << sent;
  }
}

}  // namespace
}  // namespace tocsin::test
