#pragma once
// A world on virtual time for tests of the AWS client: names that resolve, a scripted HTTP client
// that answers by URL, scripted programs, variables and files in maps.

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/aws/world.hpp"
#include "support/fake_network.hpp"
#include "support/scripted_command_runner.hpp"
#include "support/virtual_loop.hpp"

namespace tocsin::aws {

class TestWorld {
 public:
  using Answer = test::FakeHttpClient::Answer;

  TestWorld() {
    http.script = [this](const ports::HttpRequest& request) { return answer(request); };
    for (const char* host : {"169.254.169.254", "169.254.170.2", "169.254.170.23"}) {
      resolver.set(host, {host});
    }
    for (const char* host : {"sts.us-east-1", "sts.eu-central-1", "dynamodb.eu-central-1",
                             "portal.sso.eu-central-1"}) {
      resolver.set(std::string(host) + ".amazonaws.com", {"10.0.0.1"});
    }
  }

  [[nodiscard]] World world() {
    return {loop,
            loop,
            resolver,
            http,
            commands,
            [this](std::string_view name) -> std::optional<std::string> {
              const auto found = variables.find(name);
              return found == variables.end() || found->second.empty()
                         ? std::nullopt
                         : std::optional(found->second);
            },
            [this](const std::string& path) -> Result<std::string> {
              const auto found = files.find(path);
              return found == files.end() ? fail(ErrorCode::not_found, path + ": no such file")
                                          : Result<std::string>(found->second);
            },
            random};
  }

  // The next answers to requests whose URL begins with `url`, in order; the last one stays.
  void on(const std::string& url, std::vector<Answer> next) { answers[url] = std::move(next); }
  static Answer status(int code, std::string body = "", ports::Headers headers = {}) {
    return {test::http_response(code, std::move(body), std::move(headers))};
  }
  [[nodiscard]] std::size_t asked(std::string_view url) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        http.requests, [&](const auto& request) { return request.url.starts_with(url); }));
  }

  test::VirtualLoop loop;
  test::FakeResolver resolver{loop};
  test::FakeHttpClient http{loop};
  test::ScriptedCommandRunner commands{loop};
  std::map<std::string, std::string, std::less<>> variables;
  std::map<std::string, std::string, std::less<>> files;
  std::map<std::string, std::vector<Answer>> answers;
  Random random{11};

 private:
  // The longest prefix wins.
  Answer answer(const ports::HttpRequest& request) {
    std::vector<Answer>* best = nullptr;
    for (auto& [url, next] : answers) {  // in order of the text: longer prefixes come later
      if (request.url.starts_with(url)) {
        best = &next;
      }
    }
    if (best == nullptr || best->empty()) {
      return {test::http_failure(ports::HttpFailure::Kind::connect, "connection refused")};
    }
    Answer out = best->front();
    if (best->size() > 1) {
      best->erase(best->begin());
    }
    return out;
  }
};

[[nodiscard]] inline std::string header_of(const ports::HttpRequest& request,
                                           std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) {
      return value;
    }
  }
  return "";
}

}  // namespace tocsin::aws
