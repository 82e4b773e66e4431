#include "app/api_client.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "check/url.hpp"

namespace tocsin::app {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds kLookupTimeout = 10s;
constexpr std::uint64_t kLargestAnswer = std::uint64_t{64} << 20U;

}  // namespace

Result<ApiClient> ApiClient::at(Network& network, std::string url, std::string token) {
  while (url.ends_with('/')) {
    url.pop_back();
  }
  auto parsed = check::parse_url(url);
  if (!parsed) {
    return std::unexpected(std::move(parsed).error().with("--url"));
  }
  return ApiClient(network, std::move(url), parsed->host, std::move(token));
}

void ApiClient::get(const std::string& path, Done done) {
  Request request;
  request.path = path;
  send(std::move(request), std::move(done));
}

void ApiClient::send(Request asked, Done done) {
  ports::HttpRequest request;
  request.url = url_ + asked.path;
  request.method = std::move(asked.method);
  request.body = std::move(asked.body);
  request.timeout = asked.timeout;
  if (request.method != "GET") {
    request.headers.emplace_back("Content-Type", "application/json");
  }
  request.max_body_bytes = kLargestAnswer;
  request.reuse_connection = true;
  request.headers.emplace_back("Accept", "application/json");
  if (!token_.empty()) {
    request.headers.emplace_back("Authorization", "Bearer " + token_);
  }
  auto exchange = [network = network_, url = url_, request = std::move(request),
                   done = std::move(done)](ports::Resolved found) mutable {
    if (found.kind != ports::Resolved::Kind::found) {
      done(fail(ErrorCode::unavailable, fmt::format("cannot ask {}: {}", url, found.message)));
      return;
    }
    request.address = found.addresses.front();
    auto answered = [network, url = std::move(url),
                     done = std::move(done)](ports::HttpResult result) mutable {
      auto deliver = [url = std::move(url), done = std::move(done),
                      result = std::move(result)]() mutable {
        if (!result) {
          done(fail(ErrorCode::unavailable,
                    fmt::format("cannot ask {}: {}; is `tocsin run` up, and is --url (TOCSIN_URL) "
                                "its `listen` address?",
                                url, result.error().message)));
          return;
        }
        done(Answer{result->status, std::move(result->body)});
      };
      network->loop().post(std::move(deliver));
    };
    network->http().start(std::move(request), std::move(answered));
  };
  network_->resolver().resolve(host_, check::IpFamily::any,
                               network_->clock().mono_now() + kLookupTimeout, std::move(exchange));
}

}  // namespace tocsin::app
