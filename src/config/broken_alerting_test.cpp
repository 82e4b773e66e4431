// Broken configurations of what tells people.

#include <gtest/gtest.h>

#include "config/test_broken.hpp"

namespace tocsin::config {
namespace {

class BrokenAlerting : public testing::TestWithParam<Broken> {};

TEST_P(BrokenAlerting, NamesPlaceAndRemedy) { expect_one_error(GetParam()); }

const std::string kOps = "channels: {ops: {slack: {webhook_url: 'https://h/x'}}}\n";

const std::vector<Broken> kAlertingRows{
    {"NotifyWithoutChannel",
     http("    notify: [{after: 5m}]\n"),
     {4, 14},
     "monitors.m.notify[0]",
     "expected channel:"},
    {"NotifyUnknownType",
     kOps + "monitors: {m: {tcp: 'h:1', notify: {channel: ops, types: "
            "went_dwn}}}\n",
     {2, 58},
     "monitors.m.notify.types",
     "did you mean went_down?"},
    {"NotifyUnknownSeverity",
     kOps + "monitors: {m: {tcp: 'h:1', notify: {channel: ops, severity: "
            "[fatal]}}}\n",
     {2, 62},
     "monitors.m.notify.severity[0]",
     "critical, warning or info"},
    {"NotifyAfterTooShort",
     kOps + "monitors: {m: {tcp: 'h:1', notify: {channel: ops, after: 1ms}"
            "}}\n",
     {2, 58},
     "monitors.m.notify.after",
     "1s"},
    {"NotifyUnknownKey",
     kOps + "monitors: {m: {tcp: 'h:1', notify: {channel: ops, type: x}}}\n",
     {2, 51},
     "monitors.m.notify.type",
     "did you mean types?"},
    {"NotifyEntryTwice",
     kOps + "monitors: {m: {tcp: 'h:1', notify: [ops, {channel: ops}]}}\n",
     {2, 42},
     "monitors.m.notify[1]",
     "found this entry twice"},
    {"NotifyNumber",
     http("    notify: [[ops]]\n"),
     {4, 14},
     "monitors.m.notify[0]",
     "found a list"},
    {"SelfUnknownChannel",
     "self: {notify: [opps]}\n",
     {1, 17},
     "self.notify",
     "unknown channel \"opps\""},
    {"SelfUnknownGate",
     "self: {gate: uplnk}\nmonitors: {uplink: {tcp: \"h:1\"}}\n",
     {1, 14},
     "self.gate",
     "unknown monitor \"uplnk\" (did you mean uplink?)"},
    {"GateWithAParent",
     "self: {gate: uplink}\nmonitors: {uplink: {tcp: \"h:1\", depends_on: web}, web: {tcp: "
     "\"h:2\"}}\n",
     {1, 14},
     "self.gate",
     "every monitor depends on a gate, so that uplink cannot depend on web itself"},
    {"SelfUnknownSink", "self: {report: dd}\n", {1, 16}, "self.report", "unknown sink \"dd\""},
    {"SelfHeartbeatNotAUrl",
     "self: {heartbeat_url: nowhere}\n",
     {1, 23},
     "self.heartbeat_url",
     "expected an http or https URL"},
    {"SeverityUnknown",
     http("    severity: high\n"),
     {4, 15},
     "monitors.m.severity",
     "critical, warning or info"},
    {"ReminderTooOften", http("    remind_every: 1s\n"), {4, 19}, "monitors.m.remind_every", "1m"},
    {"MaintenanceNoList", "maintenance: {name: a}\n", {1, 14}, "maintenance", "expected a list"},
    {"MaintenanceIncomplete",
     "maintenance: [{name: a, for: 1h}]\n",
     {1, 15},
     "maintenance[0]",
     "expected name, schedule and for"},
    {"MaintenanceBadCron",
     "maintenance: [{name: a, schedule: '61 * * * *', for: 1h}]\n",
     {1, 35},
     "maintenance[0].schedule",
     "minute"},
    {"MaintenanceNever",
     "maintenance: [{name: a, schedule: '0 0 30 2 *', for: 1h}]\n",
     {1, 35},
     "maintenance[0].schedule",
     "never comes due"},
    {"MaintenanceBadZone",
     "maintenance: [{name: a, schedule: '1 * * * *', for: 1h, timezone: Europe/Zurch}]\n",
     {1, 67},
     "maintenance[0].timezone",
     "Europe/Zurich"},
    {"MaintenanceNameTwice",
     "maintenance:\n  - {name: a, schedule: '1 * * * *', for: 1h}\n"
     "  - {name: a, schedule: '2 * * * *', for: 1h}\n",
     {3, 5},
     "maintenance[1]",
     "two maintenance windows of this name"},
    {"MaintenanceBadMatch",
     "maintenance: [{name: a, schedule: '1 * * * *', for: 1h, match: {team: '[a'}}]\n",
     {1, 64},
     "maintenance[0].match",
     "pattern"},
};

INSTANTIATE_TEST_SUITE_P(Alerting, BrokenAlerting, testing::ValuesIn(kAlertingRows), row_name);

}  // namespace
}  // namespace tocsin::config
