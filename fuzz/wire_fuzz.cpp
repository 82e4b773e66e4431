// The timer listener's reader: any bytes, in any pieces, are the same requests, and a command never
// names an id that is none.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.hpp"
#include "base/utf8.hpp"
#include "timer/timer.hpp"
#include "timer/wire.hpp"
#include "web/wire/request_reader.hpp"

namespace {

using tocsin::web::RequestReader;
using Status = RequestReader::Status;

void check_id(std::string_view id) {
  TOCSIN_ASSERT(!id.empty() && id.size() <= tocsin::timer::kLongestId && tocsin::is_utf8(id));
}

std::string command_of(const tocsin::web::WireRequest& request) {
  std::string decoded;
  const auto command = tocsin::timer::read_command(request.method, request.target, false, decoded);
  if (const auto* arm = std::get_if<tocsin::timer::Arm>(&command)) {
    check_id(arm->id);
    TOCSIN_ASSERT(arm->seconds >= 1 && arm->seconds <= tocsin::timer::kLongestSeconds);
  } else if (const auto* check = std::get_if<tocsin::timer::Check>(&command)) {
    check_id(check->id);
  } else if (const auto* disarm = std::get_if<tocsin::timer::Disarm>(&command)) {
    check_id(disarm->id);
  }
  return std::to_string(command.index()) + ' ';
}

// What is read when at most `piece` more bytes come at a time.
std::string read_all(std::string_view input, std::size_t piece) {
  RequestReader reader;
  std::string out, waiting;
  bool in_body = false;
  std::size_t at = 0;
  while (true) {
    Status status = Status::incomplete;
    std::size_t used = 0;
    if (in_body) {
      status = reader.skip_body(waiting, used);
      in_body = status == Status::incomplete;
    } else {
      status = reader.read_head(waiting, {512, 256});
      if (status == Status::complete) {
        out += command_of(reader.head().request);
        used = reader.head().size;
        in_body = reader.has_body();
      }
    }
    if (status == Status::problem) {
      return out + std::to_string(reader.problem().status);
    }
    waiting.erase(0, used);
    if (status == Status::incomplete) {
      if (at == input.size()) {
        return out;
      }
      const std::string_view more = input.substr(at, piece);
      waiting += more;
      at += more.size();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  TOCSIN_ASSERT(read_all(input, 1) == read_all(input, 7));
  static_cast<void>(read_all(input, size + 1));
  return 0;
}
