#include "web/params.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/utf8.hpp"

namespace tocsin::web {

std::optional<std::uint64_t> parse_unsigned(std::string_view text) {
  std::uint64_t value = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || at != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

std::vector<std::string_view> Params::all(std::string_view name) {
  std::vector<std::string_view> out;
  for (std::size_t i = 0; i < query_.size(); ++i) {
    if (query_[i].first == name) {
      used_[i] = true;
      out.emplace_back(query_[i].second);
    }
  }
  return out;
}

std::optional<std::string_view> Params::one(std::string_view name) {
  const std::vector<std::string_view> values = all(name);
  if (values.empty()) {
    return std::nullopt;
  }
  if (values.size() > 1) {
    refuse("invalid_parameter", fmt::format("`{}` is given more than once", name));
  } else if (values.front().empty()) {
    refuse("invalid_parameter", fmt::format("`{}` has no value", name));
  }
  return values.front();
}

std::vector<std::string_view> Params::comma_list(std::string_view name) {
  std::vector<std::string_view> out;
  const auto value = one(name);
  if (!value) {
    return out;
  }
  std::string_view rest = *value;
  while (true) {
    const std::size_t comma = rest.find(',');
    out.push_back(rest.substr(0, comma));
    if (out.back().empty()) {
      refuse("invalid_parameter", fmt::format("`{}` has an empty entry", name));
    }
    if (comma == std::string_view::npos) {
      return out;
    }
    rest.remove_prefix(comma + 1);
  }
}

std::size_t Params::limit() {
  const auto text = one("limit");
  if (!text) {
    return kDefaultLimit;
  }
  const auto value = parse_unsigned(*text);
  if (!value || *value < 1 || *value > kLargestLimit) {
    refuse("invalid_parameter", fmt::format("`limit` must be a number from 1 to {}, not \"{}\"",
                                            kLargestLimit, clip(printable(*text), 40)));
    return kDefaultLimit;
  }
  return static_cast<std::size_t>(*value);
}

std::optional<std::uint64_t> Params::number(std::string_view name, std::string code) {
  const auto text = one(name);
  if (!text) {
    return std::nullopt;
  }
  const auto value = parse_unsigned(*text);
  if (!value) {
    refuse(std::move(code), fmt::format("`{}` is not one that this server gave out", name));
  }
  return value;
}

void Params::refuse(std::string code, std::string message) {
  if (!problem_) {
    problem_ = Problem{400, std::move(code), std::move(message)};
  }
}

std::optional<Problem> Params::problem() {
  const auto unread = std::ranges::find(used_, false);
  if (unread != used_.end()) {
    const auto index = static_cast<std::size_t>(unread - used_.begin());
    refuse("unknown_parameter", fmt::format("there is no parameter \"{}\" here",
                                            clip(printable(query_[index].first), 60)));
  }
  return problem_;
}

}  // namespace tocsin::web
