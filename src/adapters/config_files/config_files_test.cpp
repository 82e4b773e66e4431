#include "adapters/config_files/config_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/schema.hpp"

namespace tocsin::adapters {
namespace {

namespace fs = std::filesystem;

class ConfigFiles : public testing::Test {
 protected:
  ConfigFiles() {
    std::string pattern = (fs::temp_directory_path() / "tocsin-config-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~ConfigFiles() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }

  fs::path folder_;
};

TEST_F(ConfigFiles, ReadsAFolderInNameOrder) {
  write("b.yml", "b");
  write("tocsin.yml", "main");
  write("a.yml", "a");
  write("old.yaml", "x");
  write("notes.txt", "x");
  write(".hidden.yml", "x");
  fs::create_directory(folder_ / "deeper.yml");
  const auto input = read_config(folder_.string(), Instant{});
  ASSERT_TRUE(input);
  ASSERT_EQ(input->sources.size(), 3U);
  EXPECT_EQ(input->sources[0].text, "a");
  EXPECT_EQ(input->sources[1].text, "b");
  EXPECT_FALSE(input->sources[1].is_main);
  EXPECT_EQ(input->sources[2].text, "main");
  EXPECT_TRUE(input->sources[2].is_main);
  EXPECT_THAT(input->ignored_files, testing::ElementsAre((folder_ / "old.yaml").string()));
}

TEST_F(ConfigFiles, TakesASingleFileAsTheMainOne) {
  write("any.name", "watch: true\n");
  const auto input = read_config((folder_ / "any.name").string(), Instant{});
  ASSERT_TRUE(input);
  ASSERT_EQ(input->sources.size(), 1U);
  EXPECT_TRUE(input->sources[0].is_main);
}

TEST_F(ConfigFiles, NamesWhatIsMissing) {
  const auto input = read_config((folder_ / "nothing").string(), Instant{});
  ASSERT_FALSE(input);
  EXPECT_EQ(input.error().code, ErrorCode::not_found);
  EXPECT_THAT(input.error().message, testing::HasSubstr("nothing: No such file"));
}

TEST_F(ConfigFiles, AnUnreadableDropInBreaksOnlyItself) {
  write("tocsin.yml", "watch: true\n");
  fs::create_symlink(folder_ / "nowhere", folder_ / "gone.yml");
  const auto input = read_config(folder_.string(), Instant{});
  ASSERT_TRUE(input);
  const auto result = config::load(*input);
  EXPECT_TRUE(result.config);
  EXPECT_EQ(result.broken_drop_ins.size(), 1U);
}

TEST_F(ConfigFiles, RefusesFilesBeyondTheirBound) {
  write("value", std::string(100, 'x'));
  EXPECT_TRUE(read_file((folder_ / "value").string(), 100));
  const auto text = read_file((folder_ / "value").string(), 99);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::exhausted);
}

TEST_F(ConfigFiles, FillsInFilesAndTheEnvironment) {
  write("secret", "hunter2\n");
  write("tocsin.yml",
        "auth: {tokens: [{name: a, role: read, token: \"${file:" + (folder_ / "secret").string() +
            "}\"}]}\nlog: {level: \"${TOCSIN_T}\"}\n");
  ::setenv("TOCSIN_T", "debug", 1);  // NOLINT(concurrency-mt-unsafe)
  const auto input = read_config(folder_.string(), Instant{});
  ASSERT_TRUE(input);
  const auto result = config::load(*input);
  ASSERT_TRUE(result.config);
  EXPECT_EQ(result.config->settings.tokens.at(0).token, "hunter2");
  EXPECT_EQ(result.config->settings.log.level, LogLevel::debug);
}

// Tests run from the top of the repository.
TEST(Examples, AreValidAsTheyStand) {
  for (const std::string folder : {"examples/quickstart", "examples/full", "examples/alerts",
                                   "examples/founding", "examples/ecs"}) {
    auto input = read_config(folder, from_unix_ms(1'795'250'000'000));
    ASSERT_TRUE(input) << input.error().message;
    input->env = [](std::string_view) { return std::optional<std::string>(); };
    const auto result = config::load(*input);
    EXPECT_TRUE(result.config);
    for (const auto& diagnostic : result.diagnostics) ADD_FAILURE() << to_string(diagnostic);
  }
}

TEST(Reference, NamesEveryKeyThatTheTablesKnow) {
  const auto text = read_file("docs/configuration.md", 1U << 20U);
  ASSERT_TRUE(text);
  for (const std::string& key : config::documented_keys()) {
    const std::string name = key.substr(key.find('.') + 1);
    const auto has = [&](const std::string& form) { return text->find(form) != std::string::npos; };
    EXPECT_TRUE(has('`' + name + '`') || has('.' + name + '`') || has('.' + name + '.') ||
                has('{' + name + ':') || has('{' + name + ',') || has(", " + name) ||
                has(' ' + name + ':'))
        << key;
  }
}

TEST_F(ConfigFiles, FingerprintFollowsEveryChange) {
  write("tocsin.yml", "watch: true\n");
  const std::uint64_t first = config_fingerprint(folder_.string());
  EXPECT_EQ(config_fingerprint(folder_.string()), first);
  write("a.yml", "");
  const std::uint64_t added = config_fingerprint(folder_.string());
  EXPECT_NE(added, first);
  // Replaced by a file of the same size, as editors and configuration managers do.
  write("new", "watch: fals\n");
  fs::rename(folder_ / "new", folder_ / "tocsin.yml");
  const std::uint64_t replaced = config_fingerprint(folder_.string());
  EXPECT_NE(replaced, added);
  fs::remove(folder_ / "a.yml");
  EXPECT_NE(config_fingerprint(folder_.string()), replaced);
  fs::remove_all(folder_);
  EXPECT_NE(config_fingerprint(folder_.string()), replaced);
}

}  // namespace
}  // namespace tocsin::adapters
