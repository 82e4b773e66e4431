#include "config/ecs_target.hpp"

#include <utility>

#include "config/aws_names.hpp"
#include "config/ecs_fields.hpp"

namespace tocsin::config {
namespace {

Node scalar(const std::string& text) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.quoted = true;
  node.text = text;
  return node;
}

// Problems stand in the order in which they were found, as if each were a line.
class Reader {
 public:
  void read(std::string key, Node value) {
    value.at.line = ++line_;
    for (Node& item : value.items) item.at.line = ++line_;
    const NodeEntry entry{std::move(key), {line_}, std::move(value)};
    (void)decode_entry(d_, entry, ecs_option_table(), draft_);
  }
  void error(std::string_view key, std::string message) {
    const auto scope = d_.enter(key);
    d_.error({++line_}, std::move(message));
  }
  std::vector<std::string> take() {
    std::vector<std::string> out;
    for (Diagnostic& found : problems_.take()) {
      out.push_back(found.path + ": " + std::move(found.message));
    }
    return out;
  }

 private:
  Problems problems_{"", ""};
  // A shell has filled in what was to be.
  Substitution substitution_{[](std::string_view) { return std::nullopt; },
                             [](const std::string&) -> Result<std::string> {
                               return fail(ErrorCode::not_found, "not in a configuration");
                             }};
  Decoder d_{problems_, substitution_};
  Draft<EcsOptions> draft_;
  std::uint32_t line_ = 0;
};

}  // namespace

std::vector<std::string> problems_of(const EcsTarget& target) {
  Reader reader;
  reader.read("cluster", scalar(target.cluster));
  const auto read = [&reader](std::string key, const std::string& text) {
    if (!text.empty()) reader.read(std::move(key), scalar(text));
  };
  read("region", target.region);
  read("role_arn", target.role_arn);
  read("external_id", target.external_id);
  if (!target.services.empty()) {
    Node list;
    list.kind = Node::Kind::list;
    for (const std::string& service : target.services) list.items.push_back(scalar(service));
    reader.read("services", std::move(list));
  }
  const auto arn = parse_cluster_arn(target.cluster);
  if (arn && !target.region.empty() && target.region != arn->region) {
    reader.error("region", "expected " + std::string(arn->region) +
                               ", the region of the cluster's ARN; it can be left out");
  }
  if (std::string problem = problem_of_role(target.role_arn, target.cluster); !problem.empty()) {
    reader.error("role_arn", std::move(problem));
  }
  if (!target.external_id.empty() && target.role_arn.empty()) {
    reader.error("external_id", "expected role_arn beside it: the role that asks for this id");
  }
  return reader.take();
}

}  // namespace tocsin::config
