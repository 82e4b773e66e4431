// Founding-format files that are wrong about their posts or about self: each with the place, the
// words and the corrected lines that the user must see.

#include "config/test_founding.hpp"

namespace tocsin::config {
namespace {

class BrokenFoundingPosts : public testing::TestWithParam<BrokenFounding> {};

TEST_P(BrokenFoundingPosts, IsAnsweredWithTheCorrectedLines) { expect_corrected(GetParam()); }

// A corrected answer, put into the file, loads.
TEST_P(BrokenFoundingPosts, LoadsAsCorrected) { expect_loads_as_corrected(GetParam()); }

const std::vector<BrokenFounding> kPosts1{
    {"EndpointBare",
     kEndpoint + R"(  post_endpoint: api.example.com/events
  post_json_info: {title: a, text: b}
)",
     {3, 18},
     kPath + ".post_endpoint",
     "found \"api.example.com/events\", expected an absolute URL such as "
     "https://example.com/health (did you mean https://api.example.com/events?)",
     R"(  post_endpoint: https://api.example.com/events)",
     3,
     3},
    {"KeyText",
     kEndpoint + R"(  post_endpoint: https://api.example.com/events
  post_api_key: s3cr3t-pw
  post_json_info: {title: a, text: b}
)",
     {4, 17},
     kPath + ".post_api_key",
     "found a value, expected a map with param_name and param_value",
     R"(  post_api_key:
    param_name: api_key
    param_value: "${POST_API_KEY}")",
     4,
     4},
    {"KeyPair",
     kEndpoint + R"(  post_endpoint: https://api.example.com/events
  post_api_key: {api_key: s3cr3t-pw}
  post_json_info: {title: a, text: b}
)",
     {4, 18},
     kPath + ".post_api_key.api_key",
     "unknown key \"api_key\", expected param_name, param_value or param_in",
     R"(  post_api_key:
    param_name: api_key
    param_value: "${POST_API_KEY}")",
     4,
     4},
    {"KeyMisspelt",
     kEndpoint + R"(  post_endpoint: https://api.example.com/events
  post_api_key:
    param_name: api_key
    param_vlaue: s3cr3t-pw
  post_json_info: {title: a, text: b}
)",
     {6, 5},
     kPath + ".post_api_key.param_vlaue",
     "unknown key \"param_vlaue\" (did you mean param_value?)",
     R"(    param_value: "***")",
     6,
     6},
    {"KeyWithoutValue",
     kEndpoint + R"(  post_endpoint: https://api.example.com/events
  post_api_key: {param_name: api_key}
  post_json_info: {title: a, text: b}
)",
     {4, 3},
     kPath + ".post_api_key",
     "expected param_value",
     R"(  post_api_key:
    param_name: api_key
    param_value: "${POST_API_KEY}")",
     4,
     4},
    {"KeyName",
     kEndpoint + R"(  post_endpoint: https://api.example.com/events
  post_api_key: {param_name: "api key", param_value: s3cr3t-pw}
  post_json_info: {title: a, text: b}
)",
     {4, 30},
     kPath + ".post_api_key.param_name",
     "found \"api key\", expected a name of letters, digits and - _ . ~, such as api_key",
     R"(  post_api_key:
    param_name: api_key
    param_value: "${POST_API_KEY}")",
     4,
     4},
    {"KeyPlace",
     kEndpoint + R"(  post_endpoint: https://api.example.com/events
  post_api_key: {param_name: api_key, param_value: s3cr3t-pw, param_in: body}
  post_json_info: {title: a, text: b}
)",
     {4, 73},
     kPath + ".post_api_key.param_in",
     "found \"body\", expected query or header",
     R"(  post_api_key:
    param_name: api_key
    param_value: "${POST_API_KEY}")",
     4,
     4},
    {"KeyAlone",
     kEndpoint + R"(  post_api_key: {param_name: api_key, param_value: s3cr3t-pw}
  post_json_info: {title: a, text: b}
)",
     {3, 3},
     kPath,
     "found post_api_key without post_endpoint",
     R"(  post_endpoint: https://api.datadoghq.com/api/v1/events)",
     3,
     2},
    {"NoInfo",
     kEndpoint + R"(  post_endpoint: https://api.example.com/events
  response_json_values: [status]
)",
     {3, 3},
     kPath,
     "expected post_json_info, which says what is posted",
     R"(  post_json_info:
    title: www.example.com/health
    text: "status is {status}"
    tags:
      - status: {status})",
     5,
     5},
    {"InfoText",
     kEndpoint + R"(  post_endpoint: https://api.example.com/events
  post_json_info: down
)",
     {4, 19},
     kPath + ".post_json_info",
     "found \"down\", expected a map with title, text and tags",
     R"(  post_json_info:
    title: www.example.com/health
    text: "status is {outcome.status}"
    tags:
      - status: {outcome.status})",
     4,
     4},
    {"InfoWithoutTitle",
     kEndpoint + R"(  post_endpoint: https://api.example.com/events
  post_json_info:
    text: b
)",
     {4, 3},
     kPath + ".post_json_info",
     "expected title",
     R"(  post_json_info:
    title: www.example.com/health
    text: "status is {outcome.status}"
    tags:
      - status: {outcome.status})",
     4,
     5},
    {"InfoKey",
     kEndpoint + R"(  post_endpoint: https://api.example.com/events
  post_json_info:
    title: a
    txt: b
)",
     {6, 5},
     kPath + ".post_json_info.txt",
     "unknown key \"txt\" (did you mean text?)",
     R"(    text: b)",
     6,
     6},
    {"Placeholder",
     kEndpoint + R"(  response_json_values: [status]
  post_endpoint: https://api.example.com/events
  post_json_info:
    title: health is {staus}
    text: b
)",
     {6, 12},
     kPath + ".post_json_info.title",
     "unknown placeholder {staus} (did you mean {status}?)",
     R"(    title: health is {status})",
     6,
     6},
    {"PlaceholderUnknown",
     kEndpoint + R"(  response_json_values: [status]
  post_endpoint: https://api.example.com/events
  post_json_info:
    title: a
    text: version {version}
)",
     {7, 11},
     kPath + ".post_json_info.text",
     "unknown placeholder {version}, expected status, outcome.status, outcome.reason, "
     "outcome.message, outcome.started_at, outcome.duration_ms",
     R"(  response_json_values:
    - status
    - version)",
     3,
     3},
};

const std::vector<BrokenFounding> kPosts2{
    {"PlaceholderDoubled",
     kEndpoint + R"(  post_endpoint: https://api.example.com/events
  post_json_info:
    title: a
    text: "open { brace"
)",
     {6, 11},
     kPath + ".post_json_info.text",
     "found \"{\" without a name and \"}\" behind it; write {name} for a value, {{ for a brace",
     R"(    text: "open {{ brace")",
     6,
     6},
    {"TagsText",
     kEndpoint + R"(  post_endpoint: https://api.example.com/events
  post_json_info:
    title: a
    text: b
    tags: env:production, team:shop
)",
     {7, 11},
     kPath + ".post_json_info.tags",
     "found \"env:production, team:shop\", expected a list of tags",
     R"(    tags:
      - env:production
      - team:shop)",
     7,
     7},
    {"TagsMap",
     kEndpoint + R"(  post_endpoint: https://api.example.com/events
  post_json_info:
    title: a
    text: b
    tags: {env: production, team: shop}
)",
     {7, 11},
     kPath + ".post_json_info.tags",
     "found a map, expected a list of tags",
     R"(    tags:
      - env: production
      - team: shop)",
     7,
     7},
    {"TagOfAList",
     kEndpoint + R"(  post_endpoint: https://api.example.com/events
  post_json_info:
    title: a
    text: b
    tags:
      - env: [a, b]
)",
     {8, 14},
     kPath + ".post_json_info.tags[0].env",
     "found a list, expected a text or {name}",
     R"(    tags:
      - env: value)",
     7,
     8},
    {"PostOn",
     kPost + R"(  post_on: up
)",
     {6, 12},
     kPath + ".post_on",
     "found \"up\", expected success, failure or always",
     R"(  post_on: always)",
     6,
     6},
    {"PostOnAlone",
     kEndpoint + R"(  post_on: always
)",
     {3, 3},
     kPath + ".post_on",
     "found post_on without post_endpoint or post_service",
     R"(www.example.com/health:
  cron_schedule: "*/5 * * * *")",
     1,
     3},
    {"Service",
     kEndpoint + R"(  post_service: aws-cloud-watch
  aws_key: AKIA123
  aws_secret: s3cr3t-pw
  data_detail_type: health
  data_source: com.example.health
)",
     {3, 17},
     kPath + ".post_service",
     "found \"aws-cloud-watch\", expected aws-cloudwatch (did you mean aws-cloudwatch?)",
     R"(  post_service: aws-cloudwatch)",
     3,
     3},
    {"ServiceCase",
     kEndpoint + R"(  post_service: datadog
  aws_key: AKIA123
  aws_secret: s3cr3t-pw
  data_detail_type: health
  data_source: com.example.health
)",
     {3, 17},
     kPath + ".post_service",
     "found \"datadog\", expected aws-cloudwatch",
     R"(  post_service: aws-cloudwatch)",
     3,
     3},
    {"NoService",
     kEndpoint + R"(  aws_key: AKIA123
  aws_secret: s3cr3t-pw
  data_detail_type: health
  data_source: com.example.health
)",
     {3, 3},
     kPath,
     "found aws_key without post_service",
     R"(  post_service: aws-cloudwatch)",
     3,
     2},
    {"NoSecret",
     kEndpoint + R"(  post_service: aws-cloudwatch
  aws_key: AKIA123
  data_detail_type: health
  data_source: com.example.health
)",
     {3, 3},
     kPath,
     "expected aws_secret beside aws_key",
     R"(  post_service: aws-cloudwatch
  aws_secret: "${AWS_SECRET_ACCESS_KEY}")",
     3,
     3},
    {"NoKey",
     kEndpoint + R"(  post_service: aws-cloudwatch
  aws_secret: s3cr3t-pw
  data_detail_type: health
  data_source: com.example.health
)",
     {3, 3},
     kPath,
     "expected aws_key beside aws_secret",
     R"(  post_service: aws-cloudwatch
  aws_key: "${AWS_ACCESS_KEY_ID}")",
     3,
     3},
    {"NoSource",
     kEndpoint + R"(  post_service: aws-cloudwatch
  aws_key: AKIA123
  aws_secret: s3cr3t-pw
  data_detail_type: health
)",
     {3, 3},
     kPath,
     "expected data_source beside post_service: aws-cloudwatch",
     R"(  post_service: aws-cloudwatch
  data_source: com.example.health)",
     3,
     3},
    {"SecretList",
     kEndpoint + R"(  post_service: aws-cloudwatch
  aws_key: AKIA123
  aws_secret: [s3cr3t-pw]
  data_detail_type: health
  data_source: com.example.health
)",
     {5, 15},
     kPath + ".aws_secret",
     "found a list, expected a secret access key",
     R"(  aws_secret: "${AWS_SECRET_ACCESS_KEY}")",
     5,
     5},
    {"DetailsText",
     kAws + R"(  data_details_json: status ok
)",
     {8, 22},
     kPath + ".data_details_json",
     "found \"status ok\", expected a list of key: value",
     R"(  data_details_json:
    - status: {outcome.status})",
     8,
     8},
};

const std::vector<BrokenFounding> kPosts3{
    {"DetailsJson",
     kAws + R"(  data_details_json: '{"status": "ok"}'
)",
     {8, 22},
     kPath + ".data_details_json",
     "found \"{\"status\": \"ok\"}\", expected a list of key: value",
     R"(  data_details_json:
    - status: {outcome.status})",
     8,
     8},
    {"DetailsUnknown",
     kAws + R"(  data_details_json:
    - status: {status}
)",
     {9, 15},
     kPath + ".data_details_json.status",
     "unknown placeholder {status}, expected outcome.status, outcome.reason, outcome.message, "
     "outcome.started_at, outcome.duration_ms",
     R"(  response_json_values:
    - status)",
     3,
     2},
    {"ResourcesMap",
     kAws + R"(  data_resources: {arn: x}
)",
     {8, 19},
     kPath + ".data_resources",
     "found a map, expected the ARN of a resource or a list of them",
     R"(  data_resources:
    - arn:aws:ecs:us-east-1:123456789012:service/shop)",
     8,
     8},
    {"SelfCron",
     R"(self:
  cron_schedule: "* * * * *"
  post_endpoint: https://api.example.com/events
  post_json_info: {title: a, text: b}
)",
     {2, 3},
     "self.cron_schedule",
     "self has no cron_schedule: Tocsin reports its own health every minute",
     R"(self:
  post_endpoint: https://api.example.com/events
  post_json_info: {title: a, text: b})",
     1,
     4},
    {"SelfNotify",
     R"(self:
  notify: [ops]
  post_endpoint: https://api.example.com/events
  post_json_info: {title: a, text: b}
)",
     {2, 3},
     "self.notify",
     "notify stands under self in tocsin.yml",
     R"(self:
  post_endpoint: https://api.example.com/events
  post_json_info: {title: a, text: b})",
     1,
     4},
    {"SelfPlaceholder",
     R"(self:
  post_endpoint: https://api.example.com/events
  post_json_info:
    title: a
    text: "{monitor} are watched"
)",
     {5, 11},
     "self.post_json_info.text",
     "unknown placeholder {monitor} (did you mean {monitors}?)",
     R"(    text: "{monitors} are watched")",
     5,
     5},
    {"SelfPlaceholderOfAnAnswer",  // self has no answer to take it from
     R"(self:
  post_endpoint: https://api.example.com/events
  post_json_info:
    title: a
    text: "{version} runs"
)",
     {5, 11},
     "self.post_json_info.text",
     "unknown placeholder {version}, expected monitors, up, down, unknown, planned, late, "
     "in_flight, outbox, troubles, outcome.status, outcome.reason, outcome.message, "
     "outcome.started_at, outcome.duration_ms",
     R"(    text: "{{version}} runs")",
     5,
     5},
    {"SelfText",
     R"(self: https://api.example.com/events
www.example.com/health:
  cron_schedule: "*/5 * * * *"
)",
     {1, 7},
     "self",
     "found \"https://api.example.com/events\", expected keys such as cron_schedule below it, "
     "indented",
     R"(self:
  post_endpoint: https://api.datadoghq.com/api/v1/events
  post_json_info:
    title: Tocsin is {outcome.status}
    text: "{down} of {monitors} monitors are down"
    tags:
      - service: tocsin)",
     1,
     1},
    {"TagsInFlow",
     kEndpoint + R"(  post_endpoint: https://api.example.com/events
  post_json_info: {title: a, text: "b: c", tags: env}
)",
     {4, 50},
     kPath + ".post_json_info.tags",
     "found \"env\", expected a list of tags",
     R"(  post_json_info:
    title: a
    text: "b: c"
    tags:
      - env)",
     4,
     4},
    {"TitleList",
     kEndpoint + R"(  post_endpoint: https://api.example.com/events
  post_json_info:
    title: [a]
    text: b
)",
     {5, 12},
     kPath + ".post_json_info.title",
     "found a list, expected text, perhaps with {name} of response_json_values in it",
     R"(    title: "health is {outcome.status}")",
     5,
     5},
    {"TitleTwoPlaceholders",
     kEndpoint + R"(  post_endpoint: https://api.example.com/events
  post_json_info:
    title: {outcome.status, outcome.reason}
    text: b
)",
     {5, 12},
     kPath + ".post_json_info.title",
     "found a map, expected text, perhaps with {name} of response_json_values in it",
     R"(    title: "{outcome.status} {outcome.reason}")",
     5,
     5},
};

INSTANTIATE_TEST_SUITE_P(Posts1, BrokenFoundingPosts, testing::ValuesIn(kPosts1),
                         founding_row_name);
INSTANTIATE_TEST_SUITE_P(Posts2, BrokenFoundingPosts, testing::ValuesIn(kPosts2),
                         founding_row_name);
INSTANTIATE_TEST_SUITE_P(Posts3, BrokenFoundingPosts, testing::ValuesIn(kPosts3),
                         founding_row_name);

}  // namespace
}  // namespace tocsin::config
