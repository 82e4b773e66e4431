# Where the binary goes, what `cmake --install` installs, and the Debian package (`cpack -G DEB`).
if(NOT TARGET tocsin)
  return()
endif()

# build/<preset>/tocsin, whatever folder defines the target.
set_target_properties(tocsin PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")

set(CPACK_PACKAGE_NAME tocsin)
set(CPACK_PACKAGE_VENDOR "The Tocsin authors")
set(CPACK_PACKAGE_CONTACT "The Tocsin authors <tocsin@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "monitor daemon: checks endpoints, judges, records, tells")
set(CPACK_PACKAGE_DESCRIPTION
    "Tocsin watches what a team runs and tells the people and the systems that must know: what
happened, why, once, and never late without saying so. One binary, one YAML configuration, an
embedded store.")
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_PACKAGING_INSTALL_PREFIX "/usr")
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# tzdata: schedules name time zones. ca-certificates: checks verify what they talk to.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "tzdata, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "systemd")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(deploy "${CMAKE_SOURCE_DIR}/deploy")
file(WRITE "${CMAKE_BINARY_DIR}/debian/conffiles" "/etc/tocsin/tocsin.yml\n")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    "${deploy}/debian/postinst" "${deploy}/debian/prerm" "${deploy}/debian/postrm"
    "${CMAKE_BINARY_DIR}/debian/conffiles")

# Debian wants the manual page compressed, and the same bytes from the same source.
find_program(GZIP gzip REQUIRED)
execute_process(COMMAND "${GZIP}" -9nc "${deploy}/man/tocsin.1"
                OUTPUT_FILE "${CMAKE_BINARY_DIR}/debian/tocsin.1.gz" COMMAND_ERROR_IS_FATAL ANY)

install(TARGETS tocsin RUNTIME DESTINATION bin)
install(FILES "${deploy}/systemd/tocsin.service" DESTINATION /lib/systemd/system)
install(FILES "${deploy}/systemd/sysusers.conf" DESTINATION lib/sysusers.d RENAME tocsin.conf)
install(FILES "${deploy}/debian/tocsin.yml" DESTINATION /etc/tocsin)
install(FILES "${CMAKE_BINARY_DIR}/debian/tocsin.1.gz" DESTINATION share/man/man1)
install(FILES "${deploy}/debian/copyright" DESTINATION share/doc/tocsin)
# As they lie in the source, so that the links between them lead somewhere.
install(FILES README.md CHANGELOG.md ARCHITECTURE.md CONTRIBUTING.md LICENSE
        DESTINATION share/doc/tocsin)
install(DIRECTORY docs examples DESTINATION share/doc/tocsin)
install(DIRECTORY deploy/timers-dynamodb deploy/ecs-monitor DESTINATION share/doc/tocsin/deploy)

include(CPack)
