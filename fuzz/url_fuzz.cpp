// URLs and Locations over hostile text. What is accepted must read back as itself, and a message
// must never show what stands before "@" or behind "?".

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "check/address.hpp"
#include "check/url.hpp"

namespace {

void check_url(const tocsin::check::Url& url) {
  TOCSIN_ASSERT(!url.host.empty());
  TOCSIN_ASSERT(url.port > 0);
  TOCSIN_ASSERT(url.path.starts_with('/'));
  TOCSIN_ASSERT(url.query.empty() || url.query.starts_with('?'));
  const std::string text = url.to_string();
  const auto again = tocsin::check::parse_url(text);
  if (text.size() <= 8192) {
    TOCSIN_ASSERT(again.has_value());
    TOCSIN_ASSERT(*again == url);
    TOCSIN_ASSERT(same_origin(*again, url));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto url = tocsin::check::parse_url(text);
  if (url) {
    TOCSIN_ASSERT(url->userinfo.empty());
    check_url(*url);
  } else {
    TOCSIN_ASSERT(!url.error().message.empty());
  }
  const auto base = tocsin::check::parse_url("https://shop.example.com/a/b/c?d");
  if (const auto resolved = tocsin::check::resolve_location(*base, text)) {
    check_url(*resolved);
  }
  if (const auto pair = tocsin::check::parse_host_port(text)) {
    const std::string shown = tocsin::check::format_host_port(pair->host, pair->port);
    TOCSIN_ASSERT(tocsin::check::parse_host_port(shown) == *pair);
  }
  return 0;
}
