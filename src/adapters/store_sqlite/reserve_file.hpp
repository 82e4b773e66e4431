#pragma once
// Disk space held back for the moment the disk is full.

#include <cstdint>
#include <string>

namespace tocsin::store_sqlite {

// A file of allocated zeros beside the store. Given up when a commit finds no space, so that the
// next commits and retention can go on; made again when there is room for it twice over. Not being
// able to make it is never an error: the store works without.
class ReserveFile {
 public:
  // 0 bytes: no reserve; a file left by an earlier setting is removed.
  ReserveFile(std::string path, std::uint64_t bytes);

  // Makes the file unless it is there. False when it is missing afterwards though it is wanted.
  bool ensure();
  // True when there was something to give up.
  bool give_up();
  [[nodiscard]] bool held() const { return held_; }

 private:
  std::string path_;
  std::string folder_;
  std::uint64_t bytes_;
  bool held_ = false;
};

}  // namespace tocsin::store_sqlite
