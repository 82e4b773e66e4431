#include "adapters/command_posix/program_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

namespace tocsin::adapters {
namespace {

using Kind = ports::CommandFailure::Kind;

class ProgramFile : public testing::Test {
 protected:
  ProgramFile() {
    std::string pattern = testing::TempDir() + "tocsin-program-XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  ~ProgramFile() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& text, mode_t mode) const {
    const std::string path = folder_ + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << text;
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }

  std::string folder_;
};

TEST_F(ProgramFile, AnythingWithASlashIsAPath) {
  EXPECT_EQ(find_program("./say.sh", "/bin"), "./say.sh");
}

TEST_F(ProgramFile, ANameIsLookedForInTheAbsoluteFoldersInOrder) {
  const std::string first = file("one/say", "#!/bin/sh\n", 0755);
  file("two/say", "#!/bin/sh\n", 0755);
  const std::string path = "relative::" + folder_ + "/none:" + folder_ + "/one:" + folder_ + "/two";
  EXPECT_EQ(find_program("say", path), first);
}

TEST_F(ProgramFile, FoldersAndFilesThatCannotRunArePassedOver) {
  std::filesystem::create_directories(folder_ + "/one/say");
  const std::string found = file("two/say", "#!/bin/sh\n", 0755);
  EXPECT_EQ(find_program("say", folder_ + "/one:" + folder_ + "/two"), found);
}

TEST_F(ProgramFile, SaysWhereItLooked) {
  const auto none = find_program("nothing-of-this-name", "/usr/bin:/bin");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, Kind::not_found);
  EXPECT_EQ(none.error().message,
            "cannot run nothing-of-this-name: no such program in PATH (/usr/bin:/bin)");
  file("one/say", "#!/bin/sh\n", 0644);
  const auto denied = find_program("say", folder_ + "/one");
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().kind, Kind::not_runnable);
  EXPECT_EQ(denied.error().message,
            "cannot run " + folder_ + "/one/say: no execute permission (chmod +x)");
}

TEST_F(ProgramFile, TellsAMissingInterpreterFromAMissingFile) {
  const std::string path = file("say.sh", "#! /no/such/shell -e\necho\n", 0755);
  EXPECT_EQ(explain_start(path, ENOENT).message,
            "cannot run " + path + ": its interpreter /no/such/shell is missing");
  const std::string windows = file("dos.sh", "#!/bin/sh\r\necho\r\n", 0755);
  EXPECT_EQ(explain_start(windows, ENOENT).message,
            "cannot run " + windows +
                ": its first line ends with CR LF: save it with Unix line "
                "ends");
  EXPECT_EQ(explain_start(folder_ + "/none", ENOENT).message,
            "cannot run " + folder_ + "/none: no such file");
  EXPECT_EQ(explain_start(folder_ + "/none", ENOENT).kind, Kind::not_found);
}

TEST_F(ProgramFile, EveryErrnoHasItsKind) {
  EXPECT_EQ(explain_start(folder_, EACCES).message, "cannot run " + folder_ + ": it is a folder");
  EXPECT_EQ(explain_start("/x", ENOEXEC).kind, Kind::not_runnable);
  EXPECT_EQ(explain_start("/x", ETXTBSY).kind, Kind::busy);
  EXPECT_EQ(explain_start("/x", E2BIG).kind, Kind::invalid);
  for (const int error : {EAGAIN, ENOMEM, EMFILE, ENFILE}) {
    EXPECT_EQ(explain_start("/x", error).kind, Kind::resources);
  }
  EXPECT_EQ(explain_start("/x", ELOOP).kind, Kind::internal);
}

}  // namespace
}  // namespace tocsin::adapters
