#pragma once
// ports::Mailer on libcurl.
//
// Not on the HTTP client's transfer thread: libcurl 7.88 waits for the reply to a message's end and
// to QUIT inside its multi handle, so that one slow mail server would hold up every check. Each
// message has a thread of a small pool to itself instead, made when it is first needed.
//
// What the port leaves open: authentication by PLAIN, LOGIN or CRAM-MD5, whichever the server
// offers; a server that offers none gets the message without it. A message is delivered at the
// reply to its end; QUIT is sent, and its answer waited for at most 500 ms.

#include <memory>
#include <string>

#include "ports/loop.hpp"
#include "ports/mailer.hpp"

namespace tocsin::adapters {

struct MailCurlOptions {
  std::string hello_name;       // what EHLO says; empty: this machine's name
  std::size_t max_threads = 8;  // messages at a time
  std::size_t max_waiting = 1'000;
};

class MailCurl final : public ports::Mailer {
 public:
  // `loop` and `clock` outlive this object. libcurl is set up here if nothing did so before; where
  // there is an HttpCurl, it comes first, because it chooses libcurl's memory.
  MailCurl(ports::Loop& loop, const ports::Clock& clock, MailCurlOptions options = {});
  // Loop thread, or after the loop stopped. Ends what is under way and joins the threads. `done` is
  // posted with `cancelled` to the loop, which does not run it when it stopped.
  ~MailCurl() override;

  void send(ports::MailRequest request,
            std::move_only_function<void(ports::MailResult)> done) override;

  struct Stats {
    std::size_t sending = 0;
    std::size_t waiting = 0;
  };
  [[nodiscard]] Stats stats() const;  // loop thread

 private:
  class Post;
  std::shared_ptr<Post> post_;
};

}  // namespace tocsin::adapters
