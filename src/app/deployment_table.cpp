#include "app/deployment_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "app/listing.hpp"
#include "deployment/record.hpp"

namespace tocsin::app {
namespace {

using deployment::Image;
using deployment::Outcome;
using deployment::Record;

constexpr std::string_view kDigest = "@sha256:";
constexpr std::size_t kDigitsShown = 12;

std::string last_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string whole_seconds(Milliseconds value) {
  return format_duration(std::chrono::floor<std::chrono::seconds>(value));
}

std::string duration_of(const Record& record, Instant now) {
  if (const auto duration = record.duration()) {
    return whole_seconds(*duration);
  }
  return whole_seconds(std::max(now - record.created, Milliseconds{0})) + " so far";
}

std::string outcome_of(const Record& record) {
  std::string out(to_string(record.outcome));
  std::replace(out.begin(), out.end(), '_', ' ');
  return out + (record.rollback ? ", a rollback" : record.redeploy ? ", a redeploy" : "");
}

// "web:v8", "web@sha256:0123456789ab"
std::string short_image(const Image& image) {
  std::string out = last_part(image.image);
  const bool tagged = out.find(':') != std::string::npos;
  if (!tagged && image.digest.starts_with("sha256:")) {
    out += "@" + image.digest;
  }
  if (const std::size_t digest = out.find(kDigest); digest != std::string::npos) {
    out.resize(std::min(out.size(), digest + kDigest.size() + kDigitsShown));
  }
  return out;
}

std::string images_of(const Record& record) {
  if (record.images.empty()) {
    return "";
  }
  const std::string first = short_image(record.images.front());
  const std::size_t more = record.images.size() - 1;
  return more == 0 ? first : fmt::format("{} +{}", first, more);
}

// To the second: "2026-11-21T08:48:32Z".
std::string second_of(Instant at) {
  std::string out = format_rfc3339(at);
  return out.replace(out.find('.'), 4, "");
}

}  // namespace

std::string render_deployments(const std::vector<std::string>& items, Instant now,
                               std::size_t width) {
  std::vector<std::vector<std::string>> rows;
  for (const std::string& item : items) {
    const Record record = deployment::parse_record(item);
    rows.push_back({second_of(record.created), duration_of(record, now), outcome_of(record),
                    last_part(record.task_definition), images_of(record), record.reason});
  }
  return render_columns({"STARTED", "TOOK", "OUTCOME", "TASK DEFINITION", "IMAGE", "REASON"}, rows,
                        width);
}

}  // namespace tocsin::app
