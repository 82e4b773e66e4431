#include "web/ping.hpp"

#include <algorithm>
#include <span>

#include "base/utf8.hpp"
#include "base/uuid.hpp"
#include "web/params.hpp"

namespace tocsin::web {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr PingRefusal kInvalidUrl{400, "invalid url format"};
constexpr PingRefusal kInvalidRid{400, "invalid uuid format"};

// What stands behind the name of the heartbeat.
std::expected<void, PingRefusal> read_action(std::span<const std::string> rest, PingCall& call) {
  if (!rest.empty() && rest.back().empty()) {
    rest = rest.first(rest.size() - 1);  // a slash at the end
  }
  if (rest.empty()) {
    return {};
  }
  if (rest.size() > 1) {
    return std::unexpected(kPingNotFound);
  }
  for (const timer::Action action :
       {timer::Action::start, timer::Action::fail, timer::Action::log}) {
    if (rest.front() == timer::to_string(action)) {
      call.action = action;
      return {};
    }
  }
  const auto status = parse_unsigned(rest.front());
  if (!status) {
    return std::unexpected(kPingNotFound);
  }
  if (*status > 255) {
    return std::unexpected(kInvalidUrl);
  }
  call.exit_status = static_cast<int>(*status);
  call.action = *status == 0 ? timer::Action::success : timer::Action::fail;
  return {};
}

std::expected<void, PingRefusal> read_rid(const Query& query, PingCall& call) {
  for (const auto& [name, value] : query) {
    if (name != "rid") {
      continue;
    }
    auto rid = parse_uuid(value);
    if (!rid) {
      return std::unexpected(kInvalidRid);
    }
    call.rid = std::move(*rid);
  }
  return {};
}

}  // namespace

bool is_ping(const std::vector<std::string>& segments) {
  return !segments.empty() && segments.front() == "ping";
}

std::expected<PingCall, PingRefusal> read_ping(const Target& target) {
  PingCall call;
  std::span<const std::string> rest(target.segments);
  rest = rest.subspan(std::min<std::size_t>(1, rest.size()));
  if (rest.empty() || rest.front().empty()) {
    return std::unexpected(kPingNotFound);
  }
  if (auto uuid = parse_uuid(rest.front())) {
    call.uuid = std::move(*uuid);
    rest = rest.subspan(1);
  } else {
    if (rest.size() < 2 || rest[1].empty()) {
      return std::unexpected(kPingNotFound);
    }
    call.key = rest[0];
    call.name = rest[1];
    rest = rest.subspan(2);
  }
  if (auto read = read_action(rest, call); !read) {
    return std::unexpected(read.error());
  }
  if (auto read = read_rid(target.query, call); !read) {
    return std::unexpected(read.error());
  }
  return call;
}

std::string ping_text(std::string_view body, std::uint64_t limit) {
  std::string out;
  while (!body.empty()) {
    const std::size_t length = utf8_sequence_length(body);
    const std::string_view next = length > 0 ? body.substr(0, length) : kReplacement;
    if (out.size() + next.size() > limit) {
      break;
    }
    // A character that the limit cut through is no wrong byte.
    if (length == 0 && body.size() < 4 && out.size() + body.size() >= limit) {
      break;
    }
    out += next;
    body.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

Response ping_response(int status, std::string_view body, std::uint64_t body_limit) {
  Response out = text_response("text/plain; charset=utf-8", std::string(body));
  out.status = status;
  for (auto& [name, value] : out.headers) {
    if (name == "Cache-Control") {
      value = "max-age=0, no-cache, no-store, must-revalidate, private";
    }
  }
  out.headers.emplace_back("Access-Control-Allow-Origin", "*");
  out.headers.emplace_back("Ping-Body-Limit", std::to_string(body_limit));
  return out;
}

}  // namespace tocsin::web
