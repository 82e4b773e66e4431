#pragma once
// Writes the Prometheus text format, version 0.0.4, in a way that OpenMetrics names allow.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.hpp"

namespace tocsin::web {

struct MetricLabel {
  std::string_view name;
  std::string_view value;  // any text: escaped, and made UTF-8
};
using MetricLabels = std::span<const MetricLabel>;

// Appends to a string; samples of one family must follow its begin().
class MetricsText {
 public:
  explicit MetricsText(std::string& out) : out_(out) {}

  // `type` is gauge, counter or histogram; a counter's name ends in _total, a time's in _seconds.
  void begin(std::string_view name, std::string_view type, std::string_view help);
  // Goes on with a family that was begun in this text before.
  void resume(std::string_view name) { name_ = name; }
  void sample(MetricLabels labels, double value);
  void sample(MetricLabels labels, std::uint64_t value);
  void sample(std::uint64_t value) { sample({}, value); }
  // `counts` per bucket, one more than `bounds_ms`: made cumulative, in seconds.
  struct Buckets {
    std::span<const std::int64_t> bounds_ms;
    std::span<const std::uint64_t> counts;
    std::uint64_t total = 0;
    Microseconds sum{0};
  };
  void histogram(MetricLabels labels, const Buckets& buckets);

 private:
  void line_start(std::string_view suffix, MetricLabels labels, std::string_view bound = {});

  std::string& out_;
  std::string name_;
};

}  // namespace tocsin::web
