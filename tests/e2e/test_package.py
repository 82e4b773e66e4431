"""The Debian package: made from the build of the binary under test, unpacked, looked at and used.

It is unpacked rather than installed: a test leaves the machine as it was.
"""

import os
import re
import shutil
import subprocess

import pytest

INSTALLED = ["usr/bin/tocsin", "lib/systemd/system/tocsin.service", "usr/lib/sysusers.d/tocsin.conf",
             "etc/tocsin/tocsin.yml", "usr/share/man/man1/tocsin.1.gz",
             "usr/share/doc/tocsin/copyright", "usr/share/doc/tocsin/docs/configuration.md",
             "usr/share/doc/tocsin/examples/quickstart/tocsin.yml"]


def output(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def package(binary, tmp_path_factory):
    build = binary.parent
    assert (build / "CPackConfig.cmake").exists(), f"{build} is no build folder: set TOCSIN_BIN"
    made = tmp_path_factory.mktemp("package")
    output("cpack", "-G", "DEB", "--config", build / "CPackConfig.cmake", "-B", made, cwd=build)
    [path] = made.glob("tocsin_*.deb")
    return path


@pytest.fixture(scope="module")
def root(package, tmp_path_factory):
    made = tmp_path_factory.mktemp("root")
    output("dpkg-deb", "--raw-extract", package, made)
    return made


def test_the_package_says_what_it_is_and_what_it_needs(package):
    fields = dict(re.findall(r"^([\w-]+): (.*)$", output("dpkg-deb", "--field", package), re.M))
    assert fields["Package"] == "tocsin"
    assert fields["Section"] == "net"
    assert "@" in fields["Maintainer"] and fields["Description"]
    for needed in ("libc6", "libcurl4", "libsqlite3-0", "libssl3", "tzdata", "ca-certificates"):
        assert re.search(rf"\b{re.escape(needed)}\b", fields["Depends"]), needed
    # What built it must not be needed to run it.
    assert "-dev" not in fields["Depends"]


def test_it_holds_what_belongs_to_the_service_and_keeps_the_configuration(root):
    for path in INSTALLED:
        assert (root / path).is_file(), path
    assert os.access(root / "usr/bin/tocsin", os.X_OK)
    assert (root / "DEBIAN/conffiles").read_text() == "/etc/tocsin/tocsin.yml\n"
    for script in ("postinst", "prerm", "postrm"):
        assert os.access(root / "DEBIAN" / script, os.X_OK), script
        output("sh", "-n", root / "DEBIAN" / script)


def test_every_path_and_link_in_its_documents_leads_somewhere(root):
    documents = root / "usr/share/doc/tocsin"
    pages = sorted(documents.rglob("*.md"))
    assert len(pages) >= 15
    for page in pages:
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            if not link.startswith("http"):
                assert (page.parent / link).exists(), f"{page.name} links to {link}"
    named = [root / "etc/tocsin/tocsin.yml", root / "lib/systemd/system/tocsin.service"]
    paths = {path for file in named for path in re.findall(r"/usr/share/doc/[\w./]*\w",
                                                          file.read_text())}
    assert len(paths) == 2
    for path in paths:
        assert (root / path.lstrip("/")).is_file(), path


def test_the_packaged_binary_takes_the_packaged_configuration(root):
    binary = root / "usr/bin/tocsin"
    assert output(binary, "--version").startswith("tocsin 0.")
    assert "0 monitors" in output(binary, "config", "check", "--strict", "-c", root / "etc/tocsin")


def test_the_unit_is_hardened_watched_and_valid(root):
    unit = (root / "lib/systemd/system/tocsin.service").read_text()
    settings = dict(re.findall(r"^(\w+)=(.*)$", unit, re.M))
    wanted = {"Type": "notify", "Delegate": "yes", "User": "tocsin", "NoNewPrivileges": "yes",
              "ProtectSystem": "strict", "PrivateTmp": "yes", "MemoryDenyWriteExecute": "yes",
              "CapabilityBoundingSet": "", "RestartPreventExitStatus": "2",
              "ExecReload": "/bin/kill -HUP $MAINPID"}
    assert {key: settings.get(key) for key in wanted} == wanted
    assert settings["WatchdogSec"] and settings["SystemCallFilter"]
    program = settings["ExecStart"].split()[0]
    assert (root / program.lstrip("/")).is_file()
    if shutil.which("systemd-analyze"):  # not on every machine that runs tests
        # What every system has, and this one root has not.
        (root / "bin").mkdir()
        shutil.copy("/bin/true", root / "bin/kill")
        for each in ("sysinit", "basic", "multi-user", "network-online", "time-sync", "shutdown"):
            (root / f"lib/systemd/system/{each}.target").write_text("[Unit]\n")
        done = subprocess.run(["systemd-analyze", "--man=no", f"--root={root}", "verify",
                               "tocsin.service"], capture_output=True, text=True)
        assert "tocsin.service" not in done.stderr, done.stderr
