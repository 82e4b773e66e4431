#include "adapters/aws/sigv4.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>

namespace tocsin::aws {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string_view view(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string hex(std::string_view text) {
  std::string out;
  out.reserve(text.size() * 2);
  for (const char c : text) {
    fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<unsigned char>(c));
  }
  return out;
}

Digest hmac(std::string_view key, std::string_view text) {
  Digest out{};
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes(text), text.size(), out.data(),
       nullptr);
  return out;
}

bool unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// What is not a valid escape stands for itself.
std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool room = text[i] == '%' && i + 2 < text.size();
    const int high = room ? hex_digit(text[i + 1]) : -1;
    const int low = room ? hex_digit(text[i + 2]) : -1;
    if (high >= 0 && low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  while (true) {
    const auto at = text.find(separator);
    out.push_back(text.substr(0, at));
    if (at == std::string_view::npos) {
      return out;
    }
    text.remove_prefix(at + 1);
  }
}

// Without empty and "." segments, ".." resolved (RFC 3986, section 5.2.4); a slash at the end
// stays.
std::string normalized(std::string_view path) {
  std::vector<std::string_view> kept;
  const auto segments = split(path, '/');
  for (const std::string_view segment : segments) {
    if (segment == "..") {
      if (!kept.empty()) {
        kept.pop_back();
      }
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
  }
  std::string out;
  for (const std::string_view segment : kept) {
    out.append("/").append(segment);
  }
  const std::string_view last = segments.back();
  const bool folder = last.empty() || last == ".";
  return out.empty() || folder ? out + "/" : out;
}

std::string canonical_path(std::string_view path, const SigningRules& rules) {
  const std::string clean =
      rules.normalize_path ? normalized(path) : std::string(path.empty() ? "/" : path);
  return rules.encode_path ? uri_encode(clean, true) : clean;
}

std::string canonical_query(std::string_view query) {
  if (query.empty()) {
    return {};
  }
  std::vector<std::pair<std::string, std::string>> parameters;
  for (const std::string_view parameter : split(query, '&')) {
    const auto equals = parameter.find('=');
    const bool has_value = equals != std::string_view::npos;
    parameters.emplace_back(uri_encode(percent_decode(parameter.substr(0, equals)), false),
                            has_value
                                ? uri_encode(percent_decode(parameter.substr(equals + 1)), false)
                                : std::string());
  }
  std::ranges::sort(parameters);
  std::string out;
  for (const auto& [name, value] : parameters) {
    out.append(out.empty() ? "" : "&").append(name).append("=").append(value);
  }
  return out;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return out;
}

// Runs of white space, folded lines among them, are one blank; none around the value.
std::string squeezed(std::string_view value) {
  std::string out;
  bool blank = false;
  for (const char c : value) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      blank = !out.empty();
      continue;
    }
    if (blank) {
      out += ' ';
      blank = false;
    }
    out += c;
  }
  return out;
}

// By name; the values of one name in the order in which they are sent.
std::map<std::string, std::string> canonical_headers(const Headers& headers) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : headers) {
    const auto [entry, fresh] = out.try_emplace(lower_case(name), squeezed(value));
    if (!fresh) {
      entry->second += "," + squeezed(value);
    }
  }
  return out;
}

// "20150830T123600Z".
std::string basic_time(Instant now) {
  using namespace std::chrono;
  const auto day = floor<days>(now);
  const year_month_day date(day);
  const hh_mm_ss time(floor<seconds>(now - day));
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

Digest signing_key(const Credentials& credentials, std::string_view day,
                   const SigningScope& scope) {
  Digest key = hmac("AWS4" + credentials.secret_access_key, day);
  key = hmac(view(key), scope.region);
  key = hmac(view(key), scope.service);
  return hmac(view(key), "aws4_request");
}

}  // namespace

std::string uri_encode(std::string_view text, bool keep_slash) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (unreserved(c) || (keep_slash && c == '/')) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string sha256_hex(std::string_view text) {
  Digest digest{};
  SHA256(bytes(text), text.size(), digest.data());
  return hex(view(digest));
}

Signature sign(const SignableRequest& request, const Credentials& credentials,
               const SigningScope& scope, Instant now, const SigningRules& rules) {
  const std::string time = basic_time(now);
  const std::string day = time.substr(0, 8);
  const std::string body_hash = sha256_hex(request.body);
  Signature out;
  out.headers.emplace_back("X-Amz-Date", time);
  if (rules.body_hash_header) {
    out.headers.emplace_back("X-Amz-Content-Sha256", body_hash);
  }
  const bool has_token = !credentials.session_token.empty();
  if (has_token && rules.sign_token) {
    out.headers.emplace_back("X-Amz-Security-Token", credentials.session_token);
  }
  Headers all = request.headers;
  all.insert(all.end(), out.headers.begin(), out.headers.end());

  std::string lines;
  std::string names;
  for (const auto& [name, value] : canonical_headers(all)) {
    lines.append(name).append(":").append(value).append("\n");
    names += (names.empty() ? "" : ";") + name;
  }
  out.canonical_request =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, canonical_path(request.path, rules),
                  canonical_query(request.query), lines, names, body_hash);
  const std::string credential_scope =
      fmt::format("{}/{}/{}/aws4_request", day, scope.region, scope.service);
  out.string_to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, credential_scope,
                                   sha256_hex(out.canonical_request));
  const Digest signature = hmac(view(signing_key(credentials, day, scope)), out.string_to_sign);
  if (has_token && !rules.sign_token) {
    out.headers.emplace_back("X-Amz-Security-Token", credentials.session_token);
  }
  out.headers.emplace_back(
      "Authorization",
      fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                  credentials.access_key_id, credential_scope, names, hex(view(signature))));
  return out;
}

}  // namespace tocsin::aws
