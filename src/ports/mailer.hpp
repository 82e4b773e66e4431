#pragma once
// Hands one message to a mail server (SMTP, RFC 5321). Real: adapters/mail_curl; test:
// tests/support/scripted_mailer. Name lookups and retries are the caller's, as for HttpClient.

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace tocsin::ports {

enum class MailSecurity : std::uint8_t {
  none,
  starttls,  // required: a server without it, or one that refuses it, fails with `tls`
  tls        // from the first byte
};

struct MailRequest {
  // Host name or numeric address, for people, SNI and the certificate check; never looked up.
  std::string server;
  std::uint16_t port = 0;
  // Numeric address (no brackets) to connect to. Empty only when `server` is numeric. Which
  // addresses are allowed is for the caller to say before this.
  std::string address;
  MailSecurity security = MailSecurity::starttls;
  std::string ca_file;             // PEM bundle that alone is trusted; empty: the system's
  std::string username, password;  // empty username: no authentication
  std::string from;                // bare address, "tocsin@example.com"; empty: the null sender
  std::vector<std::string> recipients;  // bare addresses, 1 to 100
  // The whole message, RFC 5322: CRLF line ends, no line beyond 998 bytes. Bare CR or LF is refused
  // (a server that takes it for a line end would read commands in the body). 8-bit bytes go as they
  // are, without BODY=8BITMIME. Dots at line starts are doubled here.
  std::string text;
  Milliseconds timeout{30'000};  // whole exchange, from its turn on
};

// Where in the conversation a reply or a failure belongs.
enum class MailPhase : std::uint8_t {
  connecting,
  greeting,
  hello,
  starttls,  // the command and the handshake; the handshake of MailSecurity::tls as well
  authentication,
  sender,
  recipients,
  data,    // the DATA command
  message  // the body and the reply to its end
};

// What the server said. Delivered when `code` is 2xx in phase `message`; then `refused` lists the
// recipients that did not get it. Otherwise nobody got it: the reply that ended the exchange.
struct MailReply {
  struct Refusal {
    std::string recipient;
    int code = 0;
    std::string text;
  };
  int code = 0;      // 250, 421, 450, 535, 550 ...
  std::string text;  // of all its lines, one space between; the first 1 KiB, printable
  MailPhase phase = MailPhase::message;
  std::vector<Refusal> refused;  // in the order of `recipients`
  std::string remote_address;    // numeric, as connected
  [[nodiscard]] bool delivered() const {
    return phase == MailPhase::message && code >= 200 && code < 300;
  }
};

// No reply decided it.
struct MailFailure {
  enum class Kind : std::uint8_t {
    connect,    // refused, unreachable
    tls,        // handshake, certificate, or STARTTLS not offered
    timeout,    // `phase` says of what
    closed,     // the server hung up or reset
    protocol,   // not SMTP, a reply beyond our bounds, no authentication that both know
    resources,  // our threads, descriptors, memory; too many messages wait
    invalid,    // the request cannot be made: bad address, bad line, unreadable ca_file
    cancelled,  // the mailer is stopping
    internal
  };
  Kind kind = Kind::internal;
  // What was seen, without the server's name: "no answer to the greeting within 30s".
  std::string message;
  MailPhase phase = MailPhase::connecting;
  std::string remote_address;  // "" when never connected
  // The whole message was sent, but no reply to it came: the server may deliver it all the same.
  bool maybe_delivered = false;
};

using MailResult = std::expected<MailReply, MailFailure>;

class Mailer {
 public:
  Mailer() = default;
  Mailer(const Mailer&) = delete;
  Mailer& operator=(const Mailer&) = delete;
  virtual ~Mailer() = default;

  // Loop thread. `done` runs exactly once on the loop thread, never inline. Only so many are sent
  // at a time; others wait in order, at most `timeout` (then `resources`).
  virtual void send(MailRequest request, std::move_only_function<void(MailResult)> done) = 0;
};

}  // namespace tocsin::ports
