#pragma once
// Tocsin's own troubles: what is wrong with the monitor itself, told to `self` when it begins and
// when it ends, once each. Loop thread only.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "alert/announcement.hpp"
#include "alert/event.hpp"
#include "base/time.hpp"
#include "ports/loop.hpp"

namespace tocsin::service {

inline constexpr std::string_view kSelfName = "tocsin";  // the `monitor` of its own events
inline constexpr std::string_view kSelfKind = "self";

class Troubles {
 public:
  // Takes an event for these channels: service::Watch::publish.
  using Publish = std::function<void(alert::Event, const std::vector<std::string>&)>;

  Troubles(const ports::Clock& clock, Publish publish);

  void set_recipients(std::vector<alert::Recipient> recipients);

  // Takes up those that went on when the last process ended, from events of kSelfName, newest
  // first: they were told, and only their end is. Those that end by themselves do so after `quiet`.
  void resume(const std::vector<alert::Event>& events, Milliseconds quiet);

  // `key` says which trouble ("store", "channel:ops"), `reason` of what sort (docs/events.md).
  // Raising one that is on already only renews its text.
  void raise(const std::string& key, std::string_view reason, alert::Severity severity,
             std::string message);
  // Of the reason "outbox" alone. Ends with tick() when it was not raised again for `quiet`: for
  // what happens at a moment.
  void raise_for(const std::string& key, std::string_view reason, alert::Severity severity,
                 std::string message, Milliseconds quiet);
  // Nothing happens when it is not on.
  void clear(const std::string& key, std::string message);
  void tick();

  struct Trouble {
    std::string reason;
    alert::Severity severity = alert::Severity::warning;
    std::string message;
    Instant since{};
    Instant ends{};  // of raise_for; epoch 0: when it is cleared
  };
  [[nodiscard]] const std::map<std::string, Trouble>& all() const { return troubles_; }
  [[nodiscard]] bool has_reason(std::string_view reason) const;

 private:
  void tell(alert::EventType type, const std::string& key, const Trouble& trouble,
            std::string message);

  const ports::Clock& clock_;
  Publish publish_;
  std::vector<alert::Recipient> recipients_;
  std::map<std::string, Trouble> troubles_;
};

}  // namespace tocsin::service
