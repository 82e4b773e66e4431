#pragma once
// What a request to the timer listener asks for: method and path to a command, as the clients of
// the service that this replaces send them. Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace tocsin::timer {

struct ShowStatus {};
struct Arm {
  std::string_view id;
  std::int64_t seconds = 0;
};
struct Check {
  std::string_view id;
};
struct Disarm {
  std::string_view id;
};
// Not to be done; `allow` names the methods that the path takes ("" unless status is 405).
struct Refused {
  int status = 404;
  std::string_view message;
  std::string_view allow;
};
using Command = std::variant<ShowStatus, Arm, Check, Disarm, Refused>;

// `target` as in the request line: path and query, or the absolute form; the query is passed over.
// The ids point into `target` or into `decoded`, which is overwritten.
//
//   GET HEAD /                    ShowStatus
//   GET HEAD DELETE /{id}         Check, Disarm
//   GET POST /{id}/{seconds}      Arm; POST alone with `post_only`; never HEAD
[[nodiscard]] Command read_command(std::string_view method, std::string_view target, bool post_only,
                                   std::string& decoded);

}  // namespace tocsin::timer
