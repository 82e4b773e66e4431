#include "config/decoder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/utf8.hpp"

namespace tocsin::config {

bool Problems::Order::operator()(const Diagnostic& a, const Diagnostic& b) const {
  return std::tie(a.at, a.severity, a.path, a.message) <
         std::tie(b.at, b.severity, b.path, b.message);
}

void Problems::add(Severity severity, Position at, std::string path, std::string message,
                   std::string corrected) {
  if (severity == Severity::error) ++errors_;
  if (found_.size() >= kKept) {
    ++left_out_;
    return;
  }
  found_.insert({severity, file_, at, std::move(path), std::move(message), std::move(corrected)});
}

const Lines& Problems::lines() {
  if (!lines_) lines_.emplace(text_);
  return *lines_;
}

std::vector<Diagnostic> Problems::take() {
  std::vector<Diagnostic> out;
  out.reserve(found_.size());
  while (!found_.empty()) {
    out.push_back(std::move(found_.extract(found_.begin()).value()));
    out.back().at = lines().in_characters(out.back().at);
  }
  return out;
}

std::string path_step(std::string_view key) {
  const bool plain = !key.empty() && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
  return plain ? std::string(key) : fmt::format("[\"{}\"]", clip(printable(key), 80));
}

std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a map";
    case Node::Kind::scalar:
      break;
  }
  return fmt::format("\"{}\"", clip(printable(node.text), 80));
}

Decoder::Scope Decoder::enter(std::string_view key) {
  const std::size_t length = path_.size();
  const std::string step = path_step(key);
  if (length > 0 && !step.starts_with('[')) path_ += '.';
  path_ += step;
  return {path_, length};
}

Decoder::Scope Decoder::enter(std::size_t index) {
  const std::size_t length = path_.size();
  path_ += fmt::format("[{}]", index);
  return {path_, length};
}

void Decoder::error(Position at, std::string message) {
  problems_.add(Severity::error, at, path_, std::move(message),
                correction_ != nullptr ? correction_->lines() : std::string());
}

void Decoder::warning(Position at, std::string message) {
  problems_.add(Severity::warning, at, path_, std::move(message));
}

void Decoder::expected(const Node& node, std::string_view what, std::string_view suggestion) {
  const bool filled_in = node.kind == Node::Kind::scalar && substituted(node);
  std::string message = fmt::format("found {}{}, expected {}", describe(node),
                                    filled_in ? " (with its value filled in)" : "", what);
  if (!suggestion.empty() && !filled_in) {
    message += fmt::format(" (did you mean {}?)", suggestion);
  }
  error(node.at, std::move(message));
}

void Decoder::expected_secret(const Node& node, std::string_view what) {
  const bool scalar = node.kind == Node::Kind::scalar;
  error(node.at, fmt::format("found {}, expected {}", scalar ? "a value" : describe(node), what));
}

std::optional<std::string> Decoder::text(const Node& node, std::string_view what) {
  if (node.kind != Node::Kind::scalar) {
    expected(node, what);
    return std::nullopt;
  }
  if (!substituted(node)) return node.text;
  auto value = substitution_.expand(node.text);
  if (!value) {
    error(node.at, std::move(value.error()));
    return std::nullopt;
  }
  if (!is_utf8(*value) || value->find('\0') != std::string::npos) {
    error(node.at, "the value filled in is not UTF-8 text");
    return std::nullopt;
  }
  return std::move(*value);
}

}  // namespace tocsin::config
