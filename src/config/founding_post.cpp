#include "config/founding_post.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/near_miss.hpp"
#include "config/endpoint.hpp"
#include "config/field_table.hpp"
#include "config/founding_template.hpp"
#include "config/scalars.hpp"

namespace tocsin::config {
namespace {

using Lines = std::vector<std::string>;

const Lines kEndpointLines{"post_endpoint: https://api.datadoghq.com/api/v1/events"};
const Lines kKeyLines{"post_api_key:", "  param_name: api_key",
                      "  param_value: \"${POST_API_KEY}\""};

enum class KeyPlace : std::uint8_t { query, header };

struct Key {
  std::string name, value;
  std::optional<KeyPlace> place;  // absent: the name decides
  Position name_at;
};

bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= 200 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
  });
}

// Header names are written with hyphens, query parameters without: DD-API-KEY and X-Api-Key are
// headers, api_key and token are parameters.
KeyPlace place_of(const Key& key) {
  const std::string_view authorization = "authorization";
  const bool header = key.name.find('-') != std::string::npos ||
                      std::ranges::equal(key.name, authorization, [](char a, char b) {
                        return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b;
                      });
  return key.place.value_or(header ? KeyPlace::header : KeyPlace::query);
}

void decode_key_entry(const FoundingEntry& e, const NodeEntry& item, Key& out) {
  const auto scope = e.d.enter(item.key);
  if (item.key == "param_name") {
    auto name = decode_line(e.d, item.value, "the name of a parameter or header", 200);
    out.name_at = item.value.at;
    if (name && !is_token(*name)) {
      e.d.expected(item.value, "a name of letters, digits and - _ . ~, such as api_key");
    } else if (name) {
      out.name = std::move(*name);
    }
  } else if (item.key == "param_value") {
    if (auto value = decode_secret(e.d, item.value, "a key")) out.value = std::move(*value);
  } else {
    out.place = decode_choice<KeyPlace>(e.d, item.value,
                                        {{"query", KeyPlace::query}, {"header", KeyPlace::header}});
  }
}

std::optional<Key> decode_key(const FoundingEntry& e, const NodeEntry& entry) {
  constexpr std::array<std::string_view, 3> kKnown{"param_name", "param_value", "param_in"};
  const auto scope = e.d.enter(entry.key);
  const Decoder::Correction fix(e.d, [&] { return e.keys_as(kKeyLines); });
  const std::size_t before = e.d.errors();
  if (entry.value.kind != Node::Kind::map) {
    e.d.expected_secret(entry.value, "a map with param_name and param_value");
    return std::nullopt;
  }
  Key out;
  for (const NodeEntry& item : entry.value.entries) {
    if (std::ranges::find(kKnown, item.key) == kKnown.end()) {
      unknown_founding_key(e, item, kKnown);
    } else {
      decode_key_entry(e, item, out);
    }
  }
  if (e.d.errors() > before) return std::nullopt;
  for (const auto& [text, name] :
       {std::pair{&out.name, "param_name"}, std::pair{&out.value, "param_value"}}) {
    if (text->empty()) e.d.error(entry.at, fmt::format("expected {}", name));
  }
  return e.d.errors() == before ? std::optional(std::move(out)) : std::nullopt;
}

void apply_key(const FoundingEntry& e, const Key& key, notification::PostOptions& post) {
  post.secrets.push_back(key.value);
  if (place_of(key) == KeyPlace::header) {
    post.headers.emplace_back(key.name, key.value);
    return;
  }
  const std::string value = notification::query_encoded(key.value);
  post.secrets.push_back(value);
  e.d.add_secret(value);
  post.url += post.url.find('?') == std::string::npos ? '?' : '&';
  post.url += key.name + '=' + value;
}

std::optional<std::string> decode_url_of(const FoundingEntry& e, const NodeEntry& entry) {
  const auto scope = e.d.enter(entry.key);
  const Decoder::Correction fix(e.d, [&] {
    const std::string& text = entry.value.text;
    const bool bare = entry.value.kind == Node::Kind::scalar && looks_like_endpoint(text) &&
                      text.find_first_of(":?@$") == std::string::npos;
    return bare ? e.keys_as({"post_endpoint: https://" + text}) : e.keys_as(kEndpointLines);
  });
  // A key in the query makes a secret of the whole URL.
  const bool query = entry.value.text.find('?') != std::string::npos;
  auto url = query ? decode_secret_url(e.d, entry.value) : decode_url(e.d, entry.value);
  return url;
}

// Titles, texts and tags. Members that must be there are told when missing.
void decode_info(const FoundingEntry& e, const NodeEntry& entry, const FoundingTemplates& templates,
                 notification::PostOptions& post) {
  constexpr std::array<std::string_view, 3> kKnown{"title", "text", "tags"};
  const auto scope = e.d.enter(entry.key);
  const Decoder::Correction fix(e.d, [&] { return e.keys_as(templates.info_lines()); });
  if (entry.value.kind != Node::Kind::map || is_placeholder(entry.value)) {
    e.d.expected(entry.value, "a map with title, text and tags");
    return;
  }
  bool title = false;
  bool text = false;
  for (const NodeEntry& item : entry.value.entries) {
    const auto key = e.d.enter(item.key);
    if (item.key == "title") {
      title = true;
      if (auto made = templates.one(entry, item)) post.title = std::move(*made);
    } else if (item.key == "text") {
      text = true;
      if (auto made = templates.one(entry, item)) post.text = std::move(*made);
    } else if (item.key == "tags") {
      post.tags = templates.tags(entry, item);
    }
  }
  for (const NodeEntry& item : entry.value.entries) {
    if (std::ranges::find(kKnown, item.key) == kKnown.end()) unknown_founding_key(e, item, kKnown);
  }
  const auto misspelt = [&](std::string_view name) {
    return std::ranges::any_of(entry.value.entries, [&](const NodeEntry& item) {
      return std::ranges::find(kKnown, item.key) == kKnown.end() &&
             near_miss(item.key, kKnown) == name;
    });
  };
  title = title || misspelt("title");
  text = text || misspelt("text");
  if (!title || !text) e.d.error(entry.at, title ? "expected text" : "expected title");
}

std::optional<notification::PostOptions> decode_post(const FoundingEntry& e,
                                                     const FoundingTemplates& templates) {
  const NodeEntry* const endpoint = e.find("post_endpoint");
  const NodeEntry* const key = e.find("post_api_key");
  const NodeEntry* const info = e.find("post_json_info");
  if (endpoint == nullptr) {
    const NodeEntry* const alone = key != nullptr ? key : info;
    if (alone == nullptr || e.has("post_endpoint")) return std::nullopt;
    const Decoder::Correction fix(e.d, [&] { return e.keys_as(kEndpointLines); });
    e.d.error(alone->at, fmt::format("found {} without post_endpoint", alone->key));
    return std::nullopt;
  }
  notification::PostOptions out;
  if (auto url = decode_url_of(e, *endpoint)) out.url = std::move(*url);
  if (const std::size_t query = out.url.find('?'); query != std::string::npos) {
    out.secrets.push_back(out.url.substr(query + 1));
    e.d.add_secret(out.secrets.back());
  }
  if (key != nullptr) {
    if (const auto decoded = decode_key(e, *key)) apply_key(e, *decoded, out);
  }
  if (info != nullptr) {
    decode_info(e, *info, templates, out);
  } else if (!e.has("post_json_info")) {
    const Decoder::Correction fix(e.d, [&] { return e.keys_as(templates.info_lines()); });
    e.d.error(endpoint->at, "expected post_json_info, which says what is posted");
  }
  return out;
}

// --- post_service: aws-cloudwatch ---

struct ServiceKey {
  std::string_view name;
  std::string_view what;
  std::string_view line;
};
constexpr std::array<ServiceKey, 3> kServiceTexts{
    {{"aws_key", "an access key id", "aws_key: \"${AWS_ACCESS_KEY_ID}\""},
     {"data_detail_type", "a text such as health", "data_detail_type: health"},
     {"data_source", "a text such as com.example.health", "data_source: com.example.health"}}};
constexpr std::string_view kSecretLine = "aws_secret: \"${AWS_SECRET_ACCESS_KEY}\"";

void decode_service_texts(const FoundingEntry& e) {
  for (const ServiceKey& key : kServiceTexts) {
    const NodeEntry* const item = e.find(key.name);
    if (item == nullptr) continue;
    const auto scope = e.d.enter(item->key);
    const Decoder::Correction fix(e.d, [&] { return e.keys_as({std::string(key.line)}); });
    (void)decode_line(e.d, item->value, key.what, 256);
  }
  if (const NodeEntry* const secret = e.find("aws_secret")) {
    const auto scope = e.d.enter(secret->key);
    const Decoder::Correction fix(e.d, [&] { return e.keys_as({std::string(kSecretLine)}); });
    (void)decode_secret(e.d, secret->value, "a secret access key");
  }
  if (const NodeEntry* const resources = e.find("data_resources")) {
    const auto scope = e.d.enter(resources->key);
    const Decoder::Correction fix(e.d, [&] {
      return e.keys_as({"data_resources:", "  - arn:aws:ecs:us-east-1:123456789012:service/shop"});
    });
    (void)decode_names(e.d, resources->value, "the ARN of a resource");
  }
}

void check_service_complete(const FoundingEntry& e, const NodeEntry& service) {
  const auto need = [&](std::string_view name, std::string_view line, std::string_view why) {
    if (e.has(name)) return;
    const Decoder::Correction fix(
        e.d, [&] { return e.keys_as({"post_service: aws-cloudwatch", std::string(line)}); });
    e.d.error(service.at, fmt::format("expected {} {}", name, why));
  };
  for (const ServiceKey& key : kServiceTexts) {
    if (key.name != "aws_key") need(key.name, key.line, "beside post_service: aws-cloudwatch");
  }
  if (e.has("aws_key")) need("aws_secret", kSecretLine, "beside aws_key");
  if (e.has("aws_secret")) need("aws_key", kServiceTexts[0].line, "beside aws_secret");
}

bool is_service_key(std::string_view key) {
  return key.starts_with("aws_") || key.starts_with("data_");
}

bool decode_service(const FoundingEntry& e, const FoundingTemplates& templates) {
  constexpr std::array<std::string_view, 1> kServices{"aws-cloudwatch"};
  const NodeEntry* const service = e.find("post_service");
  const Decoder::Correction fix(e.d, [&] { return e.keys_as({"post_service: aws-cloudwatch"}); });
  if (service == nullptr) {
    const auto alone = std::ranges::find_if(
        e.keys(), [](const NodeEntry& item) { return is_service_key(item.key); });
    const auto known = founding_keys();
    if (alone != e.keys().end() && !e.has("post_service") &&
        std::ranges::find(known, alone->key) != known.end()) {
      e.d.error(alone->at, fmt::format("found {} without post_service", alone->key));
    }
    return false;
  }
  {
    const auto scope = e.d.enter(service->key);
    if (!decode_word(e.d, service->value, kServices)) return true;
  }
  decode_service_texts(e);
  if (const NodeEntry* const details = e.find("data_details_json")) {
    const auto scope = e.d.enter(details->key);
    templates.check_object(*details);
  }
  check_service_complete(e, *service);
  const auto scope = e.d.enter(service->key);
  e.d.warning(service->at,
              "nothing is sent to aws-cloudwatch in this version: checks run and are shown, with "
              "delivery: unavailable; post_endpoint delivers");
  return true;
}

}  // namespace

bool is_post_key(std::string_view key) { return key.starts_with("post_") || is_service_key(key); }

FoundingPosts decode_posts(const FoundingEntry& e, const std::vector<std::string>& captured,
                           ReportOn default_on) {
  const FoundingTemplates templates(e, captured);
  FoundingPosts out;
  out.on = default_on;
  out.post = decode_post(e, templates);
  out.service = decode_service(e, templates);
  if (const NodeEntry* const on = e.find("post_on")) {
    const auto scope = e.d.enter(on->key);
    const Decoder::Correction fix(e.d, [&] { return e.keys_as({"post_on: always"}); });
    const auto choice = decode_choice<ReportOn>(
        e.d, on->value,
        {{"success", ReportOn::up}, {"failure", ReportOn::down}, {"always", ReportOn::always}});
    if (choice) out.on = *choice;
    if (!out.post && !out.service && !e.has("post_endpoint") && !e.has("post_service")) {
      const Decoder::Correction without(e.d, [&] { return e.without(*on); });
      e.d.error(on->at, "found post_on without post_endpoint or post_service");
    }
  }
  return out;
}

}  // namespace tocsin::config
