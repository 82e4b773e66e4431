#pragma once
// Which paths exist, with which methods, and who may use them.

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "web/request.hpp"

namespace tocsin::web {

enum class Access : std::uint8_t {
  open,     // no token
  read,     // a token of any role
  metrics,  // as read, unless metrics are public
  write     // a token with the role write
};

// One row per thing the API does; src/web/routes.cpp has them all, docs/openapi.yaml describes
// them.
enum class Action : std::uint8_t {
  health,
  ready,
  metrics,
  status,
  list_monitors,
  show_monitor,
  history,
  rollups,
  deployments,
  events,
  pause,
  resume,
  check_now,
  acknowledge,
  unacknowledge,
  list_silences,
  add_silence,
  end_silence,
  list_channels,
  test_channel,
  preview_channel,
  list_outbox,
  retry_outbox,
  drop_outbox,
  list_timers,
  show_timer,
  arm_timer,
  disarm_timer,
};

struct Route {
  Action action;
  std::string_view method;  // GET implies HEAD
  // "/api/v1/monitors/{name}": what stands in braces is one segment, never empty; at most two.
  std::string_view pattern;
  Access access;
  bool fields = false;  // whether its body may hold any
};

[[nodiscard]] std::span<const Route> routes();

struct Match {
  const Route* route = nullptr;
  std::string name;    // what {name} or {id} stands for, decoded; may hold slashes
  std::string second;  // the second one
};

// 404 not_found, or 405 method_not_allowed with the methods in `allow`.
struct NoMatch {
  Problem problem;
  std::string allow;
};

[[nodiscard]] std::expected<Match, NoMatch> match_route(std::string_view method,
                                                        const std::vector<std::string>& segments);

}  // namespace tocsin::web
