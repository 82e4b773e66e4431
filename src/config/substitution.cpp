#include "config/substitution.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.hpp"

namespace tocsin::config {
namespace {

bool is_variable_name(std::string_view name) {
  const auto letter = [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  return !name.empty() && letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::unexpected<std::string> problem(std::string message) {
  return std::unexpected(std::move(message));
}

}  // namespace

void Substitution::add_secret(std::string value) {
  if (!value.empty()) secrets_.insert(std::move(value));
}

std::expected<std::string, std::string> Substitution::expand(std::string_view text) {
  std::string out;
  std::string problems;  // all of them at once
  while (!text.empty()) {
    const std::size_t dollar = text.find('$');
    out += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar);
    if (text.starts_with("$$")) {
      out += '$';
      text.remove_prefix(2);
    } else if (text.starts_with("${")) {
      const std::size_t end = text.find('}');
      if (end == std::string_view::npos) {
        return problem("found \"${\" without \"}\"; write $${ for the characters themselves");
      }
      if (auto value = value_of(text.substr(2, end - 2))) {
        out += *value;
      } else {
        problems += (problems.empty() ? "" : "; ") + value.error();
      }
      text.remove_prefix(end + 1);
    } else {
      out += '$';
      text.remove_prefix(1);
    }
  }
  if (!problems.empty()) return problem(std::move(problems));
  return out;
}

std::expected<std::string, std::string> Substitution::value_of(std::string_view reference) {
  for (const std::string_view later : {"ssm:", "secret:"}) {
    if (reference.starts_with(later)) {
      return problem(
          fmt::format("${{{}}}: {}... is not supported in this version; use a variable "
                      "or ${{file:/path}}",
                      printable(reference), later));
    }
  }
  if (reference.starts_with("file:")) return file(reference.substr(5));
  if (reference.starts_with("env:")) return variable(reference.substr(4), reference);
  return variable(reference, reference);
}

std::expected<std::string, std::string> Substitution::variable(std::string_view text,
                                                               std::string_view reference) {
  const std::size_t fallback = text.find(":-");
  const std::string_view name = text.substr(0, fallback);
  if (!is_variable_name(name)) {
    return problem(
        fmt::format("found ${{{}}}, expected ${{NAME}}, ${{NAME:-default}} or "
                    "${{file:/path}}; write $${{ for the characters themselves",
                    clip(printable(reference), 80)));
  }
  std::optional<std::string> value = env_ ? env_(name) : std::nullopt;
  if (fallback != std::string_view::npos && text.find("${", fallback) != std::string_view::npos) {
    return problem(fmt::format("found ${{{}, expected a default without another ${{...}} in it",
                               clip(printable(reference), 80)));
  }
  // As in a shell, `:-` also stands in for an empty value.
  if (fallback != std::string_view::npos && (!value || value->empty())) {
    return std::string(text.substr(fallback + 2));
  }
  if (!value) {
    return problem(
        fmt::format("the environment variable {} is not set; set it, or give a default: "
                    "${{{}:-default}}",
                    name, name));
  }
  add_secret(*value);
  return std::move(*value);
}

std::expected<std::string, std::string> Substitution::file(std::string_view path) {
  if (const auto known = files_.find(path); known != files_.end()) return known->second;
  std::expected<std::string, std::string> result;
  if (!path.starts_with('/')) {
    result =
        problem(fmt::format("${{file:{}}}: expected an absolute path", clip(printable(path), 200)));
  } else if (!read_file_) {
    result = problem("files cannot be read here");
  } else if (auto text = read_file_(std::string(path)); !text) {
    result =
        problem(fmt::format("${{file:{}}}: {}", clip(printable(path), 200), text.error().message));
  } else {
    result = std::move(*text);
    if (result->ends_with('\n')) result->pop_back();

    add_secret(*result);
  }
  return files_.emplace(std::string(path), std::move(result)).first->second;
}

}  // namespace tocsin::config
