#include "adapters/aws/profile.hpp"

#include <algorithm>
#include <utility>

namespace tocsin::aws {
namespace {

constexpr std::string_view kBlank = " \t\r";

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(kBlank);
  if (first == text.npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return out;
}

// A value ends at a comment, which needs a blank before it: "#" may be part of a secret.
std::string_view without_comment(std::string_view value) {
  for (std::size_t i = 1; i < value.size(); ++i) {
    const bool marks = value[i] == '#' || value[i] == ';';
    if (marks && (value[i - 1] == ' ' || value[i - 1] == '\t')) {
      return value.substr(0, i);
    }
  }
  return value;
}

struct Property {
  std::string key;
  std::string_view value;
};

std::optional<Property> property_of(std::string_view line) {
  const auto equals = line.find('=');
  if (equals == line.npos) {
    return std::nullopt;
  }
  std::string key = lower_case(trim(line.substr(0, equals)));
  if (key.empty()) {
    return std::nullopt;
  }
  return Property{std::move(key), trim(without_comment(line.substr(equals + 1)))};
}

class Reader {
 public:
  Reader(Profiles& out, bool config) : out_(out), config_(config) {}

  void read(std::string_view text) {
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      read_line(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

 private:
  void read_line(std::string_view line) {
    const bool indented = !line.empty() && (line.front() == ' ' || line.front() == '\t');
    const std::string_view content = trim(line);
    if (content.empty() || content.front() == '#' || content.front() == ';') {
      return;
    }
    if (content.front() == '[' && !indented) {
      open_section(content);
      return;
    }
    if (section_ == nullptr) {
      return;
    }
    const auto property = property_of(content);
    if (!property) {
      return;
    }
    if (indented && !parent_.empty()) {
      (*section_)[parent_ + '.' + property->key] = property->value;
      return;
    }
    (*section_)[property->key] = property->value;
    parent_ = property->value.empty() ? property->key : std::string();
  }

  void open_section(std::string_view line) {
    section_ = nullptr;
    parent_.clear();
    const auto end = line.find(']');
    if (end == line.npos) {
      return;
    }
    const std::string_view inside = trim(line.substr(1, end - 1));
    const auto blank = inside.find_first_of(" \t");
    const std::string_view word = inside.substr(0, blank);
    const std::string name(blank == inside.npos ? "" : trim(inside.substr(blank)));
    if (!config_) {
      section_ = inside.empty() ? nullptr : &out_.profiles[std::string(inside)];
    } else if (inside == "default" || (word == "profile" && name == "default")) {
      section_ = &out_.profiles["default"];
    } else if (name.empty()) {
      return;  // the config file names its profiles with the word
    } else if (word == "profile") {
      section_ = &out_.profiles[name];
    } else if (word == "sso-session") {
      section_ = &out_.sso_sessions[name];
    } else if (word == "services") {
      section_ = &out_.services[name];
    }
  }

  Profiles& out_;
  bool config_;
  Section* section_ = nullptr;
  std::string parent_;  // the key whose indented lines follow; "" none
};

}  // namespace

const Section* Profiles::profile(std::string_view name) const {
  const auto found = profiles.find(name);
  return found == profiles.end() ? nullptr : &found->second;
}

Profiles parse_profiles(std::string_view config, std::string_view credentials) {
  Profiles out;
  Reader(out, true).read(config);
  Reader(out, false).read(credentials);
  return out;
}

std::string_view value_of(const Section& section, std::string_view key) {
  const auto found = section.find(key);
  return found == section.end() ? std::string_view{} : std::string_view(found->second);
}

}  // namespace tocsin::aws
