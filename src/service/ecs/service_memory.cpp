#include "service/ecs/service_memory.hpp"

#include <array>

#include "base/json_writer.hpp"
#include "check/json.hpp"

namespace tocsin::service {
namespace {

constexpr std::size_t kMostImages = 100;

std::string text(check::JsonValue value) { return value.string().value_or(""); }
Instant time(check::JsonValue value) { return from_unix_ms(value.integer().value_or(0)); }

}  // namespace

deployment::Tags kept_tags(const deployment::Tags& tags) {
  deployment::Tags out;
  for (const auto& tag : tags) {
    if (!tag.first.starts_with("aws:") && out.size() < kMostTags) {
      out.push_back(tag);
    }
  }
  return out;
}

std::string to_json(const ServiceMemory& memory) {
  std::string out;
  JsonWriter w(out);
  w.object().field("cluster", memory.cluster).field("service", memory.name);
  w.field("arn", memory.arn).key("tags").object();
  for (const auto& [key, value] : memory.tags) {
    w.field(key, value);
  }
  w.end_object().key("state").raw(deployment::to_json(memory.state));
  w.key("history").raw(deployment::to_json(memory.history));
  w.field("images_of", memory.images_of).key("images").array();
  for (const deployment::Image& image : memory.images) {
    w.object().field("container", image.container).field("image", image.image);
    w.field("digest", image.digest).end_object();
  }
  w.end_array().field("looked_ms", unix_ms(memory.looked)).end_object();
  return out;
}

ServiceMemory parse_service_memory(std::string_view json) {
  ServiceMemory out;
  const auto value = check::parse_json(json);
  if (!value) {
    return out;
  }
  out.cluster = text(value->find("cluster"));
  out.name = text(value->find("service"));
  out.arn = text(value->find("arn"));
  for (check::JsonItems item(value->find("tags")); item.next() && out.tags.size() < kMostTags;) {
    out.tags.emplace_back(item.key(), text(item.value()));
  }
  out.state = deployment::parse_service_state(value->find("state").text());
  out.history = deployment::parse_history(value->find("history").text());
  out.images_of = text(value->find("images_of"));
  for (check::JsonItems item(value->find("images"));
       item.next() && out.images.size() < kMostImages;) {
    const check::JsonValue image = item.value();
    out.images.push_back(
        {text(image.find("container")), text(image.find("image")), text(image.find("digest"))});
  }
  out.looked = time(value->find("looked_ms"));
  return out;
}

ArnParts parts_of_arn(std::string_view arn) {
  std::array<std::string_view, 5> parts;  // arn, partition, service, region, account
  for (std::string_view& part : parts) {
    const auto colon = arn.find(':');
    if (colon == std::string_view::npos) {
      return {};
    }
    part = arn.substr(0, colon);
    arn.remove_prefix(colon + 1);
  }
  if (parts[0] != "arn") {
    return {};
  }
  return {std::string(parts[1]), std::string(parts[3]), std::string(parts[4])};
}

std::string_view short_name(std::string_view arn_or_name) {
  const auto slash = arn_or_name.rfind('/');
  return slash == std::string_view::npos ? arn_or_name : arn_or_name.substr(slash + 1);
}

}  // namespace tocsin::service
