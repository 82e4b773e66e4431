# The suites of the timers' stores.
add_library(tocsin_timer_store_harness STATIC timer_store_harness.cpp)
add_library(tocsin::timer_store_harness ALIAS tocsin_timer_store_harness)
target_link_libraries(tocsin_timer_store_harness PUBLIC tocsin::store_harness)
tocsin_test(
  NAME tocsin_timer_store_contract_tests
  SOURCES timer_clock_test.cpp timer_faults_test.cpp timer_store_contract_test.cpp timer_store_local.cpp
  DEPS timer_store_harness
  LABELS contract tsan)
