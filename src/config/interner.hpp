#pragma once
// One shared object for all values that are alike: 100,000 monitors mostly repeat each other.

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tocsin::config {

template <typename T>
class Interner {
 public:
  // `hash` only has to be equal for equal values; operator== decides.
  [[nodiscard]] std::shared_ptr<const T> intern(T value, std::uint64_t hash) {
    auto& bucket = buckets_[hash];
    for (const auto& known : bucket) {
      if (*known == value) return known;
    }
    bucket.push_back(std::make_shared<const T>(std::move(value)));
    return bucket.back();
  }

 private:
  std::unordered_map<std::uint64_t, std::vector<std::shared_ptr<const T>>> buckets_;
};

}  // namespace tocsin::config
