#include "adapters/http_curl/request_url.hpp"

#include <gtest/gtest.h>

namespace tocsin::adapters {
namespace {

TEST(RequestUrl, SplitsSchemeHostPortAndRest) {
  const auto url = parse_request_url("HTTPS://shop.example.com:8443/a?b#c");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->https);
  EXPECT_EQ(url->host, "shop.example.com");
  EXPECT_EQ(url->port, "8443");
  EXPECT_EQ(url->rest, "/a?b#c");
  EXPECT_EQ(authority(*url), "shop.example.com:8443");
  EXPECT_EQ(with_host(*url, "other"), "HTTPS://other:8443/a?b#c");
}

TEST(RequestUrl, KeepsBracketsOffTheHostAndPutsThemBack) {
  const auto url = parse_request_url("http://[::1]:80");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "::1");
  EXPECT_TRUE(is_numeric_host(url->host));
  EXPECT_EQ(authority(*url), "[::1]:80");
  EXPECT_EQ(with_host(*url, "fe80::1"), "http://[fe80::1]:80");
}

TEST(RequestUrl, SeesUserinfo) {
  const auto url = parse_request_url("http://u:p@h/x");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->has_userinfo);
  EXPECT_EQ(url->host, "h");
  EXPECT_FALSE(parse_request_url("http://h/x@y")->has_userinfo);
}

TEST(RequestUrl, RefusesWhatIsNotAnHttpUrl) {
  for (const char* bad :
       {"", "h", "ftp://h", "http://", "http://:80", "http://h:0", "http://h:65536", "http://h:8x",
        "http://[::1", "http://[::1]x", "http://a b/", "http://h/\r\nX: y", "http:///path"}) {
    EXPECT_FALSE(parse_request_url(bad)) << bad;
  }
}

TEST(RequestUrl, TellsNumbersFromNames) {
  EXPECT_TRUE(is_numeric_host("127.0.0.1"));
  EXPECT_TRUE(is_numeric_host("::ffff:1.2.3.4"));
  EXPECT_FALSE(is_numeric_host("127.1"));
  EXPECT_FALSE(is_numeric_host("localhost"));
  EXPECT_FALSE(is_numeric_host(std::string(300, '1')));
}

}  // namespace
}  // namespace tocsin::adapters
