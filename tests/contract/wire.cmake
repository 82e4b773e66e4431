# The timer listener on real sockets.
tocsin_test(
  NAME tocsin_wire_tests
  SOURCES wire_server_test.cpp
  DEPS web_wire adapters_clock_system
  LABELS contract tsan)
