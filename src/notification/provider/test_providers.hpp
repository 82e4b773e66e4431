#pragma once
// Every provider that speaks HTTP, as the contract tests see it.

#include <memory>
#include <string>
#include <vector>

#include "notification/provider/datadog_sink.hpp"
#include "notification/provider/pagerduty.hpp"
#include "notification/provider/post.hpp"
#include "notification/provider/row.hpp"
#include "notification/provider/slack.hpp"
#include "notification/provider/test_schema.hpp"
#include "notification/provider/webhook.hpp"
#include "notification/values.hpp"

namespace tocsin::notification {

struct Provider {
  std::string name;
  std::shared_ptr<const Format> format;
  std::string url_begins;  // with the base URL overridden
  std::vector<Rule> rules;
  Answer good;
  bool proves = true;          // a good status with other words is not taken for a delivery
  std::size_t body_limit = 0;  // bytes of a request; 0: none published
  bool sink = false;
  std::vector<std::string> never = {};  // what a text from outside must not become
  bool says_no_to_400 = true;           // a 400 without known words fails the message
};

inline const std::string kSecret = "s3cr3t-token";

std::vector<Provider> all_providers();

}  // namespace tocsin::notification
