# What speaks to AWS. Its stand-ins come from tests/aws and build/aws (tools/install-deps test).
tocsin_test(NAME tocsin_aws_signer_contract
            SOURCES aws_signer_test.cpp
            DEPS adapters_aws loopback LIBS PkgConfig::curl LABELS contract)

add_library(tocsin_real_aws INTERFACE)
add_library(tocsin::real_aws ALIAS tocsin_real_aws)
target_link_libraries(tocsin_real_aws INTERFACE
  tocsin::adapters_aws tocsin::adapters_command_posix tocsin::adapters_config_files
  tocsin::adapters_dns_cares tocsin::adapters_http_curl tocsin::adapters_loop_asio
  tocsin::adapters_clock_system)

set(aws_servers "${CMAKE_SOURCE_DIR}/tests/aws/servers.py")
# tocsin_aws_test(NAME binary SOURCES x_test.cpp DEPS module...): as tocsin_test(), label "contract",
# run beside moto, dynalite and the scripted AWS.
function(tocsin_aws_test)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;DEPS" ${ARGN})
  add_executable(${ARG_NAME} ${ARG_SOURCES})
  target_link_libraries(${ARG_NAME} PRIVATE tocsin_options GTest::gmock GTest::gtest_main)
  foreach(dep IN LISTS ARG_DEPS)
    target_link_libraries(${ARG_NAME} PRIVATE tocsin::${dep})
  endforeach()
  add_test(NAME ${ARG_NAME}
           COMMAND ${aws_servers} $<TARGET_FILE:${ARG_NAME}> --gtest_shuffle
                   --gtest_output=xml:${CMAKE_BINARY_DIR}/reports/${ARG_NAME}.xml
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  add_dependencies(tests-contract ${ARG_NAME})
  set_tests_properties(${ARG_NAME} PROPERTIES LABELS contract TIMEOUT 300)
endfunction()

tocsin_aws_test(NAME tocsin_aws_client_contract
                SOURCES aws_client_contract_test.cpp
                DEPS real_aws loopback)

add_executable(tocsin_aws_caller ../aws/caller.cpp)
target_include_directories(tocsin_aws_caller PRIVATE "${CMAKE_SOURCE_DIR}/tests")
target_link_libraries(tocsin_aws_caller PRIVATE tocsin_options tocsin::real_aws GTest::gtest)
add_test(NAME tocsin_aws_signatures
         COMMAND "${CMAKE_SOURCE_DIR}/build/aws/python/bin/python"
                 "${CMAKE_SOURCE_DIR}/tests/aws/check_signatures.py"
                 $<TARGET_FILE:tocsin_aws_caller>)
add_dependencies(tests-contract tocsin_aws_caller)
set_tests_properties(tocsin_aws_signatures PROPERTIES LABELS contract TIMEOUT 300)

add_test(NAME tocsin_timers_dynamodb_deploy
         COMMAND "${CMAKE_SOURCE_DIR}/build/aws/python/bin/python"
                 "${CMAKE_SOURCE_DIR}/tests/aws/check_deploy.py")
set_tests_properties(tocsin_timers_dynamodb_deploy PROPERTIES LABELS contract TIMEOUT 300)
add_test(NAME tocsin_ecs_monitor_deploy
         COMMAND "${CMAKE_SOURCE_DIR}/build/aws/python/bin/python"
                 "${CMAKE_SOURCE_DIR}/tests/aws/check_deploy_monitor.py")
set_tests_properties(tocsin_ecs_monitor_deploy PROPERTIES LABELS contract TIMEOUT 300)

# Timers in DynamoDB: the contract suite of all stores of timers, on two stand-ins.
add_library(tocsin_aws_stand_in STATIC aws_stand_in.cpp)
add_library(tocsin::aws_stand_in ALIAS tocsin_aws_stand_in)
target_link_libraries(tocsin_aws_stand_in PUBLIC
  tocsin::store_harness tocsin::adapters_aws tocsin::adapters_http_curl)

tocsin_aws_test(NAME tocsin_ecs_api_contract
                SOURCES ecs_api_test.cpp
                DEPS aws_stand_in adapters_ecs_aws)

add_library(tocsin_dynamodb_backend STATIC dynamodb_backend.cpp)
add_library(tocsin::dynamodb_backend ALIAS tocsin_dynamodb_backend)
target_link_libraries(tocsin_dynamodb_backend PUBLIC
  tocsin::timer_store_harness tocsin::adapters_timers_dynamodb tocsin::aws_stand_in
  tocsin::test_support)
tocsin_aws_test(NAME tocsin_timers_dynamodb_contract
                SOURCES timer_store_contract_test.cpp timer_store_dynamodb.cpp
                DEPS dynamodb_backend)
tocsin_aws_test(NAME tocsin_timers_dynamodb_tests
                SOURCES timers_dynamodb_test.cpp
                DEPS dynamodb_backend)
