#include "notification/provider/post.hpp"

#include <fmt/format.h>

#include <iterator>

#include "base/json_writer.hpp"
#include "base/utf8.hpp"
#include "notification/escape.hpp"
#include "notification/provider/http_format.hpp"
#include "notification/values.hpp"

namespace tocsin::notification {
namespace {

constexpr std::size_t kLongestTitle = 250;  // of the reference
constexpr std::size_t kLongestText = 4000;
constexpr std::size_t kLongestTag = 200;
constexpr Milliseconds kLateAfter{60'000};
constexpr std::string_view kOutcome = "outcome.";

class PostValues final : public Values {
 public:
  explicit PostValues(const Report& report) : report_(report) {}

  [[nodiscard]] Value find(std::string_view name) const override {
    Value captured = report_.find("value." + std::string(name));
    if (captured.kind != Value::Kind::missing || !name.starts_with(kOutcome)) return captured;
    return report_.find(name.substr(kOutcome.size()));
  }
  [[nodiscard]] const ReportValues& report() const { return report_; }

 private:
  ReportValues report_;
};

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::string state_of(const Report& report, const ReportValues& values) {
  return report.monitor + " is " + values.find("status").content;
}

class Post final : public HttpFormat {
 public:
  explicit Post(PostOptions options) : HttpFormat(options.secrets), options_(std::move(options)) {}

  [[nodiscard]] Audience audience() const override { return Audience::machines; }
  [[nodiscard]] bool takes_many() const override { return false; }

  [[nodiscard]] Work prepare(const Message& message,
                             const std::optional<Earlier>& /*earlier*/) const override {
    const Report& report = message.reports.front();
    const PostValues values(report);
    std::string body;
    JsonWriter w(body);
    w.object().field("title", title_of(report, values));
    w.field("text", text_of(report, values, message.now));
    write_tags(w, values);
    w.end_object();
    HttpStep step = json_request(options_.url, std::move(body));
    step.headers.insert(step.headers.end(), options_.headers.begin(), options_.headers.end());
    step.headers.emplace_back("Idempotency-Key", header_value(message.key));
    Work work;
    work.steps.emplace_back(std::move(step));
    return work;
  }

 private:
  [[nodiscard]] std::string title_of(const Report& report, const PostValues& values) const {
    std::string title = one_line(options_.title.render(values, escape_nothing));
    if (is_blank(title)) title = one_line(state_of(report, values.report()));
    return cut(title, kLongestTitle, Unit::utf16);
  }

  [[nodiscard]] std::string text_of(const Report& report, const PostValues& values,
                                    Instant now) const {
    std::string text = options_.text.render(values, escape_nothing);
    if (is_blank(text)) text = state_of(report, values.report());
    const auto at = parse_rfc3339(values.report().find("started_at").content);
    std::string late;
    if (at && now - *at >= kLateAfter) {
      late = fmt::format("\n(sent {} late)",
                         spoken(std::chrono::duration_cast<Milliseconds>(now - *at)));
    }
    return cut(text, kLongestText - late.size(), Unit::utf16) + late;
  }

  void write_tags(JsonWriter& w, const PostValues& values) const {
    if (options_.tags.empty()) return;
    w.key("tags").array();
    for (const Template& tag : options_.tags) {
      const std::string text = one_line(tag.render(values, escape_nothing));
      if (!is_blank(text)) w.value(cut(text, kLongestTag, Unit::utf16));
    }
    w.end_array();
  }

  PostOptions options_;
};

}  // namespace

const std::vector<std::string_view>& post_names() {
  static const std::vector<std::string_view> kNames{"outcome.status", "outcome.reason",
                                                    "outcome.message", "outcome.started_at",
                                                    "outcome.duration_ms"};
  return kNames;
}

std::shared_ptr<const Format> make_post(PostOptions options) {
  return std::make_shared<Post>(std::move(options));
}

std::string query_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}",
                     static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return out;
}

}  // namespace tocsin::notification
