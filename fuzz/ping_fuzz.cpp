// What a job may send: the path of a ping in the first line, what it says behind it; and what the
// store may hold of a heartbeat. Nothing that is accepted may break what follows from it.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/utf8.hpp"
#include "base/uuid.hpp"
#include "timer/heartbeat.hpp"
#include "web/ping.hpp"

namespace {

using tocsin::timer::Heartbeat;

void check_call(const tocsin::web::PingCall& call) {
  TOCSIN_ASSERT(call.uuid.empty() != call.name.empty());
  TOCSIN_ASSERT(call.uuid.empty() || tocsin::parse_uuid(call.uuid) == call.uuid);
  TOCSIN_ASSERT(call.rid.empty() || tocsin::parse_uuid(call.rid) == call.rid);
  TOCSIN_ASSERT(!call.exit_status || (*call.exit_status >= 0 && *call.exit_status <= 255));
}

void check_heartbeat(std::string_view text) {
  Heartbeat beat = tocsin::timer::parse_heartbeat(text);
  TOCSIN_ASSERT(beat.runs.size() <= tocsin::timer::kMostRuns);
  const Heartbeat again = tocsin::timer::parse_heartbeat(tocsin::timer::to_json(beat));
  TOCSIN_ASSERT(again == beat);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  const std::string_view said = line == std::string_view::npos ? "" : text.substr(line + 1);
  if (const auto target = tocsin::web::parse_target(text.substr(0, line))) {
    if (const auto call = tocsin::web::read_ping(*target)) {
      check_call(*call);
    }
  }
  for (const std::uint64_t limit : {0U, 5U, 10'000U}) {
    const std::string kept = tocsin::web::ping_text(said, limit);
    TOCSIN_ASSERT(kept.size() <= limit);
    TOCSIN_ASSERT(tocsin::is_utf8(kept));
  }
  check_heartbeat(said);
  return 0;
}
