#include "service/redaction.hpp"

#include <string>

#include "check/json.hpp"

namespace tocsin::service {
namespace {

// A number that is a secret leaves no valid JSON behind: then nothing of the value is shown.
std::string redacted_json(const std::string& json, const Redactor& redactor) {
  std::string out = redactor.redact(json);
  if (out != json && !check::parse_json(out)) {
    out = R"("***")";
  }
  return out;
}

}  // namespace

void redact(check::Outcome& outcome, const Redactor& redactor) {
  if (redactor.empty()) {
    return;
  }
  outcome.message = redactor.redact(outcome.message);
  outcome.detail = redactor.redact(outcome.detail);
  outcome.evidence = redacted_json(outcome.evidence, redactor);
  for (check::ConditionResult& condition : outcome.conditions) {
    condition.text = redactor.redact(condition.text);
    condition.seen = redactor.redact(condition.seen);
  }
  for (check::CapturedValue& value : outcome.values) {
    value.json = redacted_json(value.json, redactor);
  }
}

}  // namespace tocsin::service
