#include "web/request.hpp"

#include <algorithm>

#include "base/json_writer.hpp"

namespace tocsin::web {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::optional<std::string_view> find(const Headers& headers, std::string_view name) {
  const auto at = std::ranges::find_if(
      headers, [&](const auto& header) { return same_name(header.first, name); });
  return at == headers.end() ? std::nullopt : std::optional<std::string_view>(at->second);
}

Response response(int status, std::string content_type, std::string body) {
  Response out;
  out.status = status;
  out.headers.emplace_back("Content-Type", std::move(content_type));
  out.headers.emplace_back("X-Content-Type-Options", "nosniff");
  out.headers.emplace_back("Cache-Control", "no-store");
  out.body = std::move(body);
  return out;
}

}  // namespace

std::optional<std::string_view> Request::header(std::string_view name) const {
  return find(headers, name);
}

std::size_t Request::count(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      headers, [&](const auto& header) { return same_name(header.first, name); }));
}

std::optional<std::string_view> Response::header(std::string_view name) const {
  return find(headers, name);
}

Response json_response(int status, std::string body) {
  return response(status, "application/json", std::move(body));
}

Response text_response(std::string content_type, std::string body) {
  return response(200, std::move(content_type), std::move(body));
}

Response problem_response(const Problem& problem) {
  std::string body;
  JsonWriter w(body);
  w.object().key("error").object();
  w.field("code", problem.code).field("message", problem.message);
  w.end_object().end_object();
  return json_response(problem.status, std::move(body));
}

}  // namespace tocsin::web
