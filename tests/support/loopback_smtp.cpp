#include "support/loopback_smtp.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace tocsin::test {
namespace {

std::string base64(const std::string& text) {
  std::string out(text.size() * 4 / 3 + 4, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string verb_of(const std::string& command) {
  return command.substr(0, std::min(command.find(' '), command.size()));
}

}  // namespace

LoopbackSmtp::LoopbackSmtp(SmtpScript script, LoopbackServer::Options options)
    : script_(std::move(script)),
      options_(options),
      server_([this](Peer& peer) { serve(peer); }, options) {}

LoopbackSmtp::Seen LoopbackSmtp::seen() const {
  const std::scoped_lock lock(mutex_);
  return seen_;
}

void LoopbackSmtp::serve(Peer& peer) {
  if (!act(peer, "greeting")) {
    return;
  }
  while (true) {
    std::string command = peer.read_until("\r\n");
    if (command.empty()) {
      return;
    }
    command.resize(command.size() - 2);
    {
      const std::scoped_lock lock(mutex_);
      seen_.commands.push_back(command);
    }
    const bool ours = script_.acts.contains(command) || script_.acts.contains(verb_of(command));
    const bool more = verb_of(command) == "AUTH" && !ours ? authenticate(peer) : act(peer, command);
    if (!more || verb_of(command) == "QUIT") {
      return;
    }
    if (ours) {
      continue;
    }
    if (command == "STARTTLS" && !peer.start_tls()) {
      peer.hold(std::chrono::milliseconds{100});  // as LoopbackServer: let the alert through
      return;
    }
    if (command == "DATA" && !take_message(peer)) {
      return;
    }
  }
}

std::string LoopbackSmtp::usual(const std::string& command, const Peer& peer) const {
  const std::string verb = verb_of(command);
  if (command == "greeting") {
    return "220 mail.test ESMTP";
  }
  if (verb == "EHLO") {
    std::string out = "250-mail.test";
    for (const std::string& extension : script_.extensions) {
      out += "\r\n250-" + extension;
    }
    if (options_.starttls && !peer.encrypted()) {
      out += "\r\n250-STARTTLS";
    }
    if (!script_.username.empty()) {
      out += "\r\n250-AUTH GSSAPI NTLM PLAIN";
    }
    return out + "\r\n250 HELP";
  }
  if (verb == "STARTTLS") {
    return "220 go ahead";
  }
  if (verb == "DATA") {
    return "354 end with a dot";
  }
  if (verb == "QUIT") {
    return "221 bye";
  }
  return command == "." ? "250 queued as 1" : "250 ok";
}

bool LoopbackSmtp::act(Peer& peer, const std::string& command) {
  auto found = script_.acts.find(command);
  if (found == script_.acts.end()) {
    found = script_.acts.find(verb_of(command));
  }
  const SmtpAct act = found != script_.acts.end()
                          ? found->second
                          : SmtpAct{SmtpAct::Kind::reply, usual(command, peer)};
  switch (act.kind) {
    case SmtpAct::Kind::reply:
      return peer.send(act.text + "\r\n") && !act.text.starts_with("421");
    case SmtpAct::Kind::hang:
      peer.hold();
      return false;
    case SmtpAct::Kind::cut:
      return false;
    case SmtpAct::Kind::reset:
      peer.reset();
      return false;
    case SmtpAct::Kind::trickle:
      peer.trickle(act.text, std::chrono::milliseconds{20});
      return false;
    case SmtpAct::Kind::flood:
      peer.send_forever(act.text);
      return false;
  }
  return false;
}

bool LoopbackSmtp::authenticate(Peer& peer) {
  using std::string_literals::operator""s;
  if (!peer.send("334 \r\n")) {
    return false;
  }
  const std::string answer = peer.read_until("\r\n");
  const std::string wanted = base64("\0"s + script_.username + "\0"s + script_.password);
  return peer.send(answer == wanted + "\r\n" ? "235 welcome\r\n" : "535 5.7.8 bad credentials\r\n");
}

bool LoopbackSmtp::take_message(Peer& peer) {
  std::string message = peer.read_until("\r\n.\r\n");
  if (message.empty()) {
    return false;
  }
  {
    const std::scoped_lock lock(mutex_);
    seen_.message = message.substr(0, message.size() - 3);
    seen_.encrypted = peer.encrypted();
    seen_.server_name = peer.server_name();
  }
  return act(peer, ".");
}

}  // namespace tocsin::test
