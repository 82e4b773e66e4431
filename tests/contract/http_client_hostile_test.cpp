// Answers meant to hurt. Each must end as stated, in time, and without growing the process.

#include <sys/resource.h>
#include <zlib.h>

#include <optional>

#include "base/result.hpp"
#include "contract/http_fixture.hpp"

namespace tocsin::test {
namespace {

using Kind = FailureKind;
using namespace std::string_literals;

constexpr Milliseconds kTimeout{500};
// What the kernel, the allocator and a slow machine may add to the timeout.
constexpr std::chrono::seconds kSlack{5};
constexpr std::uint64_t kBodyLimit = std::uint64_t{256} << 10U;
constexpr long kMemoryLimitKib = 48L << 10U;

struct Hostile {
  std::string name;
  LoopbackServer::Script script;
  std::optional<Kind> failure;  // empty: an answer
  std::string message;          // part of the failure's, or of the body
  int status = 200;
  bool tls_server = false;
  bool https = false;
  check::HttpVersion version = check::HttpVersion::automatic;
  bool or_connect = false;  // a reset this early may be seen by connect() already
};

std::ostream& operator<<(std::ostream& out, const Hostile& hostile) { return out << hostile.name; }

LoopbackServer::Script then_hold(const std::string& text) {
  return [text](Peer& peer) {
    peer.read_request();
    peer.send(text);
    peer.hold();
  };
}

LoopbackServer::Script then_reset(const std::string& text) {
  return [text](Peer& peer) {
    peer.read_request();
    peer.send(text);
    // The client has read what was sent when it answers nothing for this long; then comes the RST.
    peer.hold(std::chrono::milliseconds{50});
    peer.reset();
  };
}

LoopbackServer::Script forever(const std::string& head, const std::string& again) {
  return [head, again](Peer& peer) {
    peer.read_request();
    peer.send(head);
    peer.send_forever(again);
  };
}

LoopbackServer::Script trickling(const std::string& head, const std::string& tail) {
  return [head, tail](Peer& peer) {
    peer.read_request();
    peer.send(head);
    peer.trickle(tail, std::chrono::milliseconds{60});
  };
}

std::string deflated(const std::string& chunk, int times) {
  z_stream stream{};
  constexpr int kGzip = 15 + 16;
  TOCSIN_ASSERT(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) ==
                Z_OK);
  std::string out;
  std::string room(1U << 16U, '\0');
  for (int i = 0; i <= times; ++i) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(chunk.data()));
    stream.avail_in = i < times ? static_cast<uInt>(chunk.size()) : 0;
    do {
      stream.next_out = reinterpret_cast<Bytef*>(room.data());
      stream.avail_out = static_cast<uInt>(room.size());
      deflate(&stream, i < times ? Z_NO_FLUSH : Z_FINISH);
      out.append(room.data(), room.size() - stream.avail_out);
    } while (stream.avail_out == 0);
  }
  deflateEnd(&stream);
  return out;
}

std::string encoded(const std::string& coding, const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Encoding: " + coding +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string repeat(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) {
    out += text;
  }
  return out;
}

const std::string kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const std::string kOk = "HTTP/1.1 200 OK\r\n";

std::vector<Hostile> framing() {
  const auto bad = std::optional(Kind::protocol);
  return {
      {"chunk_size_not_hexadecimal", answer(kChunked + "zz\r\nhello\r\n0\r\n\r\n"), bad, "chunked"},
      {"chunk_size_negative", answer(kChunked + "-5\r\nhello\r\n0\r\n\r\n"), bad, "chunked"},
      {"chunk_size_overflows", answer(kChunked + "fffffffffffffffff\r\nhello"), bad, "chunked"},
      {"chunk_shorter_than_said", answer(kChunked + "9\r\nhello\r\n0\r\n\r\n"), bad, ""},
      {"chunk_longer_than_said", answer(kChunked + "2\r\nhello\r\n0\r\n\r\n"), bad, "chunked"},
      {"chunk_without_last", answer(kChunked + "5\r\nhello\r\n"), bad, "closed within the body"},
      {"chunk_huge", forever(kChunked + "7fffffffffffffff\r\n", std::string(65'536, 'x')),
       Kind::body_too_large, "256KiB"},
      {"chunk_extension_endless", forever(kChunked + "5;", std::string(65'536, 'e')), Kind::timeout,
       "body was not complete"},
      {"chunk_trailers_endless", forever(kChunked + "0\r\n", repeat("X-T: y\r\n", 1'000)),
       Kind::headers_too_large, "256KiB"},
      {"length_short_body", answer(kOk + "Content-Length: 10\r\n\r\nhello"), bad, "5 bytes came"},
      {"length_long_body", answer(kOk + "Content-Length: 2\r\n\r\nhello"), std::nullopt, "he"},
      {"length_negative", answer(kOk + "Content-Length: -5\r\n\r\nhello"), bad, "Content-Length"},
      {"length_not_a_number", answer(kOk + "Content-Length: abc\r\n\r\nhello"), bad,
       "Content-Length"},
      {"length_beyond_64_bits",
       answer(kOk + "Content-Length: 99999999999999999999999\r\n\r\nhello"), std::nullopt, "hello"},
      {"length_huge",
       forever(kOk + "Content-Length: 9000000000000000000\r\n\r\n", std::string(65'536, 'x')),
       Kind::body_too_large, "256KiB"},
      {"length_twice_differently",
       answer(kOk + "Content-Length: 3\r\nContent-Length: 5\r\n\r\nhello"), bad,
       "two different Content-Length"},
      {"body_endless_without_length", forever(kOk + "\r\n", std::string(65'536, 'x')),
       Kind::body_too_large, "256KiB"},
      {"body_for_no_content", answer("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"),
       std::nullopt, "", 204},
      {"status_100_forever", forever("", repeat("HTTP/1.1 100 Continue\r\n\r\n", 100)),
       Kind::headers_too_large, "256KiB"},
      {"status_100_then_silence", then_hold("HTTP/1.1 100 Continue\r\n\r\n"), Kind::timeout, ""},
  };
}

std::vector<Hostile> heads() {
  const auto bad = std::optional(Kind::protocol);
  const std::string deep = repeat("[", 100'000);
  return {
      {"header_of_one_megabyte", answer(kOk + "X-Big: " + std::string(1U << 20U, 'h') + "\r\n\r\n"),
       Kind::headers_too_large, ""},
      {"header_endless", forever(kOk + "X-Big: ", std::string(65'536, 'h')),
       Kind::headers_too_large, ""},
      {"headers_by_the_thousands", answer(kOk + repeat("a: b\r\n", 50'000) + "\r\n"),
       Kind::headers_too_large, "256KiB"},
      {"headers_endless", forever(kOk, repeat("X-A: b\r\n", 1'000)), Kind::headers_too_large,
       "256KiB"},
      {"header_not_utf8", answer(kOk + "X-A: \xff\xfe\r\nContent-Length: 0\r\n\r\n"), std::nullopt,
       ""},
      {"header_with_nul", answer(kOk + "X-A: b\0c\r\nContent-Length: 0\r\n\r\n"s), bad, ""},
      {"header_without_colon", answer(kOk + "nonsense\r\nContent-Length: 0\r\n\r\n"), bad, "colon"},
      {"header_folded", answer(kOk + "X-A: b\r\n c\r\nContent-Length: 2\r\n\r\nok"), std::nullopt,
       "ok"},
      {"body_not_utf8", answer(kOk + "Content-Length: 2\r\n\r\n\xff\xfe"), std::nullopt,
       "\xff\xfe"},
      {"body_of_deep_json", answer(kOk + "Content-Length: 100000\r\n\r\n" + deep), std::nullopt,
       deep},
      {"redirect_without_location", answer("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"),
       std::nullopt, "", 302},
      {"http_0_9", answer("hello there"), bad, "HTTP/0.9"},
      {"status_line_garbage", answer("HTTP/x.y banana\r\n\r\n"), bad, ""},
      {"status_line_binary", answer("\x01\x02\x00\xff\r\n\r\n"s), bad, ""},
      {"status_000", answer("HTTP/1.1 000 Nothing\r\nContent-Length: 0\r\n\r\n"), bad, ""},
      {"status_999", answer("HTTP/1.1 999 Denied\r\nContent-Length: 0\r\n\r\n"), std::nullopt, "",
       999},
      {"status_of_five_digits", answer("HTTP/1.1 20000 OK\r\nContent-Length: 0\r\n\r\n"), bad, ""},
      {"version_7", answer("HTTP/7.3 200 OK\r\nContent-Length: 0\r\n\r\n"), bad, ""},
      {"switching_protocols_unasked",
       then_hold("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), Kind::timeout, ""},
  };
}

std::vector<Hostile> hang_ups() {
  const auto bad = std::optional(Kind::protocol);
  Hostile reset_on_accept{"reset_on_accept", [](Peer& peer) { peer.reset(); }, bad,
                          "connection reset"};
  reset_on_accept.or_connect = true;
  return {
      reset_on_accept,
      {"close_on_accept", [](Peer&) {}, bad, ""},
      {"reset_after_request", then_reset(""), bad, "connection reset before an answer"},
      {"close_after_request", answer(""), bad, "without an answer"},
      {"reset_within_headers", then_reset(kOk + "X-A: b\r\n"), bad, "reset within the headers"},
      {"close_within_headers", answer(kOk + "X-A: b\r\n"), bad, "closed within the headers"},
      {"reset_within_body", then_reset(kOk + "Content-Length: 10\r\n\r\nhello"), bad,
       "reset within the body"},
      {"reset_within_chunk", then_reset(kChunked + "a\r\nhello"), bad, "reset within the body"},
      {"silence", then_hold(""), Kind::timeout, "connected, but no answer within 500ms"},
      {"silence_within_headers", then_hold(kOk + "X-A: b\r\n"), Kind::timeout,
       "headers were not complete within 500ms"},
      {"silence_within_body", then_hold(kOk + "Content-Length: 10\r\n\r\nhello"), Kind::timeout,
       "body was not complete within 500ms (5 bytes came)"},
      {"trickle_of_headers", trickling(kOk, "X-Slow: " + std::string(100, 's')), Kind::timeout,
       "headers were not complete"},
      {"trickle_of_body", trickling(kOk + "Content-Length: 100\r\n\r\n", std::string(100, 'x')),
       Kind::timeout, "body was not complete"},
  };
}

std::vector<Hostile> codings() {
  const auto bad = std::optional(Kind::protocol);
  const std::string zeros(1U << 20U, '\0');
  const std::string bomb = deflated(zeros, 64);
  const std::string hello = deflated("hello", 1);
  return {
      {"gzip_good", answer(encoded("gzip", hello)), std::nullopt, "hello"},
      {"gzip_bomb", answer(encoded("gzip", bomb)), Kind::body_too_large, "256KiB"},
      {"gzip_bomb_in_gzip", answer(encoded("gzip, gzip", deflated(bomb, 1))), bad, "more than one"},
      {"gzip_bomb_in_two_headers",
       answer(kOk + "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\n" + bomb), bad,
       "more than one"},
      {"gzip_corrupt", answer(encoded("gzip", "this is not gzip at all")), bad, "decompressed"},
      {"gzip_cut_short", answer(encoded("gzip", hello.substr(0, 8))), bad, "compressed form"},
      {"deflate_cut_short", answer(encoded("deflate", "\x78")), bad, "compressed form"},
      {"deflate_bare", answer(encoded("deflate", std::string("\xcb\x48\xcd\xc9\xc9\x07\x00", 7))),
       std::nullopt, "hello"},
      {"gzip_and_more", answer(encoded("gzip", hello + "garbage")), bad, "decompressed"},
      {"gzip_twice", answer(encoded("gzip", hello + hello)), std::nullopt, "hellohello"},
      {"gzip_of_nothing", answer(encoded("gzip", deflated("", 1))), std::nullopt, ""},
      {"gzip_without_a_body", answer(encoded("gzip", "")), std::nullopt, ""},
      {"gzip_without_its_end", answer(encoded("gzip", hello.substr(0, hello.size() - 1))), bad,
       "ends within its compressed form (5 bytes were in it)"},
      {"gzip_without_the_second_end", answer(encoded("gzip", hello + hello.substr(0, 12))), bad,
       "ends within its compressed form"},
      {"gzip_cut_in_chunks",
       answer(kChunked.substr(0, kChunked.size() - 2) + "Content-Encoding: gzip\r\n\r\n8\r\n" +
              hello.substr(0, 8) + "\r\n0\r\n\r\n"),
       bad, "ends within its compressed form"},
      {"gzip_cut_by_the_close",
       answer(kOk + "Content-Encoding: gzip\r\n\r\n" + hello.substr(0, hello.size() - 4)), bad,
       "ends within its compressed form"},
      {"gzip_twisted", answer(encoded("gzip", hello.substr(0, 10) + "\xff\xff\xff\xff\xff")), bad,
       "decompressed"},
      {"brotli_corrupt", answer(encoded("br", "\xff\xff\xff\xff garbage")), bad, "unsupported"},
      {"zstd_unasked", answer(encoded("zstd", "\x28\xb5\x2f\xfd garbage")), bad, "unsupported"},
      {"coding_unknown", answer(encoded("snappy", "hello")), bad, ""},
      {"transfer_coding_unknown",
       answer(kOk + "Transfer-Encoding: snappy, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), bad,
       "unsupported"},
  };
}

Hostile secured(Hostile row) {
  row.tls_server = true;
  row.https = true;
  return row;
}

std::vector<Hostile> secured_rows() {
  const auto bad = std::optional(Kind::protocol);
  Hostile plain_on_https{"tls_port_speaks_plain_http", answer(kOk + "Content-Length: 0\r\n\r\n"),
                         Kind::tls, "does not speak TLS"};
  plain_on_https.https = true;
  plain_on_https.script = [](Peer& peer) {
    peer.send(kOk + "Content-Length: 0\r\n\r\n");
    peer.hold();
  };
  Hostile http_on_tls{"plain_port_speaks_tls", answer(""), bad, ""};
  http_on_tls.tls_server = true;
  Hostile stall{"tls_handshake_stalls", [](Peer& peer) { peer.hold(); }, Kind::timeout,
                "no TLS handshake within 500ms"};
  stall.https = true;
  Hostile closes{"tls_handshake_closed",
                 [](Peer& peer) { peer.hold(std::chrono::milliseconds{50}); }, Kind::tls,
                 "during the TLS handshake"};
  closes.https = true;
  Hostile resets{"tls_handshake_reset", [](Peer& peer) { peer.reset(); }, Kind::tls,
                 "connection reset"};
  resets.or_connect = true;
  resets.https = true;
  Hostile garbage{"http2_garbage", answer(std::string(64, '\xee')), bad, ""};
  garbage.version = check::HttpVersion::http2;
  Hostile goaway{"http2_goaway",
                 [](Peer& peer) {
                   peer.read_request();
                   peer.send(
                       "\0\0\0\4\0\0\0\0\0"s
                       "\0\0\x08\7\0\0\0\0\0\0\0\0\0\0\0\0\2"s);
                   peer.hold();
                 },
                 bad, ""};
  goaway.version = check::HttpVersion::http2;
  Hostile http1{"http2_answered_with_http1", answer(kOk + "Content-Length: 0\r\n\r\n"), bad, ""};
  http1.version = check::HttpVersion::http2;
  Hostile not_chosen = secured({"http2_not_chosen", answer(kOk + "Content-Length: 0\r\n\r\n"), bad,
                                "did not choose HTTP/2"});
  not_chosen.version = check::HttpVersion::http2;
  return {
      plain_on_https,
      http_on_tls,
      stall,
      closes,
      resets,
      garbage,
      goaway,
      http1,
      not_chosen,
      secured({"tls_closed_within_body", answer(kOk + "Content-Length: 10\r\n\r\nhello"), bad, ""}),
      secured({"tls_reset_within_body", then_reset(kOk + "Content-Length: 10\r\n\r\nhello"), bad,
               "within the body"}),
      secured({"tls_silence", then_hold(""), Kind::timeout, "connected, but no answer"}),
  };
}

std::vector<Hostile> all_rows() {
  std::vector<Hostile> rows;
  for (auto group : {framing, heads, hang_ups, codings, secured_rows}) {
    for (Hostile& row : group()) {
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

long peak_memory_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

class HttpClientHostile : public testing::TestWithParam<Hostile> {
 protected:
  static void SetUpTestSuite() { certificate = make_certificate({.self_signed = true}, nullptr); }
  static Certificate certificate;
  adapters::HttpCurl client_;
};

Certificate HttpClientHostile::certificate;

TEST_P(HttpClientHostile, EndsAsStatedInTimeAndInBounds) {
  const Hostile& row = GetParam();
  LoopbackServer::Options options;
  options.certificate = row.tls_server ? &certificate : nullptr;
  LoopbackServer server(row.script, options);
  auto request = get((row.https ? "https://127.0.0.1:" : "http://127.0.0.1:") +
                     std::to_string(server.port()) + "/");
  request.tls.insecure = true;
  request.timeout = kTimeout;
  request.max_body_bytes = kBodyLimit;
  request.version = row.version;
  const long memory = peak_memory_kib();
  const auto begun = std::chrono::steady_clock::now();
  const auto result = fetch(client_, std::move(request));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, kTimeout + kSlack);
  EXPECT_LT(peak_memory_kib() - memory, kMemoryLimitKib);
  EXPECT_EQ(client_.stats().body_bytes, 0U);
  if (row.failure) {
    ASSERT_FALSE(result) << describe(result);
    if (!row.or_connect || result.error().kind != Kind::connect) {
      EXPECT_EQ(result.error().kind, *row.failure) << describe(result);
      EXPECT_TRUE(result.error().connected) << describe(result);
    }
    EXPECT_NE(result.error().message.find(row.message), std::string::npos) << describe(result);
    EXPECT_EQ(result.error().message.find("127.0.0.1"), std::string::npos) << describe(result);
  } else {
    ASSERT_TRUE(result) << describe(result);
    EXPECT_EQ(result->status, row.status);
    EXPECT_EQ(result->body, row.message);
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, HttpClientHostile, testing::ValuesIn(all_rows()),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace tocsin::test
