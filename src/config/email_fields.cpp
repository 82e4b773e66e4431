#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "check/address.hpp"
#include "config/endpoint.hpp"
#include "config/provider_fields.hpp"

namespace tocsin::config {
namespace {

using notification::EmailOptions;
using Security = notification::MailStep::Security;

constexpr std::string_view kText = R"({"type":"string"})";

template <auto Member>
constexpr auto kMember = [](auto& object) -> auto& { return object.*Member; };

// A mailbox of RFC 5321 without quoting and address literals: nobody's alerts need these.
bool is_address(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || at > 64 || text.size() > 254) return false;
  const std::string_view local = text.substr(0, at);
  const bool good = std::ranges::all_of(local, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
  });
  return good && !check::host_problem(text.substr(at + 1));
}

// "Tocsin <tocsin@example.com>" or the address alone.
void decode_from(Decoder& d, const Node& node, EmailOptions& out) {
  constexpr std::string_view kWhat = "an address such as Tocsin <tocsin@example.com>";
  const auto text = decode_line(d, node, kWhat, 320);
  if (!text) return;
  const std::size_t open = text->find('<');
  if (open == std::string::npos) {
    out.from = *text;
  } else if (text->ends_with('>')) {
    out.from = text->substr(open + 1, text->size() - open - 2);
    const std::size_t end = text->find_last_not_of(' ', open == 0 ? 0 : open - 1);
    out.from_name = open == 0 ? "" : text->substr(0, end + 1);
  }
  if (!is_address(out.from)) d.expected(node, kWhat);
}

void decode_to(Decoder& d, const Node& node, EmailOptions& out) {
  const auto names = decode_names(d, node, "an address such as ops@example.com");
  if (!names) return;
  constexpr std::size_t kMost = 100;  // what every mail server takes (RFC 5321, section 4.5.3.1.8)
  if (names->empty() || names->size() > kMost) {
    d.error(node.at, fmt::format("expected 1 to {} addresses", kMost));
  }
  for (const NamedReference& name : *names) {
    if (!is_address(name.name)) d.error(name.at, "expected an address such as ops@example.com");
    out.to.push_back(name.name);
  }
}

// "smtp.example.com" or with ":587".
void decode_server(Decoder& d, const Node& node, EmailOptions& out) {
  constexpr std::string_view kWhat = "a mail server such as smtp.example.com:587";
  const auto text = decode_line(d, node, kWhat, 300);
  if (!text) return;
  if (const auto endpoint = check::parse_host_port(*text)) {
    out.server = endpoint->host;
    out.port = endpoint->port;
  } else if (!check::host_problem(*text)) {
    out.server = *text;
    out.port = 0;
  } else {
    d.expected(node, kWhat);
  }
}

constexpr auto kUser = [](Decoder& d, const Node& n) { return decode_line(d, n, "a user name"); };
constexpr auto kPassword = [](Decoder& d, const Node& n) {
  return decode_secret(d, n, "a password");
};
constexpr auto kPrefix = [](Decoder& d, const Node& n) -> std::optional<std::string> {
  auto text = decode_text(d, n, 100);
  if (text && has_control_characters(*text)) {
    d.expected(n, "a text on one line");
    return std::nullopt;
  }
  return text;
};
constexpr auto kSecurity = [](Decoder& d, const Node& n) {
  return decode_choice<Security>(
      d, n, {{"starttls", Security::starttls}, {"tls", Security::tls}, {"none", Security::none}});
};

constexpr std::array kEmailFields{
    Field<EmailOptions>{{"server", "mail server, with or without its port", kText}, decode_server},
    field<EmailOptions, kMember<&EmailOptions::security>, kSecurity>(
        "security", "starttls, tls or none", R"({"enum":["starttls","tls","none"]})"),
    field<EmailOptions, kMember<&EmailOptions::username>, kUser>("username", "user name", kText),
    field<EmailOptions, kMember<&EmailOptions::password>, kPassword>("password", "secret", kText),
    Field<EmailOptions>{{"from", "sender: an address, with or without a name", kText}, decode_from},
    Field<EmailOptions>{{"to", "recipients", R"({"$ref":"#/$defs/names"})"}, decode_to},
    field<EmailOptions, kMember<&EmailOptions::subject_prefix>, kPrefix>(
        "subject_prefix", "in front of every subject", kText),
};

std::uint16_t usual_port(Security security) {
  switch (security) {
    case Security::starttls:
      return 587;  // RFC 6409
    case Security::tls:
      return 465;  // RFC 8314
    case Security::none:
      break;
  }
  return 25;
}

void check_email(Decoder& d, const Node& node, const Draft<EmailOptions>& draft) {
  const auto& table = email_table();
  for (const std::string_view name : {"server", "from", "to"}) {
    if (!given(table, draft, name)) d.error(node.at, fmt::format("expected {}", name));
  }
  if (given(table, draft, "username") != given(table, draft, "password")) {
    d.error(node.at, "username and password belong together, found only one of them");
  } else if (given(table, draft, "password") && draft.value.security == Security::none &&
             !is_loopback(draft.value.server)) {
    d.error(node.at, "a password over security: none could be read by everybody on the way");
  }
}

}  // namespace

const Table<EmailOptions>& email_table() {
  static constexpr Table<EmailOptions> kTable{kEmailFields, {}};
  return kTable;
}

MakeFormat decode_email(Decoder& d, const Node& node) {
  const std::size_t before = d.errors();
  Draft<EmailOptions> draft;
  decode_object(d, node, email_table(), draft);
  if (d.errors() == before) check_email(d, node, draft);
  if (d.errors() > before) return {};
  EmailOptions& options = draft.value;
  if (options.port == 0) options.port = usual_port(options.security);
  return [options](const notification::Outlet&,
                   const std::shared_ptr<const notification::Texts>& texts) {
    return notification::make_email(options, texts);
  };
}

}  // namespace tocsin::config
