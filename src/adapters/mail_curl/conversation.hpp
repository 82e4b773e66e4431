#pragma once
// Follows an SMTP exchange that somebody else leads, by the commands that went and the lines that
// came: how far it is, who was refused, what the last reply said. Pure.

#include <string>
#include <string_view>
#include <vector>

#include "ports/mailer.hpp"

namespace tocsin::adapters {

class Conversation {
 public:
  // `recipients` outlive this object; RCPT commands go in their order.
  explicit Conversation(const std::vector<std::string>& recipients) : recipients_(recipients) {}

  void on_command(std::string_view line);
  // One line of a reply. False: no SMTP, or longer than any honest reply; then problem() says what.
  [[nodiscard]] bool on_line(std::string_view line);
  // The last byte of the message was handed over.
  void on_message_end() { message_sent_ = true; }

  // `greeting` until the first command.
  [[nodiscard]] ports::MailPhase phase() const { return phase_; }
  // Whether the newest reply is complete and answers the newest command.
  [[nodiscard]] bool answered() const { return answered_; }
  [[nodiscard]] bool message_sent() const { return message_sent_; }
  [[nodiscard]] bool ending() const { return ending_; }
  [[nodiscard]] std::string_view problem() const { return problem_; }
  // The newest complete reply, with everybody refused so far; its address is not set. The final
  // one: nothing after the reply to the message's end is looked at.
  [[nodiscard]] const ports::MailReply& reply() const { return reply_; }
  // Whether the server said 421: it hangs up, whatever was asked (RFC 5321, section 3.8).
  [[nodiscard]] bool closing() const { return reply_.code == 421; }
  [[nodiscard]] bool all_refused() const { return reply_.refused.size() == recipients_.size(); }

 private:
  void on_reply(int code);

  const std::vector<std::string>& recipients_;
  ports::MailPhase phase_ = ports::MailPhase::greeting;
  ports::MailReply reply_;
  std::string text_;       // of the reply that is coming in
  std::size_t bytes_ = 0;  // of it
  std::size_t asked_ = 0;  // RCPT commands
  bool answered_ = false;
  bool message_sent_ = false;
  bool ending_ = false;  // QUIT went
  std::string_view problem_;
};

}  // namespace tocsin::adapters
