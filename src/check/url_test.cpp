#include "check/url.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "check/address.hpp"

namespace tocsin::check {
namespace {

std::string error_of(std::string_view text) {
  const auto url = parse_url(text);
  return url ? "" : url.error().message;
}

TEST(Url, KeepsThePartsOfAFullUrl) {
  const auto url = parse_url("HTTPS://Shop.Example.COM:8443/a/b;c?x=1&y=%20#top");
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_TRUE(url->https);
  EXPECT_EQ(url->host, "shop.example.com");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->path, "/a/b;c");
  EXPECT_EQ(url->query, "?x=1&y=%20");
  EXPECT_EQ(url->to_string(), "https://shop.example.com:8443/a/b;c?x=1&y=%20");
  EXPECT_EQ(url->shown(), "https://shop.example.com:8443/a/b;c");
}

TEST(Url, FillsInPathAndPort) {
  const std::vector<std::pair<std::string, std::string>> table{
      {"http://h", "http://h/"},
      {"http://h:80/", "http://h/"},
      {"https://h:443", "https://h/"},
      {"http://h:443/", "http://h:443/"},
      {"http://h:/x", "http://h/x"},
      {"http://h?q", "http://h/?q"},
      {"http://[::1]:8080/x", "http://[::1]:8080/x"},
      {"http://[2001:DB8::1]", "http://[2001:db8::1]/"},
      {"http://10.0.0.1:8080", "http://10.0.0.1:8080/"},
      {"http://a_b.internal./", "http://a_b.internal./"},
  };
  for (const auto& [text, expected] : table) {
    const auto url = parse_url(text);
    ASSERT_TRUE(url) << text << ": " << url.error().message;
    EXPECT_EQ(url->to_string(), expected);
  }
}

TEST(Url, RefusesWhatIsNotAnAbsoluteHttpUrl) {
  const std::vector<std::pair<std::string, std::string>> table{
      {"", "does not begin with http"},
      {"shop.example.com/health", "does not begin with http"},
      {"//h/x", "does not begin with http"},
      {"ftp://h/", "\"ftp\""},
      {"localhost:80/x", "\"localhost\""},
      {"http:/h/", "expected \"//\""},
      {"http://", "empty"},
      {"http:///x", "empty"},
      {"http://h:0/", "1 to 65535"},
      {"http://h:65536/", "1 to 65535"},
      {"http://h:8a/", "1 to 65535"},
      {"http://::1/", "brackets"},
      {"http://[::1/", "no \"]\""},
      {"http://[::1]x/", "after the \"]\""},
      {"http://[h]/", "IPv6"},
      {"http://[1::2::3]/", "not an IPv6"},
      {"http://[fe80::1%25eth0]/", "zones"},
      {"http://127.1/", "ends in a number"},
      {"http://256.0.0.1/", "ends in a number"},
      {"http://0177.0.0.1/", "ends in a number"},
      {"http://a..b/", "empty label"},
      {"http://a b/", "character"},
      {"http://b\xC3\xBC"
       "cher.example/",
       "xn--"},
      {"http://-a.example/", "begins or ends"},
      {"http://h/a b", "%20"},
      {"http://h/a|b", "%7C"},
      {"http://h/100%", "%25"},
      {"http://h/?q=\"x\"", "%22"},
      {std::string("http://h/\0x", 11), "%00"},
  };
  for (const auto& [text, expected] : table) {
    EXPECT_NE(error_of(text).find(expected), std::string::npos)
        << text << " gave: " << error_of(text);
  }
  EXPECT_NE(error_of("http://h/" + std::string(9000, 'a')), "");
  EXPECT_NE(error_of("http://" + std::string(64, 'a') + "/"), "");
}

TEST(Url, NeverQuotesASecretInAnError) {
  for (const std::string_view text : {"http://joe:hunter2@h/", "http://h/?token=hunter2 x",
                                      "http://h:99999/?token=hunter2", "http://joe:hunter2/x@h/"}) {
    const std::string message = error_of(text);
    EXPECT_NE(message, "");
    EXPECT_EQ(message.find("hunter2"), std::string::npos) << message;
  }
}

TEST(Url, ProxyMayHoldCredentialsButNoPath) {
  const auto proxy = parse_proxy_url("http://joe:pw@proxy.internal:3128");
  ASSERT_TRUE(proxy);
  EXPECT_EQ(proxy->userinfo, "joe:pw");
  EXPECT_EQ(proxy->to_string(), "http://proxy.internal:3128/");
  EXPECT_FALSE(parse_proxy_url("https://proxy.internal:3128"));
  EXPECT_FALSE(parse_proxy_url("http://proxy.internal:3128/x"));
}

// The examples of RFC 3986, section 5.4, with an http base.
TEST(Url, ResolvesReferencesAsRfc3986) {
  const auto base = parse_url("http://a/b/c/d;p?q");
  ASSERT_TRUE(base);
  const std::vector<std::pair<std::string, std::string>> table{
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g/"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q"},
      {"g#s", "http://a/b/c/g"},
      {";x", "http://a/b/c/;x"},
      {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
      {"g;x=1/../y", "http://a/b/c/y"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {"..g", "http://a/b/c/..g"},
      {"./../g", "http://a/b/g"},
      {"g?y/./x", "http://a/b/c/g?y/./x"},
      {"https://other:8443/x/../y", "https://other:8443/y"},
      {" /g ", "http://a/g"},
      {"/a b|c\xC3\xBC", "http://a/a%20b%7Cc%C3%BC"},
      {"/%zz%41", "http://a/%25zz%41"},
  };
  for (const auto& [location, expected] : table) {
    const auto url = resolve_location(*base, location);
    ASSERT_TRUE(url) << location << ": " << url.error().message;
    EXPECT_EQ(url->to_string(), expected) << location;
  }
}

TEST(Url, RefusesUnusableLocations) {
  const auto base = parse_url("http://a/b");
  for (const std::string_view location : {"", "  ", "ftp://x/", "http:///x", "http://a:0/", "/a\nb",
                                          "mailto:x@y", "http://joe:pw@h/", "http:g"}) {
    EXPECT_FALSE(resolve_location(*base, location)) << location;
  }
}

TEST(Url, OriginIsSchemeHostAndPort) {
  const auto origin = parse_url("https://h/a");
  EXPECT_TRUE(same_origin(*origin, *parse_url("https://H:443/b?c")));
  EXPECT_FALSE(same_origin(*origin, *parse_url("http://h/a")));
  EXPECT_FALSE(same_origin(*origin, *parse_url("https://h:8443/a")));
  EXPECT_FALSE(same_origin(*origin, *parse_url("https://www.h/a")));
}

TEST(Address, KnowsIpv6) {
  for (const std::string_view text : {"::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:1.2.3.4",
                                      "::ffff:10.0.0.1", "2001:db8::a:0:0:1", "1:2:3:4:5:6:7::"}) {
    EXPECT_TRUE(is_ipv6(text)) << text;
  }
  for (const std::string_view text :
       {"", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3",
        "12345::", "g::", "1:2:3:4:5:6:7:8::", "1.2.3.4::", "::1.2.3", ":1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:", "::1%eth0", "10.0.0.1"}) {
    EXPECT_FALSE(is_ipv6(text)) << text;
  }
}

TEST(Address, SplitsHostAndPort) {
  EXPECT_EQ(parse_host_port("DB.internal:5432"), (HostPort{"db.internal", 5432}));
  EXPECT_EQ(parse_host_port("[::1]:80"), (HostPort{"::1", 80}));
  EXPECT_EQ(parse_host_port("10.0.0.5:22"), (HostPort{"10.0.0.5", 22}));
  for (const std::string_view text : {"db.internal", "db:", "db:0", "db:99999", ":80", "::1:80",
                                      "[::1]", "[::1]80", "[db]:80", "a b:80", "10.0.0:80"}) {
    EXPECT_FALSE(parse_host_port(text)) << text;
  }
  EXPECT_EQ(format_host_port("::1", 80), "[::1]:80");
  EXPECT_EQ(format_host_port("h", 80), "h:80");
}

}  // namespace
}  // namespace tocsin::check
