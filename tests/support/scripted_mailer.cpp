#include "support/scripted_mailer.hpp"

#include <chrono>
#include <utility>

namespace tocsin::test {
namespace {

using Kind = ports::MailFailure::Kind;
using ports::MailPhase;

ports::MailResult failure(Kind kind, std::string message) {
  ports::MailFailure out;
  out.kind = kind;
  out.message = std::move(message);
  return std::unexpected(std::move(out));
}

// Enough of the rules to catch a caller that builds messages carelessly.
std::string wrong_with(const ports::MailRequest& request) {
  if (request.recipients.empty() || request.recipients.size() > 100) {
    return "recipients: at least one and at most 100";
  }
  if (request.text.empty() || request.text.find('\0') != std::string::npos) {
    return "the message is empty, or holds NUL";
  }
  for (std::size_t i = 0, line = 0; i < request.text.size(); ++i) {
    const char c = request.text[i];
    const bool before = i > 0 && request.text[i - 1] == '\r';
    const bool after = i + 1 < request.text.size() && request.text[i + 1] == '\n';
    if ((c == '\n' && !before) || (c == '\r' && !after)) {
      return "the message holds a bare CR or LF";
    }
    line = c == '\r' || c == '\n' ? 0 : line + 1;
    if (line > 998) {
      return "a line of the message is longer than 998 bytes";
    }
  }
  return "";
}

}  // namespace

ScriptedMailer::Answer ScriptedMailer::replies(int code, std::string text, MailPhase phase) {
  ports::MailReply reply;
  reply.code = code;
  reply.text = std::move(text);
  reply.phase = phase;
  return {std::move(reply), Milliseconds{0}, MailPhase::connecting};
}

ScriptedMailer::Answer ScriptedMailer::delivers(std::vector<ports::MailReply::Refusal> refused) {
  Answer out = replies(250, "queued", MailPhase::message);
  out.result->refused = std::move(refused);
  return out;
}

ScriptedMailer::Answer ScriptedMailer::hangs(MailPhase phase) {
  return {{}, std::chrono::hours{24 * 365}, phase};
}

ScriptedMailer::Answer ScriptedMailer::fails(Kind kind, std::string message) {
  return {failure(kind, std::move(message)), Milliseconds{0}, MailPhase::connecting};
}

ScriptedMailer::~ScriptedMailer() {
  for (auto* jobs : {&sending_, &waiting_}) {
    for (auto& [id, job] : *jobs) {
      loop_.cancel(job.timer);
      post(std::move(job.done), failure(Kind::cancelled, "stopping"));
    }
  }
}

void ScriptedMailer::post(Done done, ports::MailResult result) {
  loop_.post(
      [done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
}

void ScriptedMailer::send(ports::MailRequest request, Done done) {
  if (request.timeout <= Milliseconds{0} || request.server.empty() || request.port == 0 ||
      request.address.empty()) {
    violations.push_back("no timeout, server, port or address for " + request.server);
  }
  if (std::string wrong = wrong_with(request); !wrong.empty()) {
    violations.push_back(wrong);
    post(std::move(done), failure(Kind::invalid, std::move(wrong)));
    return;
  }
  const std::uint64_t id = next_++;
  Job job{std::move(request), std::move(done), 0};
  if (sending_.size() < max_sending_) {
    begin(id, std::move(job));
  } else if (waiting_.size() < max_waiting_) {
    job.timer = loop_.call_at(loop_.mono_now() + job.request.timeout, [this, id] {
      Job waited = std::move(waiting_.extract(id).mapped());
      post(std::move(waited.done), failure(Kind::resources, "no turn"));
    });
    waiting_.emplace(id, std::move(job));
  } else {
    post(std::move(job.done), failure(Kind::resources, "too many messages wait"));
  }
}

void ScriptedMailer::begin(std::uint64_t id, Job job) {
  Answer answer = script(job.request);
  requests.push_back(job.request);
  if (answer.after > job.request.timeout) {
    answer.after = job.request.timeout;
    answer.result = failure(Kind::timeout, "no answer");
    answer.result.error().phase = answer.hangs_in;
    answer.result.error().maybe_delivered = answer.hangs_in == MailPhase::message;
  }
  std::string& remote =
      answer.result ? answer.result->remote_address : answer.result.error().remote_address;
  const bool connected = answer.result || answer.result.error().phase != MailPhase::connecting;
  remote = connected ? job.request.address : "";
  job.timer = loop_.call_at(
      loop_.mono_now() + answer.after,
      [this, id, result = std::move(answer.result)]() mutable { finish(id, std::move(result)); });
  sending_.emplace(id, std::move(job));
}

void ScriptedMailer::finish(std::uint64_t id, ports::MailResult result) {
  Job job = std::move(sending_.extract(id).mapped());
  post(std::move(job.done), std::move(result));
  while (!waiting_.empty() && sending_.size() < max_sending_) {
    auto next = waiting_.extract(waiting_.begin());
    loop_.cancel(next.mapped().timer);
    begin(next.key(), std::move(next.mapped()));
  }
}

}  // namespace tocsin::test
