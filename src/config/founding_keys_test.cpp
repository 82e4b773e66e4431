// Founding-format files that are wrong about an endpoint, its schedule or its answer: each with the
// place, the words and the corrected lines that the user must see.

#include "config/test_founding.hpp"

namespace tocsin::config {
namespace {

class BrokenFoundingKeys : public testing::TestWithParam<BrokenFounding> {};

TEST_P(BrokenFoundingKeys, IsAnsweredWithTheCorrectedLines) { expect_corrected(GetParam()); }

// A corrected answer, put into the file, loads.
TEST_P(BrokenFoundingKeys, LoadsAsCorrected) { expect_loads_as_corrected(GetParam()); }

const std::vector<BrokenFounding> kKeys1{
    {"Misspelt",
     R"(www.example.com/health:
  cron_shedule: "*/5 * * * *"
)",
     {2, 3},
     kPath + ".cron_shedule",
     "unknown key \"cron_shedule\" (did you mean cron_schedule?)",
     R"(  cron_schedule: "*/5 * * * *")",
     2,
     2},
    {"MisspeltBelow",
     kEndpoint + R"(  success_test:
    keys: status
    value: ok
)",
     {4, 5},
     kPath + ".success_test.keys",
     "unknown key \"keys\" (did you mean key?)",
     R"(    key: status)",
     4,
     4},
    {"UnknownKey",
     kEndpoint + R"(  interval: 5m
  scheme: https
)",
     {3, 3},
     kPath + ".interval",
     "unknown key \"interval\", expected cron_schedule, scheme, response_json_values, "
     "success_test, post_endpoint, post_api_key, post_json_info, post_service, post_on, aws_key, "
     "aws_secret, data_detail_type, data_source, data_details_json or data_resources",
     R"(www.example.com/health:
  cron_schedule: "*/5 * * * *"
  scheme: https)",
     1,
     4},
    {"TocsinKey",
     kEndpoint + R"(  notify: [ops]
)",
     {3, 3},
     kPath + ".notify",
     "notify is not in the founding format; it stands under defaults in tocsin.yml, or write this "
     "endpoint under monitors",
     R"(www.example.com/health:
  cron_schedule: "*/5 * * * *")",
     1,
     3},
    {"NoCron",
     R"(www.example.com/health:
  scheme: https
)",
     {1, 1},
     kPath,
     "expected cron_schedule, which says when this endpoint is asked",
     R"(www.example.com/health:
  cron_schedule: "*/5 * * * *")",
     1,
     1},
    {"Empty",
     R"(www.example.com/health:
orders.example.com/:
  cron_schedule: "0 3 * * *"
)",
     {1, 1},
     kPath,
     "found nothing, expected keys such as cron_schedule below it, indented",
     R"(www.example.com/health:
  cron_schedule: "*/5 * * * *"
  scheme: https)",
     1,
     1},
    {"CronFields",
     R"(www.example.com/health:
  cron_schedule: "*/5 *"
)",
     {2, 18},
     kPath + ".cron_schedule",
     "\"*/5 *\" has 2 fields; a schedule has 5 fields (minute hour day-of-month month "
     "day-of-week), or 6 with seconds in front",
     R"(  cron_schedule: "*/5 * * * *")",
     2,
     2},
    {"CronYear",
     R"(www.example.com/health:
  cron_schedule: "0 0 12 ? * MON 2026"
)",
     {2, 18},
     kPath + ".cron_schedule",
     "\"0 0 12 ? * MON 2026\" has 7 fields; a schedule has 5 fields (minute hour day-of-month "
     "month day-of-week), or 6 with seconds in front; there is no field for the year",
     R"(  cron_schedule: "0 0 12 * * MON")",
     2,
     2},
    {"CronReboot",
     R"(www.example.com/health:
  cron_schedule: "@reboot"
)",
     {2, 18},
     kPath + ".cron_schedule",
     "@reboot is refused: a monitor has no boot of its own; use `run_at_start: true` beside a "
     "schedule",
     R"(  cron_schedule: "*/5 * * * *")",
     2,
     2},
    {"CronNever",
     R"(www.example.com/health:
  cron_schedule: "0 0 30 2 *"
)",
     {2, 18},
     kPath + ".cron_schedule",
     "this schedule never comes due",
     R"(  cron_schedule: "*/5 * * * *")",
     2,
     2},
    {"CronNumber",
     R"(www.example.com/health:
  cron_schedule: 5
)",
     {2, 18},
     kPath + ".cron_schedule",
     "\"5\" has 1 field; a schedule has 5 fields (minute hour day-of-month month day-of-week), or "
     "6 with seconds in front",
     R"(  cron_schedule: "5 * * * *")",
     2,
     2},
    {"CronList",
     R"(www.example.com/health:
  cron_schedule: [5, 0]
)",
     {2, 18},
     kPath + ".cron_schedule",
     "found a list, expected a cron expression such as \"*/5 * * * *\"",
     R"(  cron_schedule: "*/5 * * * *")",
     2,
     2},
    {"Scheme",
     kEndpoint + R"(  scheme: tcp
)",
     {3, 11},
     kPath + ".scheme",
     "found \"tcp\", expected http or https",
     R"(  scheme: https)",
     3,
     3},
    {"SchemeUrl",
     kEndpoint + R"(  scheme: http://
)",
     {3, 11},
     kPath + ".scheme",
     "found \"http://\", expected http or https (did you mean http?)",
     R"(  scheme: http)",
     3,
     3},
};

const std::vector<BrokenFounding> kKeys2{
    {"EndpointWithScheme",
     R"(https://www.example.com/health:
  cron_schedule: "*/5 * * * *"
)",
     {1, 1},
     "[\"https://www.example.com/health\"]",
     "an endpoint stands without http:// or https:// here; scheme says which",
     R"(www.example.com/health:
  scheme: https)",
     1,
     1},
    {"EndpointWithSchemeTwice",
     R"(http://www.example.com/health:
  cron_schedule: "*/5 * * * *"
  scheme: http
)",
     {1, 1},
     "[\"http://www.example.com/health\"]",
     "an endpoint stands without http:// or https:// here; scheme says which",
     R"(www.example.com/health:)",
     1,
     1},
    {"EndpointWithoutHost",
     R"(/health:
  cron_schedule: "*/5 * * * *"
)",
     {1, 1},
     "[\"/health\"]",
     "found \"https:///health\": expected a host name or address after \"//\"",
     R"(www.example.com/health:)",
     1,
     1},
    {"EndpointWithSpace",
     R"(www.example.com/a b:
  cron_schedule: "*/5 * * * *"
)",
     {1, 1},
     "[\"www.example.com/a b\"]",
     "found \"https://www.example.com/a b\": expected no spaces in a URL (write %20)",
     R"(www.example.com/health:)",
     1,
     1},
    {"EndpointWithUser",
     R"(user:s3cr3t-pw@www.example.com/health:
  cron_schedule: "*/5 * * * *"
)",
     {1, 1},
     "[\"***@www.example.com/health\"]",
     "found a user or password; the founding format has no place for them: write this endpoint "
     "under monitors, with http: {auth: ...}",
     R"(www.example.com/health:)",
     1,
     1},
    {"EndpointPort",
     R"(www.example.com:99999/health:
  cron_schedule: "*/5 * * * *"
)",
     {1, 1},
     "[\"www.example.com:99999/health\"]",
     "found \"https://www.example.com:99999/health\": expected a port from 1 to 65535",
     R"(www.example.com/health:)",
     1,
     1},
    {"EndpointVariable",
     R"(${HOST}/health:
  cron_schedule: "*/5 * * * *"
)",
     {1, 1},
     "[\"${HOST}/health\"]",
     "${...} is filled in in values, not in the name of an endpoint",
     R"(www.example.com/health:)",
     1,
     1},
    {"ValuesMap",
     kEndpoint + R"(  response_json_values: {status: ok, version: 1}
)",
     {3, 25},
     kPath + ".response_json_values",
     "found a map, expected a list of names",
     R"(  response_json_values:
    - status
    - version)",
     3,
     3},
    {"ValuesText",
     kEndpoint + R"(  response_json_values: status, version
)",
     {3, 25},
     kPath + ".response_json_values",
     "found \"status, version\", expected the name of a value in the body, such as status or "
     "db.state (did you mean status?)",
     R"(  response_json_values:
    - status
    - version)",
     3,
     3},
    {"ValuesPlaceholders",
     kEndpoint + R"(  response_json_values:
    - status: {status}
)",
     {4, 7},
     kPath + ".response_json_values[0]",
     "found a map, expected the name of a value in the body, such as status or db.state",
     R"(  response_json_values:
    - status)",
     3,
     4},
    {"TestPair",
     kEndpoint + R"(  success_test: {status: ok}
)",
     {3, 18},
     kPath + ".success_test.status",
     "unknown key \"status\", expected key or value",
     R"(  success_test:
    key: status
    value: ok)",
     3,
     3},
    {"TestText",
     kEndpoint + R"(  success_test: status == ok
)",
     {3, 17},
     kPath + ".success_test",
     "found \"status == ok\", expected a map with key and value",
     R"(  success_test:
    key: status
    value: ok)",
     3,
     3},
    {"TestList",
     kEndpoint + R"(  success_test:
    - key: status
      value: "all good"
)",
     {4, 5},
     kPath + ".success_test",
     "found a list, expected a map with key and value",
     R"(  success_test:
    key: status
    value: "all good")",
     3,
     5},
    {"TestWithoutValue",
     kEndpoint + R"(  success_test:
    key: status
)",
     {3, 3},
     kPath + ".success_test",
     "expected value",
     R"(  success_test:
    key: status
    value: ok)",
     3,
     4},
};

const std::vector<BrokenFounding> kKeys3{
    {"TestEmptyValue",
     kEndpoint + R"(  success_test:
    key: status
    value: ""
)",
     {5, 12},
     kPath + ".success_test.value",
     "found \"\", expected one line of text",
     R"(  success_test:
    key: status
    value: ok)",
     3,
     5},
    {"TestValueList",
     kEndpoint + R"(  success_test: {key: status, value: [ok, fine]}
)",
     {3, 38},
     kPath + ".success_test.value",
     "found a list, expected text",
     R"(  success_test:
    key: status
    value: ok)",
     3,
     3},
    {"TestPath",
     kEndpoint + R"(  success_test: {key: "$.status", value: ok}
)",
     {3, 23},
     kPath + ".success_test.key",
     "found \"$.status\", expected a value in the body, such as status or db.state (did you mean "
     "status?)",
     R"(  success_test:
    key: status
    value: ok)",
     3,
     3},
};

INSTANTIATE_TEST_SUITE_P(Keys1, BrokenFoundingKeys, testing::ValuesIn(kKeys1), founding_row_name);
INSTANTIATE_TEST_SUITE_P(Keys2, BrokenFoundingKeys, testing::ValuesIn(kKeys2), founding_row_name);
INSTANTIATE_TEST_SUITE_P(Keys3, BrokenFoundingKeys, testing::ValuesIn(kKeys3), founding_row_name);

}  // namespace
}  // namespace tocsin::config
