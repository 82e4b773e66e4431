# Servers that misbehave on purpose, on loopback.
add_library(tocsin_loopback STATIC
  ../support/loopback_dns.cpp ../support/loopback_server.cpp ../support/loopback_smtp.cpp
  ../support/test_certificates.cpp)
add_library(tocsin::loopback ALIAS tocsin_loopback)
target_include_directories(tocsin_loopback PUBLIC "${CMAKE_SOURCE_DIR}/tests")
target_link_libraries(tocsin_loopback PUBLIC tocsin_options OpenSSL::SSL Threads::Threads
                      tocsin::base)

# The label "tsan" marks what is worth running under the thread sanitizer.
tocsin_test(NAME tocsin_http_client_contract
            SOURCES http_client_contract_test.cpp http_client_hostile_test.cpp
                    http_client_load_test.cpp http_client_tls_test.cpp
            DEPS adapters_http_curl loopback LIBS ZLIB::ZLIB LABELS contract tsan)
tocsin_test(NAME tocsin_loop_contract
            SOURCES loop_contract_test.cpp
            DEPS adapters_loop_asio adapters_clock_system LABELS contract tsan)
tocsin_test(NAME tocsin_resolver_contract
            SOURCES resolver_contract_test.cpp
            DEPS adapters_dns_cares adapters_loop_asio adapters_clock_system loopback
            LABELS contract tsan)
tocsin_test(NAME tocsin_tcp_client_contract
            SOURCES tcp_client_contract_test.cpp
            DEPS adapters_tcp_asio adapters_loop_asio adapters_clock_system loopback
            LABELS contract tsan)
tocsin_test(NAME tocsin_mailer_contract
            SOURCES mail_curl_test.cpp mailer_contract_test.cpp
            DEPS adapters_mail_curl adapters_loop_asio adapters_clock_system loopback test_support
            LABELS contract tsan)
