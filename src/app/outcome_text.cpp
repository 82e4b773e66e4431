#include "app/outcome_text.hpp"

#include <fmt/format.h>

#include <optional>

#include "base/utf8.hpp"

namespace tocsin::app {
namespace {

std::string milliseconds(Microseconds value) {
  return fmt::format("{:.1f}ms", static_cast<double>(value.count()) / 1000.0);
}

std::string phases(const check::Timings& timings) {
  std::string out;
  const auto phase = [&out](std::string_view name, const std::optional<Microseconds>& end) {
    if (end) {
      out += fmt::format("{}{} {}", out.empty() ? "" : ", ", name, milliseconds(*end));
    }
  };
  phase("dns", timings.dns);
  phase("connect", timings.connect);
  phase("tls", timings.tls);
  phase("first byte", timings.first_byte);
  phase("total", timings.total);
  return out;
}

}  // namespace

std::string render_outcome(std::string_view target, const check::Outcome& outcome,
                           const TableStyle& style) {
  const std::string_view status = check::to_string(outcome.status);
  std::string out = fmt::format("{}  {}", colored(status, status, style.color), printable(target));
  if (outcome.reason != check::Reason::none) {
    out += fmt::format("  ({})", check::to_string(outcome.reason));
  }
  out += '\n';
  if (!outcome.message.empty()) {
    out += fmt::format("  {}\n", printable(outcome.message));
  }
  if (const std::string ends = phases(outcome.timings); !ends.empty()) {
    out += fmt::format("  until: {}\n", ends);
  }
  for (const check::ConditionResult& condition : outcome.conditions) {
    out += condition.passed ? fmt::format("  pass  {}\n", printable(condition.text))
                            : fmt::format("  FAIL  {}\n", printable(condition.seen));
  }
  for (const check::CapturedValue& value : outcome.values) {
    out += fmt::format("  {} = {}\n", printable(value.name), printable(value.json));
  }
  return out;
}

std::string outcome_document(const check::Outcome& outcome) {
  return check::to_json(outcome) + "\n";
}

}  // namespace tocsin::app
