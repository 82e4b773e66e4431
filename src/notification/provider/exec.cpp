#include "notification/provider/exec.hpp"

#include <fmt/format.h>

#include <utility>

#include "notification/judge.hpp"

namespace tocsin::notification {
namespace {

Verdict::Kind kind_of(int status) {
  switch (status) {
    case 0:
      return Verdict::Kind::delivered;
    case 65:
      return Verdict::Kind::message_failed;
    case 77:
    case 78:
    case 126:
    case 127:
      return Verdict::Kind::channel_failed;
    default:
      return Verdict::Kind::retry;
  }
}

class Exec final : public Format {
 public:
  explicit Exec(ExecOptions options) : options_(std::move(options)) {}

  [[nodiscard]] Audience audience() const override { return Audience::machines; }
  [[nodiscard]] bool takes_many() const override { return false; }

  [[nodiscard]] Work prepare(const Message& message,
                             const std::optional<Earlier>& /*earlier*/) const override {
    Work work;
    work.steps.emplace_back(ExecStep{options_.run, alert::to_json(message.events.front()) + '\n'});
    return work;
  }

  [[nodiscard]] Verdict judge(const Work& /*work*/, std::size_t /*index*/,
                              const Answer& answer) const override {
    Verdict out;
    if (!answer.failure.empty()) {
      out.kind = Verdict::Kind::retry;
      out.message = answer.failure;
      return out;
    }
    out.kind = kind_of(answer.status);
    const std::string said = excerpt(answer.body);
    out.message = fmt::format("exit status {}{}{}", answer.status, said.empty() ? "" : ": ", said);
    return out;
  }

 private:
  ExecOptions options_;
};

}  // namespace

std::shared_ptr<const Format> make_exec(ExecOptions options) {
  return std::make_shared<Exec>(std::move(options));
}

}  // namespace tocsin::notification
