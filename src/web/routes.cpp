#include <array>

#include "web/router.hpp"

namespace tocsin::web {
namespace {

constexpr std::array kRoutes{
    Route{Action::health, "GET", "/healthz", Access::open},
    Route{Action::ready, "GET", "/readyz", Access::open},
    Route{Action::metrics, "GET", "/metrics", Access::metrics},
    Route{Action::status, "GET", "/api/v1/status", Access::read},
    Route{Action::list_monitors, "GET", "/api/v1/monitors", Access::read},
    Route{Action::show_monitor, "GET", "/api/v1/monitors/{name}", Access::read},
    Route{Action::history, "GET", "/api/v1/monitors/{name}/history", Access::read},
    Route{Action::rollups, "GET", "/api/v1/monitors/{name}/rollups", Access::read},
    Route{Action::pause, "POST", "/api/v1/monitors/{name}/pause", Access::write},
    Route{Action::resume, "POST", "/api/v1/monitors/{name}/resume", Access::write},
    Route{Action::check_now, "POST", "/api/v1/monitors/{name}/check", Access::write},
    Route{Action::events, "GET", "/api/v1/events", Access::read},
};

}  // namespace

std::span<const Route> routes() { return kRoutes; }

}  // namespace tocsin::web
