#pragma once
// The file of a store before SQLite opens it.

#include <string>

#include "base/result.hpp"

namespace tocsin::store_sqlite {

// Two names of one file must meet at one lock file.
[[nodiscard]] std::string real_path(const std::string& path);

// Makes the file unless it is there. SQLite would make it with mode 0644; its log and index take
// the mode of the file. unavailable: the folder is missing or takes no files.
[[nodiscard]] Result<void> make_file(const std::string& path);

}  // namespace tocsin::store_sqlite
