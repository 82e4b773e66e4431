// Claim: judging a response by its conditions is small beside the exchange itself: a few
// microseconds for a health document, and linear in the size of the body.

#include <benchmark/benchmark.h>

#include <string>

#include "check/assertions.hpp"

namespace {

using tocsin::check::Assertions;

constexpr const char* kHealth =
    R"({"status":"ok","version":"1.42.7","uptime_s":86400,"checks":{"database":{"status":"ok",)"
    R"("latency_ms":3},"cache":{"status":"ok","latency_ms":1},"queue":{"status":"ok",)"
    R"("depth":17}}})";

// The value asked for stands behind everything else.
std::string large_body(std::size_t bytes) {
  std::string out = R"({"items":[)";
  for (std::size_t n = 0; out.size() < bytes; ++n) {
    out += n == 0 ? "" : ",";
    out += R"({"id":)" + std::to_string(n) + R"(,"name":"item \u00e9","price":19.90,"ok":true})";
  }
  return out + R"(],"status":"ok"})";
}

void evaluate(benchmark::State& state, const std::string& body) {
  const auto compiled = Assertions::compile({"[STATUS] == 200", "[BODY].status == ok"}, {},
                                            tocsin::check::placeholders_of("http"));
  tocsin::check::Response response;
  response.http_status = 200;
  response.connected = true;
  response.body = body;
  for (auto _ : state) {
    auto verdict = compiled.assertions->evaluate(response);
    if (!verdict.passed) {
      state.SkipWithError("the conditions do not hold");
      return;
    }
    benchmark::DoNotOptimize(verdict);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}

void evaluate_200_bytes(benchmark::State& state) { evaluate(state, kHealth); }
BENCHMARK(evaluate_200_bytes);

void evaluate_50_kib(benchmark::State& state) { evaluate(state, large_body(50 << 10)); }
BENCHMARK(evaluate_50_kib);

void compile_two_conditions(benchmark::State& state) {
  for (auto _ : state) {
    auto compiled = Assertions::compile({"[STATUS] == 200", "[BODY].status == ok"}, {},
                                        tocsin::check::placeholders_of("http"));
    benchmark::DoNotOptimize(compiled);
  }
}
BENCHMARK(compile_two_conditions);

}  // namespace
