#pragma once
// Mail through an SMTP server: plain text and HTML, one thread per incident.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "notification/format.hpp"
#include "notification/texts.hpp"

namespace tocsin::notification {

struct EmailOptions {
  std::string server;
  std::uint16_t port = 587;
  MailStep::Security security = MailStep::Security::starttls;
  std::string username, password;
  std::string from_name, from;  // the address alone in `from`
  std::vector<std::string> to;  // addresses
  std::string subject_prefix = "[Tocsin]";
};

// Message-ID derives from the delivery's key, so a mail sent twice is known as one. Everything
// about one incident names the same root in References, so that readers show it as one thread,
// whichever of its mails arrived.
[[nodiscard]] std::shared_ptr<const Format> make_email(EmailOptions options,
                                                       std::shared_ptr<const Texts> texts);

}  // namespace tocsin::notification
