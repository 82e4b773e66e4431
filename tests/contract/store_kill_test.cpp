// kill -9 in a loop. The child commits numbered batches and prints what was acknowledged; the
// parent kills it at some moment, opens the store and counts. TOCSIN_KILL_ROUNDS sets the rounds
// (10), TOCSIN_KILL_SEED replays one.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "adapters/store_sqlite/store_sqlite.hpp"
#include "base/random.hpp"
#include "contract/store_harness.hpp"

namespace tocsin::test {
namespace {

using store_sqlite::StoreSqlite;
using store_sqlite::StoreSqliteOptions;

constexpr std::uint64_t kMonitors = 16;
constexpr std::uint64_t kRoundsPerStore = 40;
constexpr std::string_view kChildFlag = "--store-child";

std::unique_ptr<StoreSqlite> open_store(PumpLoop& loop, Logger& log, const std::string& path) {
  StoreSqliteOptions options;
  options.path = path;
  options.reserve_bytes = 4096;
  auto store = StoreSqlite::open(loop, loop, std::move(options), log);
  if (!store) {
    ADD_FAILURE() << store.error().message;
    return nullptr;
  }
  return std::move(*store);
}

// Commits from batch `next` on, up to 64 at a time, until it is killed.
int run_child(const std::string& path, std::uint64_t next) {
  PumpLoop loop;
  NullLogger log;
  const auto store = open_store(loop, log, path);
  if (!store) {
    return 1;
  }
  std::uint64_t acknowledged = next - 1;
  bool failed = false;
  while (!failed) {
    while (next - acknowledged <= 64) {
      store->commit(numbered_batch(next, kMonitors), [&, number = next](Result<void> result) {
        failed = failed || !result;
        acknowledged = number;
        const std::string line = std::to_string(number) + "\n";
        failed = failed || ::write(STDOUT_FILENO, line.data(), line.size()) < 0;
      });
      ++next;
    }
    const std::uint64_t before = acknowledged;
    failed = !loop.run_until([&] { return acknowledged != before || failed; }) || failed;
  }
  return 1;
}

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Child {
  pid_t pid = -1;
  int output = -1;
};

Child start_child(const std::string& path, std::uint64_t next) {
  int ends[2];
  TOCSIN_ASSERT(::pipe2(ends, O_CLOEXEC) == 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::string flag(kChildFlag);
  std::string file = path;
  std::string number = std::to_string(next);
  char self[] = "/proc/self/exe";
  char* arguments[] = {self, flag.data(), file.data(), number.data(), nullptr};
  Child child;
  TOCSIN_ASSERT(::posix_spawn(&child.pid, self, &actions, nullptr, arguments, environ) == 0);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  child.output = ends[0];
  return child;
}

// Reads until `lines` acknowledgements came, then up to `extra_ms` more; kills; reads the rest. The
// last whole line is the last batch that was acknowledged.
std::uint64_t kill_after(const Child& child, std::uint64_t lines, int extra_ms) {
  std::string text;
  std::uint64_t seen = 0;
  char buffer[4096];
  const auto read_some = [&] {
    const ssize_t size = ::read(child.output, buffer, sizeof buffer);
    if (size > 0) {
      text.append(buffer, static_cast<std::size_t>(size));
      seen = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
    }
    return size > 0;
  };
  while (seen < lines && read_some()) {
  }
  pollfd wait{child.output, 0, 0};  // no events: a pause that ends early when the child dies
  ::poll(&wait, 1, extra_ms);
  ::kill(child.pid, SIGKILL);
  while (read_some()) {
  }
  ::close(child.output);
  ::waitpid(child.pid, nullptr, 0);
  const auto end = text.rfind('\n');
  if (end == std::string::npos) {
    return 0;
  }
  const auto begin = end == 0 ? std::string::npos : text.rfind('\n', end - 1);
  const std::size_t first = begin == std::string::npos ? 0 : begin + 1;
  std::uint64_t last = 0;
  std::from_chars(text.data() + first, text.data() + end, last);
  return last;
}

// Kills one store again and again. The whole record is compared after each, so a store gets no more
// than kRoundsPerStore.
void kill_in_a_loop(Random& random, std::uint64_t rounds) {
  const TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  PumpLoop loop;
  NullLogger log;
  std::uint64_t there = 0;
  for (std::uint64_t round = 1; round <= rounds; ++round) {
    const Child child = start_child(path, there + 1);
    const std::uint64_t acknowledged =
        kill_after(child, 1 + random.below(400), static_cast<int>(random.below(20)));
    ASSERT_GT(acknowledged, there) << "round " << round << ": the child did nothing";
    const auto store = open_store(loop, log, path);
    ASSERT_NE(store, nullptr);
    ASSERT_EQ(check_numbered(loop, *store, kMonitors, acknowledged, acknowledged + 65), "")
        << "round " << round;
    ports::EventQuery all;
    all.limit = 1'000'000;
    there = events_of(loop, *store, all).size();
  }
}

TEST(StoreKill, WhatWasAcknowledgedSurvivesKillNine) {
  const std::uint64_t seed = from_environment("TOCSIN_KILL_SEED", 20'261'121);
  const std::uint64_t rounds = from_environment("TOCSIN_KILL_ROUNDS", 10);
  SCOPED_TRACE("TOCSIN_KILL_SEED=" + std::to_string(seed));
  Random random(seed);
  for (std::uint64_t done = 0; done < rounds && !HasFatalFailure(); done += kRoundsPerStore) {
    SCOPED_TRACE("store of the rounds from " + std::to_string(done));
    kill_in_a_loop(random, std::min(kRoundsPerStore, rounds - done));
  }
}

}  // namespace
}  // namespace tocsin::test

int main(int argc, char** argv) {
  using namespace tocsin::test;
  if (argc == 4 && argv[1] == kChildFlag) {
    return run_child(argv[2], std::strtoull(argv[3], nullptr, 10));
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
