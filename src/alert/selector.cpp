#include "alert/selector.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.hpp"
#include "check/glob.hpp"

namespace tocsin::alert {
namespace {

constexpr std::size_t kMostTerms = 32;
constexpr std::size_t kLongestTerm = 512;

std::string_view value_of(std::string_view key, std::string_view monitor, std::string_view kind,
                          const Labels& labels) {
  if (key == "monitor") {
    return monitor;
  }
  if (key == "kind") {
    return kind;
  }
  const auto found = std::ranges::find(labels, key, &Labels::value_type::first);
  return found == labels.end() ? std::string_view{} : std::string_view(found->second);
}

}  // namespace

Result<Selector> Selector::parse(const std::vector<std::string>& terms) {
  if (terms.size() > kMostTerms) {
    return fail(ErrorCode::invalid,
                fmt::format("found {} terms, expected at most {}", terms.size(), kMostTerms));
  }
  Selector out;
  for (const std::string& text : terms) {
    const std::string shown = printable(std::string_view(text).substr(0, 80));
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || text.size() > kLongestTerm) {
      return fail(ErrorCode::invalid,
                  fmt::format("found \"{}\", expected key=value, such as team=shop", shown));
    }
    Term term;
    term.negated = text[equals - 1] == '!';
    term.key = text.substr(0, equals - (term.negated ? 1 : 0));
    term.pattern = text.substr(equals + 1);
    if (term.key.empty()) {
      return fail(ErrorCode::invalid,
                  fmt::format("found \"{}\", expected key!=value, such as env!=staging", shown));
    }
    if (const auto problem = check::glob_problem(term.pattern)) {
      return fail(ErrorCode::invalid, fmt::format("the pattern in \"{}\": {}", shown, *problem));
    }
    out.terms_.push_back(std::move(term));
  }
  return out;
}

bool Selector::matches(std::string_view monitor, std::string_view kind,
                       const Labels& labels) const {
  return std::ranges::all_of(terms_, [&](const Term& term) {
    return check::glob_matches(term.pattern, value_of(term.key, monitor, kind, labels)) !=
           term.negated;
  });
}

std::vector<std::string> Selector::terms() const {
  std::vector<std::string> out;
  for (const Term& term : terms_) {
    out.push_back(term.key + (term.negated ? "!=" : "=") + term.pattern);
  }
  return out;
}

}  // namespace tocsin::alert
