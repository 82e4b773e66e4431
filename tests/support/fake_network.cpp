#include "support/fake_network.hpp"

#include <algorithm>
#include <memory>

namespace tocsin::test {

void FakeResolver::set(const std::string& name, std::vector<std::string> addresses,
                       Milliseconds after) {
  Answer answer;
  answer.resolved.kind = ports::Resolved::Kind::found;
  answer.resolved.addresses = std::move(addresses);
  answer.after = after;
  set(name, std::move(answer));
}

void FakeResolver::resolve(const std::string& name, check::IpFamily /*family*/, MonoTime deadline,
                           std::move_only_function<void(ports::Resolved)> done) {
  asked.push_back(name);
  Answer answer;
  answer.resolved.kind = ports::Resolved::Kind::no_name;
  if (const auto found = answers_.find(name); found != answers_.end()) {
    answer = found->second;
  }
  MonoTime when = loop_.mono_now() + answer.after;
  if (answer.never || when > deadline) {
    when = std::max(deadline, loop_.mono_now());
    answer.resolved = {ports::Resolved::Kind::no_answer, {}, "timeout"};
  }
  loop_.call_at(when, [resolved = std::move(answer.resolved), done = std::move(done)]() mutable {
    done(std::move(resolved));
  });
}

void FakeHttpClient::start(ports::HttpRequest request,
                           std::move_only_function<void(ports::HttpResult)> done) {
  Answer answer = script(request);
  if (request.timeout <= Milliseconds{0} || request.connect_timeout > request.timeout) {
    violations.push_back("timeouts of " + request.url);
  }
  const Milliseconds connect =
      request.connect_timeout > Milliseconds{0} ? request.connect_timeout : request.timeout;
  if (answer.never_connects || answer.never_answers || answer.after > request.timeout) {
    ports::HttpFailure failure;
    failure.kind = ports::HttpFailure::Kind::timeout;
    failure.message = "timed out";
    failure.connected = !answer.never_connects;
    answer.after = answer.never_connects ? connect : request.timeout;
    answer.result = std::unexpected(std::move(failure));
  }
  if (answer.result && !answer.result->timings.total) {
    answer.result->timings.total = answer.after;
  }
  if (answer.result && answer.result->remote_address.empty()) {
    answer.result->remote_address = request.address;
  }
  if (answer.result && !request.keep_body) {
    answer.result->body.resize(std::min(answer.result->body.size(), check::kBodyHeadBytes));
  }
  requests.push_back(std::move(request));
  const std::uint64_t id = next_++;
  pending_.emplace(id, std::move(done));
  auto result = std::make_shared<ports::HttpResult>(std::move(answer.result));
  loop_.call_at(loop_.mono_now() + answer.after, [this, id, result] {
    if (auto found = pending_.extract(id)) {
      found.mapped()(std::move(*result));
    }
  });
}

void FakeHttpClient::cancel_all() {
  auto pending = std::exchange(pending_, {});
  for (auto& [id, done] : pending) {
    done(http_failure(ports::HttpFailure::Kind::cancelled, "stopping"));
  }
}

void FakeTcpClient::start(ports::TcpRequest request,
                          std::move_only_function<void(ports::TcpResult)> done) {
  Answer answer = script(request);
  if (answer.never_connects || answer.never_answers || answer.after > request.timeout) {
    ports::TcpFailure failure;
    failure.kind = ports::TcpFailure::Kind::timeout;
    failure.connected = !answer.never_connects;
    if (!answer.result) {
      failure.received = answer.result.error().received;
    }
    const bool share = answer.never_connects && request.connect_timeout > Milliseconds{0};
    answer.after = share ? request.connect_timeout : request.timeout;
    answer.result = std::unexpected(std::move(failure));
  }
  if (answer.result && !answer.result->timings.total) {
    answer.result->timings.total = answer.after;
  }
  requests.push_back(std::move(request));
  auto result = std::make_shared<ports::TcpResult>(std::move(answer.result));
  loop_.call_at(loop_.mono_now() + answer.after,
                [result, done = std::move(done)]() mutable { done(std::move(*result)); });
}

ports::HttpResponse http_response(int status, std::string body, ports::Headers headers) {
  ports::HttpResponse response;
  response.status = status;
  response.body_bytes = body.size();
  response.body = std::move(body);
  response.headers = std::move(headers);
  return response;
}

ports::HttpResult http_failure(ports::HttpFailure::Kind kind, std::string message) {
  ports::HttpFailure failure;
  failure.kind = kind;
  failure.message = std::move(message);
  return std::unexpected(std::move(failure));
}

}  // namespace tocsin::test
