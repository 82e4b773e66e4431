#include "check/excerpt.hpp"

#include <algorithm>
#include <array>

#include "base/json_writer.hpp"
#include "base/utf8.hpp"

namespace tocsin::check {
namespace {

constexpr std::size_t kHeaderBytes = 1024;  // of all that are shown
constexpr std::size_t kHeaderValueBytes = 200;

bool proves_identity(std::string_view header) {
  constexpr std::array<std::string_view, 6> kNames{"set-cookie",    "set-cookie2",
                                                   "authorization", "authentication-info",
                                                   "cookie",        "proxy-authentication-info"};
  return std::ranges::find(kNames, header) != kNames.end();
}

void write_headers(JsonWriter& w, const AnswerFacts& facts) {
  if (facts.headers.empty()) return;
  w.key("headers").object();
  std::size_t bytes = 0;
  for (auto header = facts.headers.begin(); header != facts.headers.end(); ++header) {
    const auto& [name, value] = *header;
    const auto same = [&](const auto& other) { return other.first == name; };
    if (std::any_of(facts.headers.begin(), header, same)) continue;  // a JSON key stands once
    const std::string shown = proves_identity(name) ? "***" : clip(value, kHeaderValueBytes);
    bytes += name.size() + shown.size();
    if (bytes > kHeaderBytes) break;
    w.field(name, shown);
  }
  w.end_object();
}

void write_certificate(JsonWriter& w, const CertificateFacts& certificate) {
  w.key("certificate").object();
  w.field("subject", certificate.subject).field("issuer", certificate.issuer);
  if (!certificate.names.empty()) {
    w.key("names").array();
    for (const std::string& name : certificate.names) w.value(name);
    w.end_array();
  }
  w.field("not_before", certificate.not_before).field("not_after", certificate.not_after);
  w.end_object();
}

}  // namespace

std::string excerpt(const AnswerFacts& facts) {
  std::string out;
  if (!facts.status && facts.certificate == nullptr) return out;
  JsonWriter w(out);
  w.object();
  if (facts.status) {
    w.field("status", *facts.status).field("body_bytes", facts.body_bytes);
    write_headers(w, facts);
    if (!facts.body.empty()) w.field("body", clip(facts.body, kExcerptBodyBytes));
  }
  if (facts.certificate != nullptr) write_certificate(w, *facts.certificate);
  w.end_object();
  return out;
}

std::string output_excerpt(std::string_view output) {
  std::string out;
  if (output.empty()) return out;
  JsonWriter w(out);
  w.object().field("output", clip(output, kExcerptBodyBytes)).end_object();
  return out;
}

}  // namespace tocsin::check
