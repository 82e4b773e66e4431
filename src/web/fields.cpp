#include "web/fields.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.hpp"

namespace tocsin::web {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::size_t kMostFields = 32;

std::string shown(std::string_view text) { return clip(printable(text), 60); }

}  // namespace

Fields::Fields(std::string_view body) {
  if (body.find_first_not_of(kSpace) == std::string_view::npos) {
    return;
  }
  const auto parsed = check::parse_json(body);
  if (!parsed) {
    refuse("the body is not JSON: " + parsed.error().message);
    return;
  }
  if (parsed->kind() != check::JsonKind::object) {
    refuse("the body must be a JSON object, such as {}");
    return;
  }
  for (check::JsonItems items(*parsed); items.next();) {
    std::string name = items.key();
    if (std::ranges::find(fields_, name, &Field::name) != fields_.end()) {
      refuse(fmt::format("`{}` is given more than once", shown(name)));
      return;
    }
    if (fields_.size() == kMostFields) {
      refuse(fmt::format("more than {} fields", kMostFields));
      return;
    }
    fields_.push_back({std::move(name), items.value(), false});
  }
}

check::JsonValue Fields::any(std::string_view name) {
  const auto found = std::ranges::find(fields_, name, &Field::name);
  if (found == fields_.end()) {
    return {};
  }
  found->used = true;
  return found->value;
}

std::optional<std::string> Fields::text(std::string_view name, std::size_t most_bytes) {
  const check::JsonValue value = any(name);
  if (!value.exists()) {
    return std::nullopt;
  }
  auto text = value.string();
  if (!text) {
    refuse(fmt::format("`{}` must be text in quotes, not {}", name, shown(value.text())));
    return std::nullopt;
  }
  if (text->size() > most_bytes) {
    refuse(fmt::format("`{}` has {} bytes, of at most {}", name, text->size(), most_bytes));
    return std::nullopt;
  }
  return text;
}

std::optional<bool> Fields::flag(std::string_view name) {
  const check::JsonValue value = any(name);
  if (!value.exists()) {
    return std::nullopt;
  }
  const auto flag = value.boolean();
  if (!flag) {
    refuse(fmt::format("`{}` must be true or false, not {}", name, shown(value.text())));
  }
  return flag;
}

std::optional<Milliseconds> Fields::duration(std::string_view name) {
  const check::JsonValue value = any(name);
  if (!value.exists()) {
    return std::nullopt;
  }
  const auto duration = parse_duration(value.string().value_or(""));
  if (!duration || *duration == Milliseconds{0}) {
    refuse(fmt::format("`{}` must be a duration such as \"30m\" or \"2h\", not {}", name,
                       shown(value.text())));
    return std::nullopt;
  }
  return duration;
}

std::optional<Instant> Fields::time(std::string_view name) {
  const check::JsonValue value = any(name);
  if (!value.exists()) {
    return std::nullopt;
  }
  const auto at = parse_rfc3339(value.string().value_or(""));
  if (!at) {
    refuse(fmt::format("`{}` must be a time such as \"2026-01-31T12:00:00Z\", not {}", name,
                       shown(value.text())));
  }
  return at;
}

void Fields::refuse(std::string message) {
  if (!problem_) {
    problem_ = Problem{400, "invalid_body", std::move(message)};
  }
}

std::optional<Problem> Fields::problem() {
  const auto unread = std::ranges::find(fields_, false, &Field::used);
  if (unread != fields_.end()) {
    refuse(fmt::format("there is no field \"{}\" here", shown(unread->name)));
  }
  return problem_;
}

std::optional<Period> read_period(Fields& fields, Instant now) {
  const auto from = fields.time("from");
  const auto length = fields.duration("for");
  const auto until = fields.time("until");
  if (length && until) {
    fields.refuse("`for` and `until` exclude each other");
    return std::nullopt;
  }
  const auto begin = from.value_or(now);
  if (begin > now + kLongestPeriod || begin < now - kLongestPeriod) {
    fields.refuse("`from` is more than 366 days away");
    return std::nullopt;
  }
  if (!length && !until) {
    return std::nullopt;
  }
  // Compared before it is added: the longest duration would overflow.
  if (length.value_or(Milliseconds{0}) > kLongestPeriod ||
      until.value_or(begin) > begin + kLongestPeriod) {
    fields.refuse("that is longer than 366 days");
    return std::nullopt;
  }
  const Period period{begin, until ? *until : begin + *length};
  if (period.until <= period.from || period.until <= now) {
    fields.refuse(fmt::format("it would end at {}, before it {}", format_rfc3339(period.until),
                              period.until <= period.from ? "begins" : "could hold: it is over"));
    return std::nullopt;
  }
  return period;
}

}  // namespace tocsin::web
