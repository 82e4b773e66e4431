#include "notification/provider/row.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/hash.hpp"
#include "base/json_writer.hpp"
#include "base/result.hpp"
#include "check/json.hpp"
#include "notification/compose.hpp"
#include "notification/json_template.hpp"
#include "notification/judge.hpp"
#include "notification/provider/http_format.hpp"
#include "notification/values.hpp"

namespace tocsin::notification {
namespace {

constexpr std::array<std::string_view, 8> kOwnNames{"level", "priority", "colour",    "link",
                                                    "tags",  "happened", "short_key", "paragraphs"};

std::vector<std::string_view> names_of(const Row& row) {
  const auto message = message_vocabulary().names;
  std::vector<std::string_view> names(message.begin(), message.end());
  names.insert(names.end(), kOwnNames.begin(), kOwnNames.end());
  for (const RowOption& option : row.options) names.push_back(option.name);
  return names;
}

std::size_t rank(const Composed& composed) {
  return composed.closes ? 3 : static_cast<std::size_t>(composed.severity);
}

std::string tags_of(const alert::Event& event) {
  std::string out;
  JsonWriter w(out);
  w.array();
  w.value("monitor:" + event.monitor).value("kind:" + event.kind);
  w.value(fmt::format("severity:{}", alert::to_string(event.severity)));
  for (const auto& [key, value] : event.labels) w.value(fmt::format("{}:{}", key, value));
  w.end_array();
  return out;
}

// One block a line; what is beyond the most that a card should have forms the last.
std::string paragraphs_of(std::string_view text) {
  constexpr std::size_t kMost = 50;
  std::string out;
  JsonWriter w(out);
  w.array();
  for (std::size_t count = 1; !text.empty(); ++count) {
    const std::size_t end = count < kMost ? text.find('\n') : std::string_view::npos;
    const std::string_view line = text.substr(0, end);
    w.object().field("type", "RichTextBlock").key("inlines").array();
    w.object().field("type", "TextRun").field("text", line.empty() ? " " : line).end_object();
    w.end_array().end_object();
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  w.end_array();
  return out;
}

class RowValues final : public Values {
 public:
  RowValues(const Row& row, const RowOptions& options, const Message& message,
            const Composed& composed)
      : row_(row), options_(options), message_(message), composed_(composed) {
    row.escape(title_, composed.title);
    title_ = cut(title_, row.title_limit, row.unit);
  }

  [[nodiscard]] Value find(std::string_view name) const override {
    // Before the message's own: an event's field never stands for an option.
    if (const auto option = std::ranges::find(row_.options, name, &RowOption::name);
        option != row_.options.end()) {
      return option_value(*option);
    }
    if (std::ranges::find(kOwnNames, name) != kOwnNames.end()) return own(name);
    return MessageValues(message_, title_, composed_.text).find(name);
  }

 private:
  [[nodiscard]] Value option_value(const RowOption& option) const {
    const auto given = options_.find(option.name);
    if (given == options_.end()) return {};
    const bool number = option.kind == RowOption::Kind::integer;
    return {number ? Value::Kind::json : Value::Kind::text, given->second};
  }

  [[nodiscard]] Value own(std::string_view name) const {
    const alert::Event& event = message_.events.front();
    const auto text = [](std::string_view content) {
      return Value{Value::Kind::text, std::string(content)};
    };
    const auto json = [](std::string content) {
      return Value{Value::Kind::json, std::move(content)};
    };
    constexpr std::array<int, 4> kColours{0xC62828, 0xF9A825, 0x1565C0, 0x2E7D32};
    if (name == "level") return text(row_.levels.at(rank(composed_)));
    if (name == "priority") return json(fmt::to_string(row_.priorities.at(rank(composed_))));
    if (name == "colour") return json(fmt::to_string(kColours.at(rank(composed_))));
    if (name == "tags") return json(tags_of(event));
    if (name == "paragraphs") return json(paragraphs_of(composed_.text));
    if (name == "link") return link(event);
    if (name == "happened") return happened(event);
    // Datadog takes 100 characters.
    const std::string& key = event.incident.empty() ? event.key : event.incident;
    return text(key.size() <= 100 ? key : fmt::format("tocsin-{:016x}", stable_hash(key)));
  }

  [[nodiscard]] static Value link(const alert::Event& event) {
    constexpr std::size_t kLongest = 512;  // Pushover's limit; a longer one is in the text
    Value value;
    for (const std::string_view name : {"dashboard", "link", "runbook"}) {
      if (value.content.empty()) value = EventValues(event).find(name);
    }
    return value.content.size() > kLongest ? Value{} : value;
  }

  // Datadog refuses events older than 18 hours; without a time they count as of now.
  [[nodiscard]] Value happened(const alert::Event& event) const {
    if (message_.now - event.at > std::chrono::hours{17}) return {};
    const auto at = std::chrono::floor<std::chrono::seconds>(event.at).time_since_epoch().count();
    return {Value::Kind::json, fmt::to_string(at)};
  }

  const Row& row_;
  const RowOptions& options_;
  const Message& message_;
  const Composed& composed_;
  std::string title_;
};

std::vector<std::string> secrets_of(const Row& row, const RowOptions& options) {
  std::vector<std::string> secrets;
  for (const RowOption& option : row.options) {
    const bool secret = option.kind == RowOption::Kind::secret ||
                        option.kind == RowOption::Kind::secret_url ||
                        option.kind == RowOption::Kind::path_secret;
    const auto given = options.find(option.name);
    if (secret && given != options.end()) secrets.push_back(given->second);
  }
  return secrets;
}

// "a.b" in JSON.
check::JsonValue member(check::JsonValue value, std::string_view path) {
  while (true) {
    const std::size_t dot = path.find('.');
    value = value.find(path.substr(0, dot));
    if (dot == std::string_view::npos) return value;
    path.remove_prefix(dot + 1);
  }
}

// Seconds, maybe with a fraction, rounded up.
std::optional<Milliseconds> wait_of(const Answer& answer, std::string_view path) {
  const auto json = check::parse_json(answer.body);
  if (!json) return std::nullopt;
  const std::string_view number = member(*json, path).number();
  double seconds = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), seconds);
  if (error != std::errc{} || !(seconds >= 0) || seconds > 86'400) return std::nullopt;
  return Milliseconds{static_cast<std::int64_t>(std::ceil(seconds * 1000))};
}

class RowFormat final : public HttpFormat {
 public:
  RowFormat(const Row& row, RowOptions options, std::shared_ptr<const Texts> texts)
      : HttpFormat(secrets_of(row, options)),
        row_(row),
        options_(std::move(options)),
        texts_(std::move(texts)) {
    const std::vector<std::string_view> names = names_of(row_);
    auto body = compile_json_template(row_.body, {names, {}}, Empty::drop);
    TOCSIN_ASSERT(body.has_value());
    body_ = std::move(*body);
    url_ = expand_url();
    for (const RowHeader& header : row_.headers) add_header(header, {names, {}});
  }

  [[nodiscard]] Audience audience() const override { return Audience::people; }

  [[nodiscard]] Work prepare(const Message& message,
                             const std::optional<Earlier>& /*earlier*/) const override {
    const Style style{
        .escape = row_.escape, .marks = row_.marks, .limit = row_.text_limit, .unit = row_.unit};
    const Composed composed = compose(message, *texts_, style);
    HttpStep step = json_request(url_, body_.render(RowValues(row_, options_, message, composed)));
    step.headers.insert(step.headers.end(), headers_.begin(), headers_.end());
    Work work;
    work.steps.emplace_back(std::move(step));
    return work;
  }

 protected:
  [[nodiscard]] Verdict read(const Work& /*work*/, std::size_t /*index*/,
                             const Answer& answer) const override {
    Verdict out = judge_http(answer);
    if (out.kind == Verdict::Kind::delivered) return prove(answer, std::move(out));
    const auto says = [&](std::string_view word) {
      return answer.body.find(word) != std::string::npos;
    };
    if (answer.status == 400 && std::ranges::any_of(row_.channel_words, says)) {
      out.kind = Verdict::Kind::channel_failed;
    }
    if (answer.status == 429 && !row_.retry_member.empty()) {
      if (const auto wait = wait_of(answer, row_.retry_member)) out.retry_after = wait;
    }
    return out;
  }

 private:
  // A status of 200 with somebody else's words comes from a proxy or a wrong URL.
  [[nodiscard]] Verdict prove(const Answer& answer, Verdict good) const {
    if (row_.proof.empty()) return good;
    bool proven = false;
    if (row_.proof.starts_with('"')) {
      proven = excerpt(answer.body) == row_.proof.substr(1, row_.proof.size() - 2);
    } else if (const auto json = check::parse_json(answer.body)) {
      proven = json->find(row_.proof).exists();
    }
    if (proven) return good;
    return verdict(
        Verdict::Kind::retry, answer,
        fmt::format("expected an answer of {}, found \"{}\"", row_.name, excerpt(answer.body)));
  }

  [[nodiscard]] std::string option(std::string_view name) const {
    const auto found = options_.find(name);
    return found == options_.end() ? std::string() : found->second;
  }

  // {option} as it is given; query parameters without a value are left out.
  [[nodiscard]] std::string expand_url() const;

  void add_header(const RowHeader& header, Vocabulary vocabulary) {
    const auto value = compile_template(header.value, vocabulary);
    TOCSIN_ASSERT(value.has_value());
    for (const RowOption& known : row_.options) {
      if (value->uses(known.name) && option(known.name).empty()) return;
    }
    class Options final : public Values {
     public:
      explicit Options(const RowFormat& format) : format_(format) {}
      [[nodiscard]] Value find(std::string_view name) const override {
        return {Value::Kind::text, format_.option(name)};
      }

     private:
      const RowFormat& format_;
    };
    headers_.emplace_back(header.name, value->render(Options(*this), escape_nothing));
  }

  const Row& row_;
  RowOptions options_;
  std::shared_ptr<const Texts> texts_;
  JsonTemplate body_;
  std::string url_;
  std::vector<std::pair<std::string, std::string>> headers_;
};

std::string RowFormat::expand_url() const {
  std::string out;
  std::string_view rest = row_.url;
  while (!rest.empty()) {
    const std::size_t open = rest.find('{');
    out += rest.substr(0, open);
    if (open == std::string_view::npos) break;
    const std::size_t end = rest.find('}', open);
    const std::string value = option(rest.substr(open + 1, end - open - 1));
    if (value.empty()) out.erase(out.find_last_of("?&"));
    // A webhook's URL may have a query of its own.
    if (out.empty() && value.find('?') != std::string::npos) {
      out = value;
      rest.remove_prefix(end + 1);
      if (rest.starts_with('?')) {
        out += '&';
        rest.remove_prefix(1);
      }
      continue;
    }
    out += value;
    rest.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace

std::shared_ptr<const Format> make_row(const Row& row, RowOptions options,
                                       std::shared_ptr<const Texts> texts) {
  for (const RowOption& option : row.options) {
    if (!option.fallback.empty()) {
      options.try_emplace(std::string(option.name), std::string(option.fallback));
    }
  }
  // Datadog's API stands at its site's host.
  if (const auto site = options.find("site"); site != options.end()) {
    options.try_emplace("url", "https://api." + site->second);
  }
  return std::make_shared<RowFormat>(row, std::move(options), std::move(texts));
}

}  // namespace tocsin::notification
