#include "adapters/aws/xml_element.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tocsin::aws {
namespace {

std::string unescape_xml(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, char>, 5> kEntities{
      {{"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&amp;", '&'}}};
  std::string out;
  while (!text.empty()) {
    const auto entity = std::ranges::find_if(
        kEntities, [text](const auto& candidate) { return text.starts_with(candidate.first); });
    if (entity == kEntities.end()) {
      out += text.front();
      text.remove_prefix(1);
    } else {
      out += entity->second;
      text.remove_prefix(entity->first.size());
    }
  }
  return out;
}

}  // namespace

std::string xml_element(std::string_view xml, std::string_view name) {
  const std::string open = fmt::format("<{}>", name);
  const auto begin = xml.find(open);
  if (begin == xml.npos) {
    return {};
  }
  xml.remove_prefix(begin + open.size());
  const auto end = xml.find('<');
  return end == xml.npos ? std::string() : unescape_xml(xml.substr(0, end));
}

}  // namespace tocsin::aws
