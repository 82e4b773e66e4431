#include "config/reload.hpp"

#include <fmt/format.h>

#include "check/address.hpp"

namespace tocsin::config {
namespace {

std::string describe(const Listen& listen) {
  return check::format_host_port(listen.host, listen.port) + (listen.tls ? " with TLS" : "");
}

// Rules and tokens are taken over; what sockets and files were opened with is not.
void check_timers(const Settings& running, ReloadCheck& out) {
  if (running.timers.has_value() != out.settings.timers.has_value()) {
    out.errors.emplace_back("timers: beginning or ending with it needs a restart");
    out.settings.timers = running.timers;
    return;
  }
  if (!running.timers) {
    return;
  }
  TimerSettings& wanted = *out.settings.timers;
  if (wanted.listen != running.timers->listen) {
    out.errors.emplace_back("timers.listen: the change needs a restart");
  }
  if (wanted.path != running.timers->path || wanted.dynamodb != running.timers->dynamodb ||
      wanted.max_timers != running.timers->max_timers ||
      wanted.keep_expired != running.timers->keep_expired) {
    out.errors.emplace_back(
        "timers: a change of store, max_timers or keep_expired needs a restart");
  }
  TimerSettings kept = *running.timers;
  kept.post_only = wanted.post_only;
  kept.tokens = std::move(wanted.tokens);
  kept.open_checks = wanted.open_checks;
  kept.rules = std::move(wanted.rules);
  wanted = std::move(kept);
}

}  // namespace

ReloadCheck check_reload(const Settings& running, const Settings& wanted) {
  ReloadCheck out;
  out.settings = wanted;
  if (wanted.listen != running.listen) {
    out.errors.push_back(
        fmt::format("listen: the change to {} needs a restart; {} stays in use until then",
                    describe(wanted.listen), describe(running.listen)));
    out.settings.listen = running.listen;
  }
  if (wanted.store.path != running.store.path) {
    out.errors.push_back(fmt::format(
        "store.sqlite.path: the change to {} needs a restart; {} stays in use until then",
        wanted.store.path, running.store.path));
  } else if (wanted.store != running.store) {
    out.errors.emplace_back("store.sqlite.reserve: the change needs a restart");
  }
  out.settings.store = running.store;
  check_timers(running, out);
  return out;
}

}  // namespace tocsin::config
