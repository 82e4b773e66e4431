#include "notification/provider/email.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/hash.hpp"
#include "base/redactor.hpp"
#include "notification/compose.hpp"
#include "notification/http_date.hpp"
#include "notification/judge.hpp"
#include "notification/provider/mime.hpp"

namespace tocsin::notification {
namespace {

std::string_view colour_of(const Composed& composed) {
  if (composed.closes) return "#2e7d32";
  switch (composed.severity) {
    case alert::Severity::critical:
      return "#c62828";
    case alert::Severity::warning:
      return "#f9a825";
    case alert::Severity::info:
      break;
  }
  return "#1565c0";
}

// Links of the text become links; the text is escaped already.
std::string html_line(std::string_view line) {
  const std::size_t at = std::min(line.find("https://"), line.find("http://"));
  if (at == std::string_view::npos) return std::string(line);
  const std::string_view rest = line.substr(at);
  // Entities of quotes and brackets end a link as the characters would.
  std::size_t end = rest.find_first_of(" \t\"'<>");
  for (const std::string_view entity : {"&quot;", "&#39;", "&lt;", "&gt;"}) {
    end = std::min(end, rest.find(entity));
  }
  const std::string_view url = rest.substr(0, end);
  return fmt::format("{}<a href=\"{}\">{}</a>{}", line.substr(0, at), url, url,
                     rest.substr(url.size()));
}

std::string html_of(const Composed& composed) {
  std::string title;
  escape_html(title, composed.title);
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html><body style=\"font-family:sans-serif\">\n"
      "<p style=\"border-left:6px solid {};padding-left:10px;font-size:18px\">{}</p>\n<p>",
      colour_of(composed), title);
  std::string_view rest = composed.text;
  while (true) {
    const std::size_t end = rest.find('\n');
    out += html_line(rest.substr(0, end));
    if (end == std::string_view::npos) break;
    out += "<br>\n";
    rest.remove_prefix(end + 1);
  }
  return out + "</p>\n</body></html>\n";
}

std::string crlf(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\r') continue;
    if (c == '\n') out += '\r';
    out += c;
  }
  return out + "\r\n";
}

// Of the reply codes of RFC 5321, section 4.2.2, and RFC 4954: what is about this message alone.
// To RCPT TO the same codes say "relay access denied" or "mailbox full".
Verdict::Kind kind_of(const Answer& answer) {
  const int code = answer.status;
  if (code >= 200 && code < 300) return Verdict::Kind::delivered;
  if (code < 500) return Verdict::Kind::retry;
  const bool message = code == 552 || code == 554;  // too large; content refused
  return message && !answer.before_message ? Verdict::Kind::message_failed
                                           : Verdict::Kind::channel_failed;
}

class Email final : public Format {
 public:
  Email(EmailOptions options, std::shared_ptr<const Texts> texts)
      : options_(std::move(options)),
        texts_(std::move(texts)),
        redactor_(std::vector<std::string>{options_.password}) {
    const std::size_t at = options_.from.rfind('@');
    domain_ = at == std::string::npos ? "localhost" : options_.from.substr(at + 1);
  }

  [[nodiscard]] Audience audience() const override { return Audience::people; }

  [[nodiscard]] Work prepare(const Message& message,
                             const std::optional<Earlier>& /*earlier*/) const override {
    MailStep step;
    step.server = options_.server;
    step.port = options_.port;
    step.security = options_.security;
    step.username = options_.username;
    step.password = options_.password;
    step.from = options_.from;
    step.to = options_.to;
    // A person reads no more than this; mail servers take megabytes.
    constexpr std::size_t kLimit = 100'000;
    const Composed plain = compose(message, *texts_, {.limit = kLimit});
    Composed html = plain;
    if (message.formatted) {  // a program's text is no HTML
      html.text.clear();
      escape_html(html.text, plain.text);
    } else {
      html = compose(message, *texts_, {.escape = escape_html, .limit = kLimit});
    }
    const std::string id = fmt::format("{:016x}", stable_hash(message.key));
    step.text = mail_text(headers(message, plain, id), {crlf(plain.text), crlf(html_of(html))},
                          fmt::format("tocsin-{}", id));
    Work work;
    work.steps.emplace_back(std::move(step));
    return work;
  }

  [[nodiscard]] Verdict judge(const Work& /*work*/, std::size_t /*index*/,
                              const Answer& answer) const override {
    Verdict out;
    out.kind = kind_of(answer);
    if (out.kind == Verdict::Kind::delivered) out.warning = redactor_.redact(answer.refused);
    const std::string said = excerpt(answer.body.empty() ? answer.failure : answer.body);
    out.message = answer.status == 0
                      ? answer.failure
                      : fmt::format("SMTP {}{}{}", answer.status, said.empty() ? "" : ": ", said);
    out.message = redactor_.redact(out.message);
    return out;
  }

 private:
  [[nodiscard]] std::string message_id(std::string_view unique) const {
    return fmt::format("<{}@{}>", unique, domain_);
  }

  [[nodiscard]] std::vector<MailHeader> headers(const Message& message, const Composed& composed,
                                                std::string_view id) const {
    std::vector<MailHeader> out;
    out.emplace_back("Date", format_mail_date(message.now));
    out.emplace_back("From", encode_address(options_.from_name, options_.from));
    out.emplace_back("To", recipients());
    const std::string_view space = options_.subject_prefix.empty() ? "" : " ";
    out.emplace_back("Subject",
                     encode_words(cut(options_.subject_prefix + std::string(space) + composed.title,
                                      200, Unit::utf16)));
    out.emplace_back("Message-ID", message_id(fmt::format("tocsin.{}", id)));
    if (const std::string& incident = message.events.front().incident; !incident.empty()) {
      const std::string root =
          message_id(fmt::format("tocsin.incident.{:016x}", stable_hash(incident)));
      out.emplace_back("In-Reply-To", root);
      out.emplace_back("References", root);
    }
    // No holiday notice answers a machine (RFC 3834, section 5).
    out.emplace_back("Auto-Submitted", "auto-generated");
    if (composed.severity == alert::Severity::critical && !composed.closes) {
      out.emplace_back("X-Priority", "1");
    }
    return out;
  }

  [[nodiscard]] std::string recipients() const {
    std::string out;
    for (const std::string& address : options_.to) {
      out += fmt::format("{}{}", out.empty() ? "" : ",\r\n ", address);
    }
    return out;
  }

  EmailOptions options_;
  std::shared_ptr<const Texts> texts_;
  Redactor redactor_;
  std::string domain_;
};

}  // namespace

std::shared_ptr<const Format> make_email(EmailOptions options, std::shared_ptr<const Texts> texts) {
  return std::make_shared<Email>(std::move(options), std::move(texts));
}

}  // namespace tocsin::notification
