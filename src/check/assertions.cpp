#include "check/assertions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "check/condition.hpp"

namespace tocsin::check {
namespace {

struct Capture {
  std::string name;
  Operand operand;
};

bool uses(const Condition& condition, Source source) {
  return condition.left.source == source || condition.right.source == source;
}

AssertionProblem as_problem(std::size_t index, ParseProblem problem) {
  return {index, false, problem.offset, std::move(problem.wording.message),
          std::move(problem.wording.rule)};
}

}  // namespace

struct Assertions::Program {
  std::vector<Condition> conditions;
  std::vector<Capture> captures;
  bool reads_body = false;
  bool names_status = false;
};

Placeholders placeholders_of(std::string_view kind) {
  const bool http = kind == "http";
  return {.status = http, .body = http};
}

Assertions::Assertions() : program_(std::make_unique<const Program>()) {}
Assertions::~Assertions() = default;

std::shared_ptr<const Assertions> Assertions::none() {
  static const auto kNone = std::make_shared<const Assertions>();
  return kNone;
}

Assertions::Compiled Assertions::compile(const std::vector<std::string>& conditions,
                                         const std::vector<CaptureText>& captures,
                                         Placeholders available) {
  Compiled result;
  auto program = std::make_unique<Program>();
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    auto condition = parse_condition(conditions[i], available);
    if (!condition) {
      result.problems.push_back(as_problem(i, std::move(condition).error()));
      continue;
    }
    for (AssertionProblem& problem : type_problems(*condition)) {
      problem.index = i;
      result.problems.push_back(std::move(problem));
    }
    program->reads_body = program->reads_body || uses(*condition, Source::body);
    program->names_status = program->names_status || uses(*condition, Source::status);
    program->conditions.push_back(std::move(*condition));
  }
  for (std::size_t i = 0; i < captures.size(); ++i) {
    auto operand = parse_capture(captures[i].expression, available);
    if (!operand) {
      result.problems.push_back(as_problem(conditions.size() + i, std::move(operand).error()));
      continue;
    }
    program->reads_body = program->reads_body || operand->source == Source::body;
    program->captures.push_back({captures[i].name, std::move(*operand)});
  }
  if (std::ranges::all_of(result.problems, &AssertionProblem::warning)) {
    const auto assertions = std::make_shared<Assertions>();
    assertions->program_ = std::move(program);
    result.assertions = assertions;
  }
  return result;
}

bool Assertions::empty() const {
  return program_->conditions.empty() && program_->captures.empty();
}
bool Assertions::reads_body() const { return program_->reads_body; }
bool Assertions::names_status() const { return program_->names_status; }

Assertions::Verdict Assertions::evaluate(const Response& response) const {
  Verdict verdict;
  Evidence evidence(response);
  std::size_t failed = 0;
  verdict.conditions.reserve(program_->conditions.size());
  for (const Condition& condition : program_->conditions) {
    Judged judged = judge_condition(condition, evidence);
    if (!judged.passed && failed++ == 0) {
      verdict.message = "condition failed: " + judged.seen;
      if (!judged.note.empty()) {
        verdict.message += ", " + judged.note;
      }
    }
    verdict.conditions.push_back({condition.text, std::move(judged.seen), judged.passed});
  }
  verdict.passed = failed == 0;
  if (failed > 1) {
    verdict.message += fmt::format(" (and {} more)", failed - 1);
  }
  verdict.values.reserve(program_->captures.size());
  for (const Capture& capture : program_->captures) {
    if (auto json = capture_value(capture.operand, evidence)) {
      verdict.values.push_back({capture.name, std::move(*json)});
    }
  }
  return verdict;
}

}  // namespace tocsin::check
