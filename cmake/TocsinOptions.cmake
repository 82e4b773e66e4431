# The interface target every module links: language level, warnings, hardening, sanitizers.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)

# "Dev" optimises enough that simulations run fast and little enough that builds stay quick.
set(CMAKE_CXX_FLAGS_DEV "-O1 -g1")
set(CMAKE_C_FLAGS_DEV "-O1 -g1")
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")

# Paths relative to the checkout: two clones, and CI's fresh one, share what was compiled.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(launcher "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1
               "${CCACHE_PROGRAM}")
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
endif()

add_library(tocsin_options INTERFACE)
target_include_directories(tocsin_options INTERFACE "${CMAKE_SOURCE_DIR}/src")
target_compile_options(tocsin_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor
  -Wold-style-cast -Woverloaded-virtual -Wimplicit-fallthrough -Wextra-semi -Wsuggest-override
  -Wmissing-declarations -Wswitch-enum -Wno-missing-field-initializers
  -fstack-protector-strong -fstack-clash-protection -fcf-protection)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(tocsin_options INTERFACE -Wduplicated-cond -Wlogical-op)
endif()
if(TOCSIN_WERROR)
  target_compile_options(tocsin_options INTERFACE -Werror)
endif()
if(TOCSIN_SANITIZE)
  target_compile_options(tocsin_options INTERFACE
    -fsanitize=${TOCSIN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # The vptr check opens a pipe to probe memory; tests that run out of descriptors would fail in it.
  if(TOCSIN_SANITIZE MATCHES "undefined")
    target_compile_options(tocsin_options INTERFACE -fno-sanitize=vptr)
  endif()
  target_link_options(tocsin_options INTERFACE -fsanitize=${TOCSIN_SANITIZE})
else()
  target_compile_definitions(tocsin_options INTERFACE
    $<$<CONFIG:RelWithDebInfo>:_FORTIFY_SOURCE=2> _GLIBCXX_ASSERTIONS)
endif()
if(TOCSIN_FUZZ)
  target_compile_options(tocsin_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
target_link_options(tocsin_options INTERFACE -Wl,-z,relro,-z,now)
