#pragma once
// The fake of ports::Courier: the other side of every channel, by a script, on virtual time. Logs
// what reached it.

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "ports/courier.hpp"
#include "ports/loop.hpp"

namespace tocsin::test {

class ScriptedCourier final : public ports::Courier {
 public:
  struct Seen {
    notification::Step step;
    Instant at{};
  };
  struct Reply {
    notification::Answer answer;
    Milliseconds after{5};
    bool never = false;  // only the timeout ends it
  };
  // What comes back; called when the step arrives.
  using Script = std::function<Reply(const notification::Step&)>;

  ScriptedCourier(ports::Loop& loop, const ports::Clock& clock) : loop_(loop), clock_(clock) {}

  void carry(notification::Step step, ports::Carriage how,
             std::move_only_function<void(notification::Answer)> done) override {
    ++under_way;
    most_under_way = std::max(most_under_way, under_way);
    Reply reply = script ? script(step) : Reply{ok(), Milliseconds{5}, false};
    seen.push_back({std::move(step), clock_.now()});
    if (reply.never || reply.after >= how.timeout) {
      reply.after = how.timeout;
      reply.answer = {};
      reply.answer.failure = "no answer within " + format_duration(how.timeout);
    }
    loop_.call_at(clock_.mono_now() + reply.after,
                  [this, answer = std::move(reply.answer), done = std::move(done)]() mutable {
                    --under_way;
                    done(std::move(answer));
                  });
  }

  [[nodiscard]] static notification::Answer status(int code) {
    notification::Answer answer;
    answer.status = code;
    return answer;
  }
  [[nodiscard]] static notification::Answer ok() { return status(200); }

  Script script;
  std::vector<Seen> seen;  // in the order in which they were sent
  std::size_t under_way = 0;
  std::size_t most_under_way = 0;

 private:
  ports::Loop& loop_;
  const ports::Clock& clock_;
};

}  // namespace tocsin::test
