# tocsin_module(NAME schedule SOURCES a.cpp b.cpp DEPS base TESTS a_test.cpp [LIBS ext])
#
# One static library per folder of src/, named tocsin_<name> with the alias tocsin::<name>. DEPS are
# other modules and mirror the table in tools/tidy.py; LIBS are outside libraries. TESTS become one
# GoogleTest binary tocsin_<name>_tests, registered with ctest under the label "unit".
# Sources are listed by name: no globs.
function(tocsin_module)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;DEPS;LIBS;TESTS;TEST_DEPS;TEST_LABELS" ${ARGN})
  set(target tocsin_${ARG_NAME})
  if(ARG_SOURCES)
    add_library(${target} STATIC ${ARG_SOURCES})
    set(scope PUBLIC)
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(tocsin::${ARG_NAME} ALIAS ${target})
  target_link_libraries(${target} ${scope} tocsin_options)
  foreach(dep IN LISTS ARG_DEPS)
    target_link_libraries(${target} ${scope} tocsin::${dep})
  endforeach()
  foreach(lib IN LISTS ARG_LIBS)
    target_link_libraries(${target} ${scope} ${lib})
  endforeach()
  if(TOCSIN_TESTS AND ARG_TESTS)
    if(NOT ARG_TEST_LABELS)
      set(ARG_TEST_LABELS unit)
    endif()
    tocsin_test(NAME ${target}_tests SOURCES ${ARG_TESTS} DEPS ${ARG_NAME} ${ARG_TEST_DEPS}
                LABELS ${ARG_TEST_LABELS})
  endif()
endfunction()

# Aggregates: `tests-<label>` builds every test binary that carries the label, so that a sanitizer
# build compiles only what it runs.
foreach(label IN ITEMS unit contract sim tsan soak)
  add_custom_target(tests-${label})
endforeach()

# tocsin_soak(NAME long_run OF binary FILTER Suite.Case ENVIRONMENT A=1)
# Some cases of a test binary once more, for as long as the environment says; only in `make soak`.
function(tocsin_soak)
  cmake_parse_arguments(ARG "" "NAME;OF;FILTER" "ENVIRONMENT" ${ARGN})
  add_test(NAME ${ARG_NAME}
           COMMAND ${ARG_OF} --gtest_filter=${ARG_FILTER}
                   --gtest_output=xml:${CMAKE_BINARY_DIR}/reports/${ARG_NAME}.xml
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  add_dependencies(tests-soak ${ARG_OF})
  set_tests_properties(${ARG_NAME} PROPERTIES LABELS soak TIMEOUT 3600
                                              ENVIRONMENT "${ARG_ENVIRONMENT}")
endfunction()

# tocsin_test(NAME binary SOURCES x_test.cpp DEPS module... LABELS unit)
# One GoogleTest binary, registered with ctest as a whole; tools/run_tests.py counts the cases in its
# report. LABELS: unit, contract or sim say what it is, tsan that it has threads worth watching.
function(tocsin_test)
  cmake_parse_arguments(ARG "" "NAME;TIMEOUT" "SOURCES;DEPS;LIBS;LABELS;ARGS" ${ARGN})
  add_executable(${ARG_NAME} ${ARG_SOURCES})
  target_link_libraries(${ARG_NAME} PRIVATE tocsin_options GTest::gmock GTest::gtest_main ${ARG_LIBS})
  # What is instrumented takes twice as long to optimise; only simulations run long enough to gain.
  if(TOCSIN_SANITIZE MATCHES "address" AND NOT "sim" IN_LIST ARG_LABELS)
    target_compile_options(${ARG_NAME} PRIVATE -O0)
  endif()
  foreach(dep IN LISTS ARG_DEPS)
    target_link_libraries(${ARG_NAME} PRIVATE tocsin::${dep})
  endforeach()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_test(NAME ${ARG_NAME}
           COMMAND ${ARG_NAME} --gtest_shuffle
                   --gtest_output=xml:${CMAKE_BINARY_DIR}/reports/${ARG_NAME}.xml ${ARG_ARGS}
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  foreach(label IN LISTS ARG_LABELS)
    add_dependencies(tests-${label} ${ARG_NAME})
  endforeach()
  set_tests_properties(${ARG_NAME} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
endfunction()
