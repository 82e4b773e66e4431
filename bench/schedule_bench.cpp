// Claim: the next run of an interval is arithmetic (nanoseconds); that of a cron, in whatever zone,
// stays in microseconds, however rare its matches are.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>

#include "base/time.hpp"
#include "schedule/cron.hpp"
#include "schedule/plan.hpp"

namespace {

using tocsin::Instant;
using tocsin::Milliseconds;
namespace schedule = tocsin::schedule;

const Instant kBegin = tocsin::from_unix_ms(1'767'225'600'000);  // 2026-01-01

void walk(benchmark::State& state, const schedule::Plan& plan) {
  Instant at = kBegin;
  for (auto _ : state) {
    at = schedule::next_planned(plan, 0x9e3779b97f4a7c15U, at).value_or(kBegin);
    benchmark::DoNotOptimize(at);
    if (at > kBegin + std::chrono::hours{24 * 366 * 20}) {
      at = kBegin;
    }
  }
}

schedule::Plan cron_plan(const char* expression, const char* zone_name) {
  auto zone = schedule::find_zone(zone_name);
  auto cron = schedule::Cron::parse(expression, zone.value());
  schedule::Plan plan;
  plan.when = schedule::CronPlan{std::make_shared<const schedule::Cron>(std::move(cron.value()))};
  return plan;
}

void next_of_interval(benchmark::State& state) {
  schedule::Plan plan;
  plan.when = schedule::EveryPlan{Milliseconds{60'000}};
  walk(state, plan);
}
BENCHMARK(next_of_interval);

void next_of_cron_every_5_min_utc(benchmark::State& state) {
  walk(state, cron_plan("*/5 * * * *", "UTC"));
}
BENCHMARK(next_of_cron_every_5_min_utc);

void next_of_cron_daily_zurich(benchmark::State& state) {
  walk(state, cron_plan("30 2 * * *", "Europe/Zurich"));
}
BENCHMARK(next_of_cron_daily_zurich);

void next_of_cron_29_february(benchmark::State& state) {
  walk(state, cron_plan("0 0 29 2 *", "America/New_York"));
}
BENCHMARK(next_of_cron_29_february);

}  // namespace
