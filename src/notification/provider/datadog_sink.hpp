#pragma once
// Every outcome as a Datadog event, with the monitor's labels as tags
// (https://docs.datadoghq.com/api/latest/events/post-an-event/).

#include <memory>
#include <string>
#include <vector>

#include "notification/format.hpp"

namespace tocsin::notification {

struct DatadogSinkOptions {
  std::string api_key;  // secret
  std::string site = "datadoghq.com";
  std::string url;                // base URL instead of the site's
  std::vector<std::string> tags;  // beside the labels
};

[[nodiscard]] std::shared_ptr<const Format> make_datadog_sink(DatadogSinkOptions options);

}  // namespace tocsin::notification
