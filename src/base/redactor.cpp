#include "base/redactor.hpp"

#include <algorithm>
#include <utility>

#include "base/json_writer.hpp"
#include "base/utf8.hpp"

namespace tocsin {
namespace {

constexpr std::string_view kCut = "...";  // clip() ends with it
constexpr std::string_view kHidden = "***";

std::string in_json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out.substr(1, out.size() - 2);
}

// Length of the longest end of `text` that is a beginning of `secret`.
std::size_t begun(std::string_view text, std::string_view secret) {
  for (std::size_t length = std::min(text.size(), secret.size()); length > 0; --length) {
    if (text.ends_with(secret.substr(0, length))) return length;
  }
  return 0;
}

}  // namespace

Redactor::Redactor(std::vector<std::string> secrets) {
  for (std::string& secret : secrets) {
    if (secret.size() < kShortestSecretBytes) continue;
    // A condition shows a piece of a JSON body as the peer wrote it, made printable; a captured
    // piece too long to be kept as JSON is a JSON string that holds the beginning of JSON text.
    const std::string json = in_json(secret);
    for (std::string form : {printable(secret), printable(json), json, in_json(json)}) {
      secrets_.push_back(std::move(form));
    }
    secrets_.push_back(std::move(secret));
  }
  std::ranges::sort(secrets_);
  const auto same = std::ranges::unique(secrets_);
  secrets_.erase(same.begin(), same.end());
}

std::vector<Redactor::Span> Redactor::spans(std::string_view text) const {
  std::vector<Span> out;
  const auto each = [text](std::string_view what, auto visit) {
    for (std::size_t at = text.find(what); at != std::string_view::npos;
         at = text.find(what, at + 1)) {
      visit(at);
    }
  };
  for (const std::string& secret : secrets_) {
    each(secret, [&](std::size_t at) { out.push_back({at, at + secret.size()}); });
  }
  each(kCut, [&](std::size_t at) {
    for (const std::string& secret : secrets_) {
      const std::size_t length = begun(text.substr(0, at), secret);
      if (length > 0) out.push_back({at - length, at});
    }
  });
  return out;
}

std::string Redactor::redact(std::string_view text) const {
  std::vector<Span> hidden = spans(text);
  std::ranges::sort(hidden, {}, &Span::begin);
  std::string out;
  std::size_t done = 0;
  for (const Span& span : hidden) {
    if (span.begin >= done) {
      out.append(text.substr(done, span.begin - done)).append(kHidden);
    }
    done = std::max(done, span.end);
  }
  out.append(text.substr(done));
  return out;
}

}  // namespace tocsin
