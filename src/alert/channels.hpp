#pragma once
// Names of channels in the order in which they were found, each once; and whether one is among
// them.

#include <algorithm>
#include <string>
#include <vector>

namespace tocsin::alert {

using Channels = std::vector<std::string>;

template <typename Value>
[[nodiscard]] bool contains(const std::vector<Value>& list, const Value& value) {
  return std::ranges::find(list, value) != list.end();
}

inline void add_once(Channels& channels, const std::string& channel) {
  if (!contains(channels, channel)) {
    channels.push_back(channel);
  }
}

inline void add_once(Channels& channels, const Channels& more) {
  for (const std::string& channel : more) {
    add_once(channels, channel);
  }
}

}  // namespace tocsin::alert
