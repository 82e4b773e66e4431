#include "web/steps_json.hpp"

#include <algorithm>
#include <array>
#include <variant>

namespace tocsin::web {
namespace {

bool carries_credentials(std::string_view header) {
  constexpr std::array<std::string_view, 3> kNames{"authorization", "proxy-authorization",
                                                   "cookie"};
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::any_of(
      kNames, [&](std::string_view name) { return std::ranges::equal(header, name, {}, lower); });
}

struct Writer {
  JsonWriter& w;
  const HideSecrets& hide;

  void operator()(const notification::HttpStep& step) const {
    w.object().field("kind", "http").field("method", step.method).field("url", hide(step.url));
    w.key("headers").object();
    for (const auto& [name, value] : step.headers) {
      w.field(name, carries_credentials(name) ? std::string("***") : hide(value));
    }
    w.end_object().field("body", hide(step.body)).end_object();
  }

  void operator()(const notification::ExecStep& step) const {
    w.object().field("kind", "exec").key("run").array();
    for (const std::string& argument : step.argv) {
      w.value(hide(argument));
    }
    w.end_array().field("input", hide(step.input)).end_object();
  }

  void operator()(const notification::MailStep& step) const {
    constexpr std::array<std::string_view, 3> kSecurity{"none", "starttls", "tls"};
    w.object().field("kind", "mail").field("server", hide(step.server));
    w.field("port", unsigned{step.port});
    w.field("security", kSecurity[static_cast<std::size_t>(step.security)]);
    w.field("username", hide(step.username)).field("from", hide(step.from)).key("to").array();
    for (const std::string& address : step.to) {
      w.value(hide(address));
    }
    w.end_array().field("text", hide(step.text)).end_object();
  }
};

}  // namespace

void write_steps(JsonWriter& out, const std::vector<notification::Step>& steps,
                 const HideSecrets& hide) {
  out.array();
  for (const notification::Step& step : steps) {
    std::visit(Writer{out, hide}, step);
  }
  out.end_array();
}

}  // namespace tocsin::web
