#pragma once
// A channel or a sink as it is configured: who it is, how it talks, how much it takes.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "notification/format.hpp"

namespace tocsin::notification {

struct Outlet {
  std::string name;
  std::string type;  // "slack": the key in the configuration
  bool sink = false;
  std::shared_ptr<const Format> format;  // never null

  // Events that follow the first of a group within this time form one message.
  Milliseconds group_wait{0};
  // Label names (and "monitor", "kind", "type") whose values make a group; empty: one group.
  std::vector<std::string> group_by;
  std::uint32_t batch = 1;        // of a sink: reports in one message, at most
  std::uint32_t concurrency = 4;  // messages under way at one time
  // At most `rate_count` messages in `rate_per`; 0: no limit.
  std::uint32_t rate_count = 0;
  Milliseconds rate_per{1000};
  Milliseconds timeout{10'000};  // of one step
  Milliseconds give_up_after{std::chrono::hours{24}};
  // A program that makes the text: event JSON in, text out.
  std::vector<std::string> formatter;
  bool deny_private_networks = false;  // the connected address must be a public one
  std::string ca_file;                 // trusted besides the system's; "" none
  std::string proxy;                   // "" none
};

}  // namespace tocsin::notification
