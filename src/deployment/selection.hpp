#pragma once
// Which services of a cluster are watched: by name, by pattern, by tag.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin::deployment {

using Tags = std::vector<std::pair<std::string, std::string>>;  // sorted by key

struct Selection {
  std::vector<std::string> include;  // names or patterns (check/glob.hpp); none: every service
  std::vector<std::string> exclude;
  Tags tags;  // all must be on the service, values are patterns too

  [[nodiscard]] bool takes(std::string_view name) const;
  [[nodiscard]] bool takes_tags(const Tags& tags_of_service) const;
  // Every service is named: the cluster need not be listed.
  [[nodiscard]] bool is_named() const;
  // The service is written out in `include`: it is watched also while the list does not show it.
  [[nodiscard]] bool names(std::string_view name) const;
  // Whatever the name: what is behind it in an order gets nothing, as far as names count.
  [[nodiscard]] bool takes_all() const;
  // There is no name that it takes, as far as its texts tell: two patterns are not compared.
  [[nodiscard]] bool takes_none() const;
  bool operator==(const Selection&) const = default;
};

}  // namespace tocsin::deployment
