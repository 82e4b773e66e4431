#pragma once
// A mail server on virtual time: each message gets the answer that the test says, after the delay
// the test says, and the mailer keeps what ports::Mailer promises: timeout, bounds, turns. Stricter
// than the real one: a request that breaks the contract is recorded as a violation.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ports/mailer.hpp"
#include "support/virtual_loop.hpp"

namespace tocsin::test {

class ScriptedMailer final : public ports::Mailer {
 public:
  struct Answer {
    ports::MailResult result;
    Milliseconds after{0};  // beyond the timeout: `timeout` in the phase `hangs_in`
    ports::MailPhase hangs_in = ports::MailPhase::connecting;
  };
  explicit ScriptedMailer(VirtualLoop& loop, std::size_t max_sending = 8,
                          std::size_t max_waiting = 1'000)
      : loop_(loop), max_sending_(max_sending), max_waiting_(max_waiting) {}
  // As the real one: everything is cancelled, by posts to the loop.
  ~ScriptedMailer() override;

  void send(ports::MailRequest request,
            std::move_only_function<void(ports::MailResult)> done) override;

  // Asked when a message has its turn.
  std::function<Answer(const ports::MailRequest&)> script;
  std::vector<ports::MailRequest> requests;  // in the order of their turns
  std::vector<std::string> violations;
  [[nodiscard]] std::size_t sending() const { return sending_.size(); }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

  // A reply that ends the exchange in `phase`.
  [[nodiscard]] static Answer replies(int code, std::string text, ports::MailPhase phase);
  [[nodiscard]] static Answer delivers(std::vector<ports::MailReply::Refusal> refused = {});
  [[nodiscard]] static Answer hangs(ports::MailPhase phase);
  [[nodiscard]] static Answer fails(ports::MailFailure::Kind kind, std::string message);

 private:
  using Done = std::move_only_function<void(ports::MailResult)>;
  struct Job {
    ports::MailRequest request;
    Done done;
    ports::TimerId timer = 0;
  };

  void begin(std::uint64_t id, Job job);
  void finish(std::uint64_t id, ports::MailResult result);
  void post(Done done, ports::MailResult result);

  VirtualLoop& loop_;
  std::size_t max_sending_;
  std::size_t max_waiting_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, Job> sending_;
  std::map<std::uint64_t, Job> waiting_;
};

}  // namespace tocsin::test
