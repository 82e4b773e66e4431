#include "adapters/log_spdlog/log_spdlog.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <thread>
#include <vector>

namespace tocsin::adapters {
namespace {

// A pipe whose reading end stands for whoever looks at standard error.
class Reader {
 public:
  Reader() { EXPECT_EQ(0, ::pipe2(ends_.data(), O_CLOEXEC)); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() {
    close_writer();
    ::close(ends_[0]);
  }

  [[nodiscard]] int writer() const { return ends_[1]; }
  void close_writer() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }
  // Everything until the writing end is closed.
  std::string read_all() {
    close_writer();
    return read_rest();
  }
  std::string read_rest() const {
    std::string all;
    std::array<char, 4096> buffer{};
    for (ssize_t got = 0; (got = ::read(ends_[0], buffer.data(), buffer.size())) > 0;) {
      all.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return all;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

TEST(LogSpdlog, WritesEveryLineBeforeItIsGone) {
  Reader reader;
  {
    LogSpdlog log({.fd = reader.writer()});
    for (int i = 0; i < 100; ++i) log.info("line", {{"i", i}});
  }
  const std::string all = reader.read_all();
  EXPECT_EQ(100, std::ranges::count(all, '\n'));
  EXPECT_NE(std::string::npos, all.find(" info  line i=99\n"));
}

TEST(LogSpdlog, SaysNothingBelowItsLevel) {
  Reader reader;
  {
    LogSpdlog log({.level = LogLevel::warn, .fd = reader.writer()});
    log.info("hidden");
    log.warn("shown");
    log.set_level(LogLevel::debug);
    log.debug("details");
  }
  const std::string all = reader.read_all();
  EXPECT_EQ(std::string::npos, all.find("hidden"));
  EXPECT_NE(std::string::npos, all.find("warn  shown"));
  EXPECT_NE(std::string::npos, all.find("debug details"));
}

TEST(LogSpdlog, FormatAndSecretsFollowAReload) {
  Reader reader;
  {
    LogSpdlog log({.fd = reader.writer()});
    log.info("old s3cret");
    log.set_json(true);
    log.set_secrets({"s3cret"});
    log.info("new s3cret", {{"token", "s3cret"}});
  }
  const std::string all = reader.read_all();
  EXPECT_NE(std::string::npos, all.find(" info  old s3cret\n"));
  EXPECT_NE(std::string::npos, all.find(R"("message":"new ***","token":"***"})"));
}

TEST(LogSpdlog, APausedReaderNeverStopsTheCaller) {
  Reader reader;
  const std::string long_text(1000, 'x');
  std::string all;
  std::thread drain;
  {
    LogSpdlog log({.fd = reader.writer(), .queue_lines = 64});
    // More than the pipe and the queue hold: without dropping, this would never return.
    for (int i = 0; i < 2000; ++i) log.info(long_text);
    EXPECT_GT(log.dropped(), 0U);
    drain = std::thread([&] { all = reader.read_rest(); });
  }
  reader.close_writer();
  drain.join();
  EXPECT_GT(std::ranges::count(all, '\n'), 64);
}

TEST(LogSpdlog, AReaderThatNeverComesBackDoesNotHoldUpTheEnd) {
  const Reader reader;
  {
    LogSpdlog log({.fd = reader.writer()});
    const std::string line(1000, 'x');
    for (int i = 0; i < 500; ++i) log.info(line);  // far more than a pipe takes
  }  // without a bound this never returns
  SUCCEED();
}

TEST(LogSpdlog, LinesOfManyThreadsDoNotMix) {
  Reader reader;
  std::string all;
  std::thread drain([&] { all = reader.read_rest(); });
  {
    LogSpdlog log({.fd = reader.writer()});
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&log, t] {
        for (int i = 0; i < 500; ++i) log.info("from thread", {{"t", t}, {"i", i}});
      });
    }
    log.set_secrets({"while they write"});
    log.set_level(LogLevel::debug);
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(0U, log.dropped());
  }
  reader.close_writer();
  drain.join();
  EXPECT_EQ(2000, std::ranges::count(all, '\n'));
}

}  // namespace
}  // namespace tocsin::adapters
