#include "config/reload.hpp"

#include <fmt/format.h>

#include "check/address.hpp"

namespace tocsin::config {
namespace {

std::string describe(const Listen& listen) {
  return check::format_host_port(listen.host, listen.port) + (listen.tls ? " with TLS" : "");
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
  return out;
}

}  // namespace tocsin::config
