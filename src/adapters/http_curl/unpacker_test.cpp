#include "adapters/http_curl/unpacker.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace tocsin::adapters {
namespace {

constexpr int kGzip = 15 + 16;
constexpr int kZlib = 15;
constexpr int kBare = -15;

std::string packed(const std::string& text, int bits) {
  z_stream stream{};
  TOCSIN_ASSERT(deflateInit2(&stream, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  TOCSIN_ASSERT(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// The text as far as it was unpacked, whether all is well, whether it is complete.
struct Unpacked {
  std::string text;
  bool good = true;
  bool complete = true;
};

Unpacked unpack(Coding coding, std::string_view from, std::size_t step) {
  Unpacker unpacker;
  Unpacked out;
  for (; !from.empty() && out.good; from.remove_prefix(std::min(step, from.size()))) {
    out.good = unpacker.feed(coding, from.substr(0, step), [&](std::string_view piece) {
      out.text += piece;
      return true;
    });
  }
  out.complete = unpacker.complete();
  return out;
}

const std::vector<std::pair<Coding, int>> kForms{
    {Coding::gzip, kGzip}, {Coding::deflate, kZlib}, {Coding::deflate, kBare}};

TEST(Unpacker, UnpacksEveryFormInPiecesOfAnySize) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i * i);
  for (const auto& [coding, bits] : kForms) {
    const std::string whole = packed(text, bits);
    for (const std::size_t step :
         {std::size_t{1}, std::size_t{7}, std::size_t{4096}, whole.size()}) {
      const Unpacked out = unpack(coding, whole, step);
      EXPECT_TRUE(out.good && out.complete) << bits << ' ' << step;
      EXPECT_EQ(out.text, text) << bits << ' ' << step;
    }
  }
}

TEST(Unpacker, KnowsEveryPlaceInWhichABodyIsCut) {
  for (const auto& [coding, bits] : kForms) {
    const std::string whole = packed("hello hello hello", bits);
    for (std::size_t size = 1; size < whole.size(); ++size) {
      const Unpacked out = unpack(coding, whole.substr(0, size), size);
      EXPECT_TRUE(out.good) << bits << ' ' << size;
      EXPECT_FALSE(out.complete) << bits << ' ' << size;
    }
  }
}

TEST(Unpacker, ReadsMembersOfGzipOneBehindTheOther) {
  const std::string two = packed("one", kGzip) + packed("two", kGzip);
  for (const std::size_t step : {std::size_t{1}, two.size()}) {
    const Unpacked out = unpack(Coding::gzip, two, step);
    EXPECT_TRUE(out.good && out.complete);
    EXPECT_EQ(out.text, "onetwo");
  }
}

TEST(Unpacker, RefusesWhatIsBehindTheEnd) {
  EXPECT_FALSE(unpack(Coding::gzip, packed("a", kGzip) + "garbage", 100).good);
  EXPECT_FALSE(unpack(Coding::deflate, packed("a", kZlib) + "garbage", 100).good);
  EXPECT_FALSE(unpack(Coding::gzip, "not gzip", 1).good);
}

TEST(Unpacker, TakesNothingForACompleteBody) {
  Unpacker unpacker;
  EXPECT_TRUE(unpacker.complete());
  EXPECT_TRUE(unpacker.feed(Coding::gzip, "", [](std::string_view) { return true; }));
  EXPECT_TRUE(unpacker.complete());
}

TEST(Unpacker, StopsWhenNoMoreIsWantedAndBeginsAnew) {
  Unpacker unpacker;
  const std::string whole = packed(std::string(1'000'000, 'x'), kGzip);
  std::size_t pieces = 0;
  EXPECT_FALSE(unpacker.feed(Coding::gzip, whole, [&](std::string_view) { return ++pieces < 3; }));
  EXPECT_EQ(pieces, 3U);
  unpacker.clear();
  EXPECT_TRUE(unpacker.complete());
  std::string text;
  EXPECT_TRUE(unpacker.feed(Coding::deflate, packed("again", kZlib), [&](std::string_view piece) {
    text += piece;
    return true;
  }));
  EXPECT_EQ(text, "again");
}

TEST(Unpacker, KnowsTheNamesOfCodings) {
  EXPECT_EQ(coding_of("GZIP"), Coding::gzip);
  EXPECT_EQ(coding_of("x-gzip"), Coding::gzip);
  EXPECT_EQ(coding_of("deflate"), Coding::deflate);
  EXPECT_EQ(coding_of("identity"), Coding::identity);
  EXPECT_EQ(coding_of(""), Coding::identity);
  EXPECT_EQ(coding_of("br"), Coding::unsupported);
}

}  // namespace
}  // namespace tocsin::adapters
