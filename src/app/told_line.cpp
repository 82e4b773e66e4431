#include "app/told_line.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "base/json_writer.hpp"
#include "base/time.hpp"
#include "base/utf8.hpp"

namespace tocsin::app {
namespace {

// The parser has read it as a number of seconds.
std::string spoken(const std::string& t) {
  const Milliseconds ms{std::llround(std::strtod(t.c_str(), nullptr) * 1000)};
  return ms < Milliseconds{0} ? "-" + format_duration(-ms) : format_duration(ms);
}

}  // namespace

std::string told_json(const std::string& scenario, const Told& told) {
  std::string out;
  JsonWriter w(out);
  w.object().field("scenario", scenario);
  w.key("t").raw(told.t);
  w.field("type", to_string(told.notice.type));
  for (const auto& [name, json] : fields_of(told.notice)) {
    w.key(name).raw(json);
  }
  w.end_object();
  return out + "\n";
}

std::string told_text(const Told& told) {
  return fmt::format("{:>10}  {:<15}  {}\n", spoken(told.t), to_string(told.notice.type),
                     printable(told.sentence));
}

}  // namespace tocsin::app
