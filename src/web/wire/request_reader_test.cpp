#include "web/wire/request_reader.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tocsin::web {
namespace {

using Status = RequestReader::Status;
using namespace std::string_literals;

// "METHOD TARGET[ close][ body][ expects] SIZE", "incomplete", or "STATUS MESSAGE".
std::string read(std::string_view text, const WireLimits& limits = {}) {
  RequestReader reader;
  const Status status = reader.read_head(text, limits);
  if (status == Status::incomplete) {
    return "incomplete";
  }
  if (status == Status::problem) {
    return std::to_string(reader.problem().status) + " " + std::string(reader.problem().message);
  }
  const auto& head = reader.head();
  return std::string(head.request.method) + " " + std::string(head.request.target) +
         (head.request.keep_alive ? "" : " close") + (reader.has_body() ? " body" : "") +
         (head.request.expects_continue ? " expects" : "") + " " + std::to_string(head.size);
}

std::string with(std::string_view fields) {
  return "GET /a HTTP/1.1\r\nHost: x\r\n" + std::string(fields) + "\r\n";
}

TEST(RequestReader, ReadsAWholeHeadAndNothingLess) {
  const std::string text = "GET /a/5 HTTP/1.1\r\nHost: x\r\n\r\n";
  EXPECT_EQ(read(text + "GET /next"), "GET /a/5 30");
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(read(text.substr(0, size)), "incomplete") << size;
  }
  EXPECT_EQ(read("\r\n\r\n" + text), "GET /a/5 34");
}

TEST(RequestReader, TakesATargetAsItWasTyped) {
  EXPECT_EQ(read("GET /j\xC3\xB6"
                 "b/5 HTTP/1.1\r\nHost: x\r\n\r\n"),
            "GET /j\xC3\xB6"
            "b/5 33");
}

TEST(RequestReader, SaysAtOnceThatLinesEndOtherwise) {
  EXPECT_EQ(read("GET /a HTTP/1.0\n\n"), "400 Lines end with CR LF");
  EXPECT_EQ(read("\nGET /a"), "400 Lines end with CR LF");
  EXPECT_EQ(read("GET /a HTTP/1.1\r\nHost: x\n"), "400 Lines end with CR LF");
  EXPECT_EQ(read("GET /a HTTP/1.1\r\nHost: x\r\n"), "incomplete");
}

TEST(RequestReader, KnowsWhetherTheConnectionStays) {
  EXPECT_EQ(read(with("Connection: close\r\n")), "GET /a close 47");
  EXPECT_EQ(read(with("CONNECTION: upgrade , CLOSE\r\n")), "GET /a close 57");
  EXPECT_EQ(read("GET / HTTP/1.0\r\n\r\n"), "GET / close 18");
  EXPECT_EQ(read("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), "GET / 42");
}

TEST(RequestReader, TakesNothingThatTwoReadersCouldSeeDifferently) {
  for (const std::string& bad : {"GET /a HTTP/1.1\nHost: x\n\n\r\n\r\n"s,
                                 "GET  /a HTTP/1.1\r\nHost: x\r\n\r\n"s,
                                 "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"s,
                                 "GET /a\r\nHost: x\r\n\r\n"s,
                                 "G(T /a HTTP/1.1\r\nHost: x\r\n\r\n"s,
                                 "GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n"s,
                                 "GET /a HTTP/1.1\r\n\r\n"s,
                                 "GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"s,
                                 with("X : y\r\n"),
                                 with(" folded\r\n"),
                                 with("X: a\0b\r\n"s),
                                 with("X: a\rb\r\n"),
                                 with("no colon\r\n"),
                                 with("Content-Length: 5, 5\r\n"),
                                 with("Content-Length: -1\r\n"),
                                 with("Content-Length: +1\r\n"),
                                 with("Content-Length:\r\n"),
                                 with("Content-Length: 1\r\nContent-Length: 2\r\n"),
                                 with("Content-Length: 99999999999999999999\r\n"),
                                 with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
                                 with("Authorization: Bearer a\r\nAuthorization: Bearer b\r\n")}) {
    EXPECT_TRUE(read(bad).starts_with("400 ")) << bad << " -> " << read(bad);
  }
  EXPECT_EQ(read("GET /a HTTP/2.0\r\nHost: x\r\n\r\n"), "505 HTTP version not supported");
  EXPECT_EQ(read(with("Transfer-Encoding: gzip, chunked\r\n")),
            "501 Transfer coding not implemented");
  EXPECT_EQ(read(with("Expect: cookies\r\n")), "417 Expectation failed");
}

TEST(RequestReader, ALimitIsSaidAsSoonAsItIsPassed) {
  const WireLimits limits{64, 10};
  EXPECT_EQ(read("GET /" + std::string(60, 'a'), limits), "431 Request header fields too large");
  EXPECT_EQ(read("GET /" + std::string(80, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", limits),
            "431 Request header fields too large");
  EXPECT_EQ(read(with("Content-Length: 11\r\n"), limits), "413 Content too large");
}

TEST(RequestReader, FindsTheAuthorization) {
  RequestReader reader;
  const std::string text = with("authorization:  Bearer abc \r\n");
  ASSERT_EQ(reader.read_head(text, {}), Status::complete);
  EXPECT_EQ(reader.head().request.authorization, "Bearer abc");
}

// How a body is taken when it comes in pieces of this size; how much of `text` is left over.
std::string skip(const std::string& head, const std::string& body, std::size_t piece) {
  RequestReader reader;
  EXPECT_EQ(reader.read_head(head, {}), Status::complete);
  std::string waiting;
  std::size_t at = 0;
  while (true) {
    std::size_t used = 0;
    const Status status = reader.skip_body(waiting, used);
    waiting.erase(0, used);
    if (status == Status::problem) {
      return std::to_string(reader.problem().status);
    }
    if (status == Status::complete) {
      return "left " + std::to_string(waiting.size() + body.size() - at);
    }
    if (at == body.size()) {
      return "incomplete";
    }
    waiting += body.substr(at, piece);
    at = std::min(body.size(), at + piece);
  }
}

TEST(RequestReader, PassesOverABodyOfEitherKindHoweverItComes) {
  const std::string chunked = with("Transfer-Encoding: chunked\r\n");
  const std::string body = "4\r\nabcd\r\n0A;x=y\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";
  for (std::size_t piece = 1; piece <= body.size() + 3; ++piece) {
    EXPECT_EQ(skip(with("Content-Length: 5\r\n"), "12345GET", piece).substr(0, 4), "left");
    EXPECT_EQ(skip(chunked, body, piece), "left 0") << piece;
    EXPECT_EQ(skip(chunked, body.substr(0, body.size() - 1), piece), "incomplete") << piece;
  }
  EXPECT_EQ(skip(with("Content-Length: 5\r\n"), "12345GET", 100), "left 3");
  EXPECT_EQ(skip(chunked, body + "GET", 100), "left 3");
}

TEST(RequestReader, RefusesBrokenOrEndlessChunks) {
  const std::string chunked = with("Transfer-Encoding: chunked\r\n");
  for (const char* bad : {"x\r\n", "\r\n", "-1\r\n", "5\r\nabcdeX\r\n", "11111111111111111\r\n"}) {
    EXPECT_EQ(skip(chunked, bad, 100), "400") << bad;
  }
  EXPECT_EQ(skip(chunked, "fffff\r\n", 100), "413");
  std::string many;
  for (int i = 0; i < 20'000; ++i) {
    many += "1\r\na\r\n";
  }
  EXPECT_EQ(skip(chunked, many, 1000), "413");
  EXPECT_EQ(skip(chunked, std::string(5000, '1'), 100), "400");
}

}  // namespace
}  // namespace tocsin::web
