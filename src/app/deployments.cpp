// `tocsin deployments`: what was deployed to a service over time.

#include <fmt/format.h>

#include "app/commands.hpp"
#include "app/console.hpp"
#include "app/deployment_table.hpp"
#include "app/listing.hpp"
#include "app/remote.hpp"
#include "check/json.hpp"

namespace tocsin::app {

int list_deployments(const DeploymentsOptions& options) {
  auto remote = Remote::at(options);
  if (!remote) {
    return give_up(remote.error());
  }
  ApiClient::Request request;
  request.path = fmt::format("/api/v1/monitors/{}/deployments?limit={}",
                             percent_encoded(options.monitor), options.limit);
  const auto answer = (*remote)->ask(std::move(request));
  if (!answer) {
    return give_up(answer.error());
  }
  const auto body = check::parse_json(*answer);
  std::vector<std::string> items;
  for (check::JsonItems item(body->find("items")); item.next();) {
    items.emplace_back(item.value().text());
  }
  if (options.json) {
    fmt::print("{}", items_document(items));
    return kDone;
  }
  if (!items.empty()) {
    fmt::print("{}", render_deployments(items, (*remote)->now(), list_width()));
  }
  const bool more = body->find("next").string().has_value();
  fmt::print("{}{}\n", counted(items.size(), "deployment"),
             more ? "; there are older ones, see --limit" : "");
  return kDone;
}

}  // namespace tocsin::app
