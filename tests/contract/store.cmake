# The store suites: real SQLite files in the temporary folder, a VFS that loses and refuses writes.
add_library(tocsin_store_harness STATIC store_harness.cpp)
add_library(tocsin::store_harness ALIAS tocsin_store_harness)
target_link_libraries(tocsin_store_harness PUBLIC tocsin::adapters_store_sqlite tocsin::test_support
                                                  tocsin::fault_vfs GTest::gtest)
tocsin_test(
  NAME tocsin_store_contract_tests
  TIMEOUT 900 # three minutes under the thread sanitizer
  SOURCES store_contract_test.cpp store_delivery_test.cpp store_deployments_test.cpp store_faults_test.cpp store_gather_test.cpp
  DEPS store_harness
  LABELS contract tsan)
tocsin_test(
  NAME tocsin_delivery_faults_tests
  SOURCES delivery_faults_test.cpp
  DEPS store_harness service service_delivery
  LABELS contract)
# Has its own main(): the binary starts itself as the process that is killed. Mounts small disks in
# forked children, which the thread sanitizer does not follow, so it stands apart.
tocsin_test(
  NAME tocsin_store_process_tests
  SOURCES store_file_test.cpp store_kill_test.cpp
  DEPS store_harness
  LABELS contract)
tocsin_soak(NAME tocsin_store_kill_soak OF tocsin_store_process_tests FILTER StoreKill.*
            ENVIRONMENT TOCSIN_KILL_ROUNDS=1000)
