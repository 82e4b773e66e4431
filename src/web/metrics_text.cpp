#include "web/metrics_text.hpp"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "base/utf8.hpp"

namespace tocsin::web {
namespace {

void append_label_value(std::string& out, std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_sequence_length(text.substr(at));
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      ++at;
      continue;
    }
    const char c = text[at];
    if (c == '\\' || c == '"') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out.append(text, at, length);
    }
    at += length;
  }
}

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    fmt::format_to(std::back_inserter(out), "{}", value);
  }
}

}  // namespace

void MetricsText::begin(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  fmt::format_to(std::back_inserter(out_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void MetricsText::line_start(std::string_view suffix, MetricLabels labels, std::string_view bound) {
  out_ += name_;
  out_ += suffix;
  char separator = '{';
  for (const MetricLabel& label : labels) {
    out_ += separator;
    out_ += label.name;
    out_ += "=\"";
    append_label_value(out_, label.value);
    out_ += '"';
    separator = ',';
  }
  if (!bound.empty()) {
    fmt::format_to(std::back_inserter(out_), "{}le=\"{}\"", separator, bound);
    separator = ',';
  }
  out_ += separator == '{' ? " " : "} ";
}

void MetricsText::sample(MetricLabels labels, double value) {
  line_start("", labels);
  append_number(out_, value);
  out_ += '\n';
}

void MetricsText::sample(MetricLabels labels, std::uint64_t value) {
  line_start("", labels);
  fmt::format_to(std::back_inserter(out_), "{}\n", value);
}

void MetricsText::histogram(MetricLabels labels, const Buckets& buckets) {
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < buckets.bounds_ms.size(); ++i) {
    cumulative += buckets.counts[i];
    line_start("_bucket", labels,
               fmt::format("{}", static_cast<double>(buckets.bounds_ms[i]) / 1000.0));
    fmt::format_to(std::back_inserter(out_), "{}\n", cumulative);
  }
  line_start("_bucket", labels, "+Inf");
  fmt::format_to(std::back_inserter(out_), "{}\n", buckets.total);
  line_start("_sum", labels);
  append_number(out_, static_cast<double>(buckets.sum.count()) / 1e6);
  out_ += '\n';
  line_start("_count", labels);
  fmt::format_to(std::back_inserter(out_), "{}\n", buckets.total);
}

}  // namespace tocsin::web
