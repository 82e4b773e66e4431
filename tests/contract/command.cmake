# Programs. The label "tsan" marks what is worth running under the thread sanitizer.
tocsin_test(NAME tocsin_command_runner_contract
            SOURCES command_posix_test.cpp command_runner_contract_test.cpp
            DEPS adapters_command_posix adapters_loop_asio adapters_clock_system loopback test_support
            LABELS contract tsan)
