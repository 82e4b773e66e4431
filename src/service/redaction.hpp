#pragma once
// Targets repeat what they were sent: a secret in an answer must not reach history, API or events.

#include "base/redactor.hpp"
#include "check/outcome.hpp"

namespace tocsin::service {

// Hides every secret in the texts of an outcome: message, conditions, evidence and captured
// values, which stay valid JSON.
void redact(check::Outcome& outcome, const Redactor& redactor);

}  // namespace tocsin::service
