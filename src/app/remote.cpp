#include "app/remote.hpp"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <utility>

#include "check/json.hpp"

namespace tocsin::app {

Result<std::unique_ptr<Remote>> Remote::at(const ServerOptions& server) {
  auto remote = std::unique_ptr<Remote>(new Remote(server.url));
  auto client = ApiClient::at(remote->network_, server.url, server.token);
  if (!client) {
    return std::unexpected(std::move(client).error());
  }
  remote->client_.emplace(std::move(*client));
  return remote;
}

Remote::~Remote() { network_.stop_clients(); }

Result<std::string> Remote::ask(ApiClient::Request request) {
  std::optional<Result<ApiClient::Answer>> answer;
  network_.loop().post([&] {
    client_->send(std::move(request),
                  [&](Result<ApiClient::Answer> got) { answer = std::move(got); });
  });
  while (!answer && network_.loop().context().run_one() > 0) {
  }
  if (!answer) {
    return fail(ErrorCode::internal, "the loop ended before the answer");
  }
  if (!*answer) {
    return std::unexpected(std::move(answer->error()));
  }
  const auto body = check::parse_json((*answer)->body);
  const int status = (*answer)->status;
  if (!body || status < 200 || status > 299) {
    const std::string said =
        body ? body->find("error").find("message").string().value_or("no reason") : "not JSON";
    return fail(status == 404 ? ErrorCode::not_found : ErrorCode::unavailable,
                fmt::format("{} answered {}: {}", url_, status, said));
  }
  return std::move((*answer)->body);
}

Result<std::vector<std::string>> Remote::items(const std::string& path) {
  std::vector<std::string> out;
  const std::string first = path + (path.find('?') == std::string::npos ? "?" : "&") + "limit=1000";
  std::string cursor;
  while (true) {
    ApiClient::Request request;
    request.path = first + cursor;
    const auto page = ask(std::move(request));
    if (!page) {
      return std::unexpected(page.error());
    }
    const auto body = check::parse_json(*page);
    for (check::JsonItems items(body->find("items")); items.next();) {
      out.emplace_back(items.value().text());
    }
    const auto next = body->find("next").string();
    if (!next) {
      return out;
    }
    cursor = "&cursor=" + percent_encoded(*next);
  }
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string items_document(const std::vector<std::string>& items) {
  return fmt::format("{{\"items\":[{}]}}\n", fmt::join(items, ",\n"));
}

int give_up(const Error& error) {
  fmt::print(stderr, "tocsin: {}\n", error.message);
  return error.code == ErrorCode::invalid ? kUsage : kFailed;
}

}  // namespace tocsin::app
