#pragma once
// A mail server on loopback that answers as the test says: one script for all its connections.

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "support/loopback_server.hpp"

namespace tocsin::test {

// What to do instead of the usual reply.
struct SmtpAct {
  enum class Kind : std::uint8_t {
    reply,    // `text` and a line end; lines within it end with CRLF
    hang,     // say nothing more
    cut,      // close
    reset,    // close with RST
    trickle,  // `text`, one byte every 20 ms
    flood     // `text` again and again
  };
  Kind kind = Kind::reply;
  std::string text;
};

struct SmtpScript {
  // By what comes: "greeting", a verb ("EHLO", "AUTH"), a whole command ("RCPT TO:<a@b>"), "."
  // for the message's end, "QUIT". After a reply of 421 the server closes.
  std::map<std::string, SmtpAct> acts;
  std::vector<std::string> extensions{"8BITMIME", "SIZE 10000000"};
  // Username and password that AUTH PLAIN takes; empty: not offered.
  std::string username, password;
};

class LoopbackSmtp {
 public:
  struct Seen {
    std::vector<std::string> commands;  // without line ends
    std::string message;                // as it came, dots doubled, without the final dot
    bool encrypted = false;             // when the message came
    std::string server_name;            // by SNI
  };

  explicit LoopbackSmtp(SmtpScript script, LoopbackServer::Options options = {});

  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  [[nodiscard]] int accepted() const { return server_.accepted(); }
  // Of all connections.
  [[nodiscard]] Seen seen() const;

 private:
  void serve(Peer& peer);
  // What the server usually says to `command`.
  [[nodiscard]] std::string usual(const std::string& command, const Peer& peer) const;
  // False: the connection is over.
  bool act(Peer& peer, const std::string& command);
  bool authenticate(Peer& peer);
  bool take_message(Peer& peer);

  SmtpScript script_;
  LoopbackServer::Options options_;
  mutable std::mutex mutex_;
  Seen seen_;              // guarded by mutex_
  LoopbackServer server_;  // ends first: its threads use the rest
};

}  // namespace tocsin::test
