#pragma once
// A program that tells: the event as JSON on its standard input, one run per event.

#include <memory>
#include <string>
#include <vector>

#include "notification/format.hpp"

namespace tocsin::notification {

struct ExecOptions {
  std::vector<std::string> run;  // program and arguments
};

// Exit statuses: 0 delivered; of sysexits(3) 65 (data) fails the message and 77, 78 (permission,
// configuration) the channel; 126 and 127 (not runnable, not found) fail the channel; every other
// is tried again.
[[nodiscard]] std::shared_ptr<const Format> make_exec(ExecOptions options);

}  // namespace tocsin::notification
