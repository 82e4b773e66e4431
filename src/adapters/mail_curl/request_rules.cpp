#include "adapters/mail_curl/request_rules.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.hpp"

namespace tocsin::adapters {
namespace {

constexpr std::size_t kMaxRecipients = 100;  // what every server takes (RFC 5321, 4.5.3.1.8)
constexpr std::size_t kMaxAddress = 254;     // RFC 5321, 4.5.3.1.3, without the angle brackets
constexpr std::size_t kMaxLine = 998;        // RFC 5322, 2.1.1
constexpr std::size_t kMaxText = std::size_t{32} << 20U;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// What could end the command that the address stands in, or begin another argument of it.
bool is_unsafe(char c) { return is_control(c) || c == ' ' || c == '<' || c == '>'; }

std::string invalid_address(std::string_view what, std::string_view address) {
  if (address.size() > kMaxAddress) {
    return fmt::format("{} is longer than {} bytes", what, kMaxAddress);
  }
  if (std::ranges::any_of(address, is_unsafe)) {
    return fmt::format("{} is not a bare mail address: `{}`", what, printable(address));
  }
  return "";
}

std::string invalid_text(std::string_view text) {
  if (text.empty()) {
    return "the message is empty";
  }
  if (text.size() > kMaxText) {
    return fmt::format("the message is larger than {}MiB", kMaxText >> 20U);
  }
  for (std::size_t line = 1, at = 0; at < text.size(); ++line) {
    const auto end = text.find("\r\n", at);
    const std::string_view one = text.substr(at, end - at);
    if (one.size() > kMaxLine) {
      return fmt::format("line {} of the message is longer than {} bytes", line, kMaxLine);
    }
    if (one.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
      return fmt::format("line {} of the message holds a bare CR, LF or NUL", line);
    }
    at = end == std::string_view::npos ? text.size() : end + 2;
  }
  return "";
}

std::string invalid_server(const ports::MailRequest& request) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == ':';
  };
  const bool numeric = is_numeric_address(request.server);
  if (request.server.empty() || !std::ranges::all_of(request.server, allowed) ||
      (!numeric && request.server.find(':') != std::string::npos)) {
    return fmt::format("the server is neither a host name nor an address: `{}`",
                       printable(request.server));
  }
  if (request.port == 0) {
    return "the server has no port";
  }
  if (request.address.empty() ? !numeric : !is_numeric_address(request.address)) {
    return "the server's address is not numeric";
  }
  return "";
}

}  // namespace

bool is_numeric_address(const std::string& text) {
  in6_addr parsed{};
  return inet_pton(AF_INET, text.c_str(), &parsed) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &parsed) == 1;
}

std::string host_and_port(std::string_view host, std::uint16_t port) {
  const bool v6 = host.find(':') != std::string_view::npos;
  return v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::string invalid_mail(const ports::MailRequest& request) {
  if (std::string wrong = invalid_server(request); !wrong.empty()) {
    return wrong;
  }
  if (std::string wrong = invalid_address("the sender", request.from); !wrong.empty()) {
    return wrong;
  }
  if (request.recipients.empty() || request.recipients.size() > kMaxRecipients) {
    return fmt::format("{} recipients: at least one and at most {}", request.recipients.size(),
                       kMaxRecipients);
  }
  for (std::size_t i = 0; i < request.recipients.size(); ++i) {
    const std::string what = fmt::format("recipient {}", i + 1);
    if (request.recipients[i].empty()) {
      return what + " is empty";
    }
    if (std::string wrong = invalid_address(what, request.recipients[i]); !wrong.empty()) {
      return wrong;
    }
  }
  if (request.username.find('\0') != std::string::npos ||
      request.password.find('\0') != std::string::npos) {
    return "user name or password holds a NUL byte";
  }
  if (request.timeout <= Milliseconds{0}) {
    return "the timeout is not positive";
  }
  return invalid_text(request.text);
}

}  // namespace tocsin::adapters
