#pragma once
// How a kind of channel or sink talks: from what is to be told to the steps that tell it, and from
// the other side's answer to what it means. Pure: no I/O, no clock. One implementation per
// provider; those that are an HTTP request and a template are rows of a table.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "alert/event.hpp"
#include "base/time.hpp"

namespace tocsin::notification {

// Decides the default of group_wait: people get one message about many things, machines each alone.
enum class Audience : std::uint8_t { people, machines };

// One outcome for a sink, as it waits in the outbox.
struct Report {
  std::string monitor;
  std::string kind;
  alert::Labels labels;
  std::string outcome;  // check::to_json
};

// A message sent earlier about the same incident, to be answered or updated.
struct Earlier {
  std::string reference;  // Verdict::reference of it
  // The event ids of it and the text it shows now, as the format keeps them; opaque to others.
  std::string content;
};

// An incident that is over without an event of its own, and the message sent about it.
struct Over {
  std::string incident;
  Earlier earlier;
};

// What one delivery says. Either events (a channel: one, or several of a group in the order in
// which they happened) or reports (a sink: one, or a batch).
struct Message {
  std::string key;  // idempotency key of this delivery, the same at every attempt
  std::vector<alert::Event> events;
  std::vector<Report> reports;
  // Text that a formatter program made of the events; it takes the place of the template's.
  std::optional<std::string> formatted;
  // Other incidents that are over with these events (`closed_incidents`) and that a message was
  // sent about; of formats that follow up.
  std::vector<Over> over;
  Instant now{};  // of the attempt: signatures and "sent late" derive from it
};

// --- What a step asks the world to do. ---

struct HttpStep {
  std::string method = "POST";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct ExecStep {
  std::vector<std::string> argv;  // argv[0] is a path or a name in PATH
  std::string input;              // its standard input
};

struct MailStep {
  std::string server;  // host
  std::uint16_t port = 0;
  enum class Security : std::uint8_t { none, starttls, tls } security = Security::starttls;
  std::string username, password;
  std::string from;
  std::vector<std::string> to;
  std::string text;  // the whole message, RFC 5322, CRLF line ends
};

using Step = std::variant<HttpStep, ExecStep, MailStep>;

// What came back. `status` is the HTTP status, the exit status of a program, or the SMTP reply
// code; 0 when there was none: then `failure` says why ("connection refused by 10.0.0.1:443").
struct Answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;                                          // at most 64 KiB of it
  std::string failure;
  // Of a mail server: it said so without having seen the message, which is then not the reason.
  bool before_message = false;
  std::string refused;  // of a mail that arrived: recipients that did not get it, and why
};

struct Verdict {
  enum class Kind : std::uint8_t {
    delivered,
    retry,           // 408, 425, 429, 5xx, transport: the same again later
    channel_failed,  // 401, 403, 404, 410, invalid_auth ...: nothing will get through here
    message_failed   // 400, 413, 422: this one never will
  };
  Kind kind = Kind::delivered;
  std::string message;                      // for people: "HTTP 429: ratelimited"; no secret
  std::optional<Milliseconds> retry_after;  // as the other side asked
  // Of the message at the provider, for later steps of the same incident (Slack: channel and ts).
  std::string reference;
  // With `retry`: the earlier message is not there any more. Prepare again, without it.
  bool earlier_gone = false;
  std::string warning;  // with `delivered`: who did not get it; "" nobody
};

// What to do for one message. `steps` run in order; each is repeated until it is delivered.
struct Work {
  std::vector<Step> steps;
  // Without an earlier message: remembered with the reference for each incident that the message
  // begins (notification::begins_thread); "" remembers nothing. With one: once all steps are
  // delivered it takes the place of Earlier::content for every incident that has this reference; ""
  // leaves it as it is.
  std::string content;
  // Of messages in Message::over that the steps change: what they show then, in the same way.
  std::vector<Earlier> others;
};

class Format {
 public:
  Format() = default;
  Format(const Format&) = delete;
  Format& operator=(const Format&) = delete;
  virtual ~Format() = default;

  [[nodiscard]] virtual Audience audience() const = 0;
  // Whether it makes use of `earlier`; others are asked without.
  [[nodiscard]] virtual bool follows_up() const { return false; }
  // Whether a message may hold several events or reports.
  [[nodiscard]] virtual bool takes_many() const { return true; }
  [[nodiscard]] virtual Work prepare(const Message& message,
                                     const std::optional<Earlier>& earlier) const = 0;
  // What the answer to step `index` of `work` means.
  [[nodiscard]] virtual Verdict judge(const Work& work, std::size_t index,
                                      const Answer& answer) const = 0;
};

// What HTTP statuses mean when the provider says nothing better: semantics of the outbox.
[[nodiscard]] Verdict judge_http(const Answer& answer);

}  // namespace tocsin::notification
