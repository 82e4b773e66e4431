#include "check/redirect.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tocsin::check {
namespace {

Hop hop(std::string_view url, std::string method = "GET") {
  return {*parse_url(url), std::move(method), true, true};
}

std::expected<Hop, std::string> follow(const Hop& from, int status,
                                       std::optional<std::string_view> location) {
  const std::vector<std::string> visited{hop_key(from)};
  return follow_redirect(from, status, location, visited, 5);
}

TEST(Redirect, OnlyFiveStatusesRedirect) {
  for (int status = 100; status < 600; ++status) {
    const bool expected =
        status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    EXPECT_EQ(is_redirect(status), expected) << status;
  }
}

TEST(Redirect, MethodsChangeAsInBrowsers) {
  struct Row {
    int status;
    std::string method, expected;
    bool keep_body;
  };
  for (const Row& row : {Row{301, "GET", "GET", true}, Row{301, "POST", "GET", false},
                         Row{302, "POST", "GET", false}, Row{302, "PUT", "PUT", true},
                         Row{303, "POST", "GET", false}, Row{303, "PUT", "GET", false},
                         Row{303, "HEAD", "HEAD", true}, Row{303, "GET", "GET", true},
                         Row{307, "POST", "POST", true}, Row{308, "POST", "POST", true}}) {
    const auto next = follow(hop("http://h/a", row.method), row.status, "/b");
    ASSERT_TRUE(next);
    EXPECT_EQ(next->method, row.expected) << row.status << row.method;
    EXPECT_EQ(next->keep_body, row.keep_body) << row.status << row.method;
    EXPECT_EQ(next->url.to_string(), "http://h/b");
  }
}

TEST(Redirect, BodyOnceDroppedStaysDropped) {
  const auto first = follow(hop("http://h/a", "POST"), 303, "/b");
  EXPECT_FALSE(follow(*first, 307, "/c")->keep_body);
}

TEST(Redirect, CredentialsStayAtTheirOrigin) {
  EXPECT_TRUE(follow(hop("https://h/a"), 302, "/b")->keep_credentials);
  EXPECT_TRUE(follow(hop("https://h/a"), 302, "https://H:443/b")->keep_credentials);
  for (const std::string_view location :
       {"https://other/b", "http://h/b", "https://h:8443/b", "//www.h/b"}) {
    const auto next = follow(hop("https://h/a"), 302, location);
    ASSERT_TRUE(next) << location;
    EXPECT_FALSE(next->keep_credentials) << location;
  }
  const auto away = follow(hop("https://h/a"), 302, "https://other/b");
  EXPECT_FALSE(follow(*away, 302, "https://h/c")->keep_credentials);
}

TEST(Redirect, LoopsAndLongChainsFail) {
  const Hop start = hop("http://h/a");
  const auto self = follow(start, 302, "/a?");
  EXPECT_TRUE(self);  // an empty query is another URL
  EXPECT_EQ(follow(start, 302, "/a").error(), "a redirect loop, back to http://h/a");
  // POST, then GET of the same URL is the ordinary answer to a form.
  EXPECT_TRUE(follow(hop("http://h/a", "POST"), 303, "/a"));

  std::vector<std::string> visited{hop_key(start)};
  Hop at = start;
  for (int i = 0; i < 5; ++i) {
    auto next = follow_redirect(at, 302, "/" + std::to_string(i) + "?token=hunter2", visited, 5);
    ASSERT_TRUE(next);
    at = *next;
    visited.push_back(hop_key(at));
  }
  const auto sixth = follow_redirect(at, 302, "/6?token=hunter2", visited, 5);
  ASSERT_FALSE(sixth);
  EXPECT_EQ(sixth.error(), "more than 5 redirects, the last one to http://h/6");
}

TEST(Redirect, MissingOrUnusableLocationFails) {
  EXPECT_EQ(follow(hop("http://h/a"), 302, std::nullopt).error(), "status 302 without a Location");
  for (const std::string_view location : {"", "ftp://h/", "http://", "/a\r\nb"}) {
    const auto next = follow(hop("http://h/a"), 302, location);
    ASSERT_FALSE(next) << location;
    EXPECT_NE(next.error().find("unusable Location"), std::string::npos);
  }
}

}  // namespace
}  // namespace tocsin::check
