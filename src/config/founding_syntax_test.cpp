// Founding-format files that are no valid YAML, or say something else than they look like: each
// with the place, the words and the corrected lines that the user must see.

#include "config/test_founding.hpp"

namespace tocsin::config {
namespace {

class BrokenFoundingText : public testing::TestWithParam<BrokenFounding> {};

TEST_P(BrokenFoundingText, IsAnsweredWithTheCorrectedLines) { expect_corrected(GetParam()); }

// A corrected answer, put into the file, loads.
TEST_P(BrokenFoundingText, LoadsAsCorrected) { expect_loads_as_corrected(GetParam()); }

const std::vector<BrokenFounding> kText1{
    {"UnquotedCron",
     R"(www.example.com/health:
  cron_schedule: */5 * * * *
  scheme: https
)",
     {2, 18},
     kPath + ".cron_schedule",
     "text that begins with * needs quotes",
     R"(  cron_schedule: "*/5 * * * *")",
     2,
     2},
    {"UnquotedCronWithComment",
     R"(www.example.com/health:
  cron_schedule: * * * * *  # each minute
)",
     {2, 18},
     kPath + ".cron_schedule",
     "text that begins with * needs quotes",
     R"(  cron_schedule: "* * * * *"  # each minute)",
     2,
     2},
    {"UnquotedCronOfASecondEndpoint",
     kEndpoint + R"(orders.example.com:
  cron_schedule: * * * * *
)",
     {4, 18},
     "[\"orders.example.com\"].cron_schedule",
     "text that begins with * needs quotes",
     R"(  cron_schedule: "* * * * *")",
     4,
     4},
    {"UnquotedMacro",
     R"(www.example.com/health:
  cron_schedule: @hourly
)",
     {2, 18},
     kPath + ".cron_schedule",
     "text that begins with @ needs quotes",
     R"(  cron_schedule: "@hourly")",
     2,
     2},
    {"KeysUnderPostService",
     kEndpoint + R"(  post_service: aws-cloudwatch
    aws_key: AKIA123
    aws_secret: s3cr3t-pw
    data_detail_type: health
    data_source: com.example.health
    data_details_json:
      - status: up
)",
     {4, 5},
     kPath + ".post_service.aws_key",
     "found keys indented below post_service, which has a value already; they stand in its column",
     R"(  post_service: aws-cloudwatch
  aws_key: AKIA123
  aws_secret: "***"
  data_detail_type: health
  data_source: com.example.health
  data_details_json:
    - status: up)",
     3,
     9},
    {"KeysUnderPostEndpoint",
     kEndpoint + R"(  post_endpoint: https://api.example.com/events
    post_api_key:
      param_name: api_key
      param_value: s3cr3t-pw
  post_json_info: {title: health, text: ok}
)",
     {4, 5},
     kPath + ".post_endpoint.post_api_key",
     "found keys indented below post_endpoint, which has a value already; they stand in its column",
     R"(  post_endpoint: https://api.example.com/events
  post_api_key:
    param_name: api_key
    param_value: "***")",
     3,
     6},
    {"ItemsUnderPostService",
     kEndpoint + R"(  post_service: aws-cloudwatch
    - data_detail_type: health
    - data_source: com.example.health
)",
     {4, 5},
     kPath + ".post_service.data_detail_type",
     "found keys indented below post_service, which has a value already; they stand in its column",
     R"(  post_service: aws-cloudwatch
  data_detail_type: health
  data_source: com.example.health)",
     3,
     5},
    {"Tab",
     R"(www.example.com/health:
	cron_schedule: "*/5 * * * *"
	scheme: https
)",
     {2, 1},
     kPath + ".cron_schedule",
     "found a tab in the indentation, expected spaces",
     R"(  cron_schedule: "*/5 * * * *"
  scheme: https)",
     2,
     3},
    {"TabDeep",
     kEndpoint + R"(  success_test:
  	key: status
  	value: ok
)",
     {4, 3},
     kPath + ".success_test.key",
     "found a tab in the indentation, expected spaces",
     R"(    key: status
    value: ok)",
     4,
     5},
    {"SecondSelf",
     R"(self:
  post_endpoint: https://api.example.com/events
  post_json_info: {title: a, text: b}
www.example.com/health:
  cron_schedule: "*/5 * * * *"
self:
    post_on: failure
    post_api_key: {param_name: api_key, param_value: s3cr3t-pw}
)",
     {6, 1},
     "self",
     "found self twice; the first is in line 1; one self holds the keys of both",
     R"(self:
  post_endpoint: https://api.example.com/events
  post_json_info: {title: a, text: b}
  post_on: failure
  post_api_key: {param_name: api_key, param_value: "***"})",
     1,
     3,
     6,
     8},
    {"SecondEndpoint",
     kEndpoint + R"(www.example.com/health:
  cron_schedule: "0 3 * * *"
  scheme: https
)",
     {3, 1},
     kPath,
     "found www.example.com/health twice; the first is in line 1; another test of the same "
     "endpoint has another name, behind #",
     R"(www.example.com/health#2:
  cron_schedule: "0 3 * * *"
  scheme: https)",
     3,
     5},
    {"KeyTwice",
     kEndpoint + R"(  scheme: http
  cron_schedule: "0 3 * * *"
)",
     {4, 3},
     kPath + ".cron_schedule",
     "found cron_schedule twice; the first is in line 2",
     R"(www.example.com/health:
  cron_schedule: "*/5 * * * *"
  scheme: http)",
     1,
     4},
    {"TitleBeginsWithAPlaceholder",
     kEndpoint + R"(  post_endpoint: https://api.example.com/events
  post_json_info:
    title: {outcome.status} is the state
    text: x
)",
     {5, 12},
     kPath + ".post_json_info.title",
     "text that begins with { needs quotes",
     R"(    title: "{outcome.status} is the state")",
     5,
     5},
    {"TextWithColon",
     kEndpoint + R"(  post_endpoint: https://api.example.com/events
  post_json_info:
    title: x
    text: Health: {outcome.status}
)",
     {6, 11},
     kPath + ".post_json_info.text",
     "text that holds \": \" needs quotes",
     R"(    text: "Health: {outcome.status}")",
     6,
     6},
};

const std::vector<BrokenFounding> kText2{
    {"TextBehindQuote",
     kEndpoint + R"(  post_endpoint: https://api.example.com/events
  post_json_info:
    title: "a" is {outcome.status}
    text: x
)",
     {5, 12},
     kPath + ".post_json_info.title",
     "found text behind a closing quote; put all of it into quotes",
     R"(    title: '"a" is {outcome.status}')",
     5,
     5},
    {"OpenQuote",
     R"(www.example.com/health:
  cron_schedule: "*/5 * * * *
)",
     {2, 18},
     kPath + ".cron_schedule",
     "this quote is never closed",
     R"(  cron_schedule: "*/5 * * * *")",
     2,
     2},
    {"MissingColon",
     R"(www.example.com/health
  cron_schedule: "*/5 * * * *"
)",
     {1, 1},
     "",
     "expected \": \" behind www.example.com/health",
     R"(www.example.com/health:)",
     1,
     1},
    {"MissingColonOfKey",
     kEndpoint + R"(  scheme https
)",
     {3, 3},
     kPath,
     "expected \": \" behind scheme",
     R"(  scheme: https)",
     3,
     3},
    {"NoSpaceBehindColon",
     kEndpoint + R"(  scheme:https
)",
     {3, 3},
     kPath,
     "expected \": \" behind scheme",
     R"(  scheme: https)",
     3,
     3},
    {"OpenBracket",
     kEndpoint + R"(  success_test: {key: status, value: ok
)",
     {3, 17},
     kPath + ".success_test",
     "found \"{\" without its \"}\"",
     R"(  success_test: {key: status, value: ok})",
     3,
     3},
    {"OpenList",
     kEndpoint + R"(  response_json_values: [status, version
  scheme: https
)",
     {3, 25},
     kPath + ".response_json_values",
     "found \"[\" without its \"]\"",
     R"(  response_json_values: [status, version])",
     3,
     3},
    {"WrongColumn",
     kEndpoint + R"( scheme: https
)",
     {3, 2},
     kPath + ".scheme",
     "this key does not stand in the column of the keys beside it",
     R"(  scheme: https)",
     3,
     3},
    {"WrongColumnDeeper",
     kEndpoint + R"(   scheme: https
)",
     {3, 4},
     kPath + ".cron_schedule.scheme",
     "found keys indented below cron_schedule, which has a value already; they stand in its column",
     R"(  cron_schedule: "*/5 * * * *"
  scheme: https)",
     2,
     3},
    {"FirstColumn",
     R"(www.example.com/health:
cron_schedule: "*/5 * * * *"
scheme: https
)",
     {2, 1},
     "cron_schedule",
     "cron_schedule stands in the first column; it belongs below www.example.com/health, indented",
     R"(www.example.com/health:
  cron_schedule: "*/5 * * * *"
  scheme: https)",
     1,
     3},
    {"OneLine",
     R"(www.example.com/health: cron_schedule: "*/5 * * * *"
)",
     {1, 25},
     kPath,
     "found two keys in one line; the second stands below the first, indented",
     R"(www.example.com/health:
  cron_schedule: "*/5 * * * *")",
     1,
     1},
};

INSTANTIATE_TEST_SUITE_P(Text1, BrokenFoundingText, testing::ValuesIn(kText1), founding_row_name);
INSTANTIATE_TEST_SUITE_P(Text2, BrokenFoundingText, testing::ValuesIn(kText2), founding_row_name);

}  // namespace
}  // namespace tocsin::config
