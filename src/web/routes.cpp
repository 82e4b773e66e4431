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
    Route{Action::deployments, "GET", "/api/v1/monitors/{name}/deployments", Access::read},
    Route{Action::pause, "POST", "/api/v1/monitors/{name}/pause", Access::write},
    Route{Action::resume, "POST", "/api/v1/monitors/{name}/resume", Access::write},
    Route{Action::check_now, "POST", "/api/v1/monitors/{name}/check", Access::write},
    Route{Action::acknowledge, "POST", "/api/v1/monitors/{name}/acknowledge", Access::write, true},
    Route{Action::unacknowledge, "POST", "/api/v1/monitors/{name}/unacknowledge", Access::write},
    Route{Action::events, "GET", "/api/v1/events", Access::read},
    Route{Action::list_silences, "GET", "/api/v1/silences", Access::read},
    Route{Action::add_silence, "POST", "/api/v1/silences", Access::write, true},
    Route{Action::end_silence, "DELETE", "/api/v1/silences/{id}", Access::write},
    Route{Action::list_channels, "GET", "/api/v1/channels", Access::read},
    Route{Action::test_channel, "POST", "/api/v1/channels/{name}/test", Access::write, true},
    Route{Action::preview_channel, "POST", "/api/v1/channels/{name}/preview", Access::write, true},
    Route{Action::list_outbox, "GET", "/api/v1/outbox", Access::read},
    Route{Action::retry_outbox, "POST", "/api/v1/outbox/retry", Access::write, true},
    Route{Action::drop_outbox, "POST", "/api/v1/outbox/drop", Access::write, true},
    Route{Action::list_timers, "GET", "/api/v1/timers", Access::read},
    Route{Action::show_timer, "GET", "/api/v1/timers/{id}", Access::read},
    Route{Action::disarm_timer, "DELETE", "/api/v1/timers/{id}", Access::write},
    Route{Action::arm_timer, "POST", "/api/v1/timers/{id}/{seconds}", Access::write},
};

}  // namespace

std::span<const Route> routes() { return kRoutes; }

}  // namespace tocsin::web
