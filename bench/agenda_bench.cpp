// Claim: with 100,000 monitors, taking the earliest due one and planning its next run costs well
// under a microsecond, so the due-time structure is never what limits the rate of checks.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>

#include "base/random.hpp"
#include "base/time.hpp"
#include "service/agenda.hpp"

namespace {

using tocsin::MonoTime;

constexpr std::int64_t kEveryUs = 60'000'000;

MonoTime at_us(std::int64_t us) { return MonoTime{std::chrono::microseconds{us}}; }

void take_and_plan_next(benchmark::State& state) {
  tocsin::service::Agenda agenda;
  tocsin::Random random(7);
  const auto monitors = static_cast<std::uint32_t>(state.range(0));
  for (std::uint32_t slot = 0; slot < monitors; ++slot) {
    agenda.set(slot, at_us(static_cast<std::int64_t>(random.below(kEveryUs))));
  }
  for (auto _ : state) {
    const auto due = agenda.earliest();
    agenda.set(due->slot, due->due + std::chrono::microseconds{kEveryUs});
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(take_and_plan_next)->Arg(1'000)->Arg(100'000)->Arg(1'000'000);

}  // namespace
