#pragma once
// Starts a program with three pipes as its only descriptors, as the leader of a session (hence of a
// process group) of its own, with no signal blocked, ignored or caught.

#include <sys/types.h>

#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "adapters/command_posix/environment.hpp"

namespace tocsin::adapters {

// Owns a descriptor; -1 is none.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  Descriptor(Descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Descriptor();
  [[nodiscard]] int get() const { return descriptor_; }
  [[nodiscard]] int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_ = -1;
};

struct Child {
  pid_t pid = -1;    // also its process group; ours to reap, so that nobody else gets the number
  Descriptor exit;   // a pidfd: readable when it ended
  Descriptor input;  // our ends
  Descriptor output;
  Descriptor errors;
};

// The errno of what failed. Blocks until the kernel has begun to run the program.
[[nodiscard]] std::expected<Child, int> spawn(const std::string& path,
                                              const std::vector<std::string>& argv,
                                              const Environment& environment);

}  // namespace tocsin::adapters
