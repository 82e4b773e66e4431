#pragma once
// The AWS client on the real network, which is loopback: what its contract suites share. Servers
// come from tests/aws/servers.py.

#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "adapters/aws/client.hpp"
#include "adapters/aws/credential_fetch.hpp"
#include "adapters/command_posix/command_posix.hpp"
#include "adapters/config_files/config_files.hpp"
#include "adapters/dns_cares/dns_cares.hpp"
#include "adapters/http_curl/http_curl.hpp"
#include "contract/loop_fixture.hpp"

namespace tocsin::test {

using Variables = std::map<std::string, std::string, std::less<>>;

// "http://127.0.0.1:4566" of a server that tests/aws/servers.py started.
inline std::string server_url(const char* variable) {
  const char* url = std::getenv(variable);
  if (url == nullptr) {
    throw std::runtime_error(std::string(variable) + " is not set: run by tests/aws/servers.py");
  }
  return url;
}

// Everything real but the environment, on a loop of its own.
class RealAws {
 public:
  explicit RealAws(Variables variables) : variables_(std::move(variables)) {
    loop_.on_loop([this] {
      resolver_ =
          std::make_unique<adapters::DnsCares>(loop_.loop, loop_.clock, loop_.loop.context());
      commands_ = std::make_unique<adapters::CommandPosix>(loop_.loop, loop_.clock,
                                                           loop_.loop.context(), no_environment_);
    });
  }
  ~RealAws() {
    http_.reset();
    loop_.on_loop([this] {
      client_.reset();
      cache_.reset();
      commands_.reset();
      resolver_.reset();
    });
    loop_.stop();
  }
  RealAws(const RealAws&) = delete;
  RealAws& operator=(const RealAws&) = delete;

  [[nodiscard]] aws::World world() {
    return {loop_.clock,
            loop_.loop,
            *resolver_,
            *http_,
            *commands_,
            [this](std::string_view name) -> std::optional<std::string> {
              const auto found = variables_.find(name);
              return found == variables_.end() ? std::nullopt : std::optional(found->second);
            },
            [](const std::string& path) { return adapters::read_file(path, 1U << 20U); },
            random_};
  }

  // One call, answered or failed. The client and its credentials stay for the next.
  aws::ApiResult call(const aws::Operation& operation, std::string json,
                      aws::Parameters parameters = {}, Milliseconds within = Milliseconds{20'000}) {
    Awaited<aws::ApiResult> answer;
    loop_.on_loop([&] {
      if (client_ == nullptr) {
        cache_ = std::make_unique<aws::CredentialCache>(
            world(), aws::credential_chain(world(), "", options.region));
        client_ = std::make_unique<aws::Client>(world(), options, cache_.get());
      }
      client_->call({operation, std::move(json), std::move(parameters), loop_.in(within)},
                    answer.taker());
    });
    return answer.get();
  }
  // The access key id, or the error.
  std::string credentials() {
    Awaited<Result<Credentials>> answer;
    loop_.on_loop([&] { aws::credential_chain(world(), "", "us-east-1")(answer.taker()); });
    const auto found = answer.get();
    return found ? found->access_key_id : found.error().message;
  }
  [[nodiscard]] Milliseconds clock_offset() const { return client_->clock_offset(); }

  aws::ClientOptions options{.region = "us-east-1", .first_delay = Milliseconds{20}};

 private:
  using Credentials = aws::Credentials;

  Variables variables_;
  std::vector<std::string> no_environment_;
  LoopThread loop_;
  Random random_{5};
  std::unique_ptr<adapters::HttpCurl> http_ = std::make_unique<adapters::HttpCurl>();
  std::unique_ptr<adapters::DnsCares> resolver_;
  std::unique_ptr<adapters::CommandPosix> commands_;
  std::unique_ptr<aws::CredentialCache> cache_;
  std::unique_ptr<aws::Client> client_;
};

inline std::string describe(const aws::ApiResult& result) {
  return result ? "success" : aws::to_string(result.error());
}

}  // namespace tocsin::test
