#include "adapters/mail_curl/conversation.hpp"

#include "base/utf8.hpp"

namespace tocsin::adapters {
namespace {

using ports::MailPhase;

constexpr std::size_t kMaxReply = std::size_t{64} << 10U;
constexpr std::size_t kMaxText = std::size_t{1} << 10U;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The code of "250-text", "250 text", "250"; 0 when it is none (RFC 5321, section 4.2).
int code_of(std::string_view line) {
  if (line.size() < 3 || !is_digit(line[0]) || !is_digit(line[1]) || !is_digit(line[2]) ||
      (line.size() > 3 && line[3] != ' ' && line[3] != '-')) {
    return 0;
  }
  return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

}  // namespace

void Conversation::on_command(std::string_view line) {
  // During authentication lines without a verb go; base64 has neither space nor colon.
  if (line.starts_with("EHLO") || line.starts_with("HELO")) {
    phase_ = MailPhase::hello;
  } else if (line.starts_with("STARTTLS\r")) {
    phase_ = MailPhase::starttls;
  } else if (line.starts_with("AUTH ")) {
    phase_ = MailPhase::authentication;
  } else if (line.starts_with("MAIL FROM:")) {
    phase_ = MailPhase::sender;
  } else if (line.starts_with("RCPT TO:")) {
    phase_ = MailPhase::recipients;
    ++asked_;
  } else if (phase_ == MailPhase::recipients && line.starts_with("DATA\r")) {
    phase_ = MailPhase::data;
  } else if (line.starts_with("QUIT\r")) {
    ending_ = true;
    return;
  }
  answered_ = false;
}

bool Conversation::on_line(std::string_view line) {
  if (ending_) {
    return true;
  }
  bytes_ += line.size();
  while (line.ends_with('\n') || line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  const int code = code_of(line);
  if (code == 0) {
    problem_ = "the answer is not SMTP";
    return false;
  }
  if (bytes_ > kMaxReply) {
    problem_ = "a reply is longer than 64KiB";
    return false;
  }
  const std::string_view text = line.size() > 4 ? line.substr(4) : std::string_view();
  if (!text.empty() && text_.size() <= kMaxText) {
    text_.append(text_.empty() ? "" : " ").append(text);
  }
  if (line.size() == 3 || line[3] == ' ') {
    on_reply(code);
  }
  return true;
}

void Conversation::on_reply(int code) {
  reply_.code = code;
  reply_.text = printable(clip(text_, kMaxText));
  reply_.phase = phase_;
  answered_ = true;
  text_.clear();
  bytes_ = 0;
  if (phase_ == MailPhase::recipients && code / 100 != 2 && asked_ >= 1 &&
      asked_ <= recipients_.size()) {
    reply_.refused.push_back({recipients_[asked_ - 1], code, reply_.text});
  }
  if (phase_ == MailPhase::data && code == 354) {
    phase_ = MailPhase::message;
    answered_ = false;
  }
}

}  // namespace tocsin::adapters
