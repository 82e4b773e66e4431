#pragma once
// One outcome for a person at a terminal. Pure.

#include <string>
#include <string_view>

#include "app/table.hpp"
#include "check/outcome.hpp"

namespace tocsin::app {

// Verdict, message, phases, a line per condition and captured value.
[[nodiscard]] std::string render_outcome(std::string_view target, const check::Outcome& outcome,
                                         const TableStyle& style);

// status reason message duration_ms timings_ms{} conditions[] values{}: `last` of the API, alone.
[[nodiscard]] std::string outcome_document(const check::Outcome& outcome);

}  // namespace tocsin::app
