"""Fixtures of the end-to-end tests: the real binary, real sockets on loopback, nothing else.

TOCSIN_BIN names the binary; `make test` sets it. Every test gets its own folder, ports and daemons,
and whatever it started is stopped when it ends.
"""

import os
import pathlib
import subprocess

import pytest

from daemon import Daemon
from farm import Farm
from receiver import Receiver
from targets import Target

DEFAULT_BINARY = pathlib.Path(__file__).parents[2] / "build/dev/tocsin"


def pytest_configure(config):
    config.addinivalue_line("markers", "soak: runs long; only in `make soak`")


def pytest_collection_modifyitems(config, items):
    """Without TOCSIN_SOAK=1 the long runs are left out, however pytest was called."""
    if os.environ.get("TOCSIN_SOAK") == "1":
        return
    long = [item for item in items if item.get_closest_marker("soak")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


@pytest.fixture(scope="session")
def binary():
    path = pathlib.Path(os.environ.get("TOCSIN_BIN", DEFAULT_BINARY)).absolute()
    if not path.exists():
        pytest.fail(f"no binary at {path}: run `make test`, or set TOCSIN_BIN")
    return path


@pytest.fixture
def tocsin(binary, tmp_path):
    """tocsin("probe", url) runs a command to its end: .returncode, .stdout, .stderr."""

    def run(*args, timeout=20, env=None, cwd=None):
        return subprocess.run([binary, *map(str, args)], capture_output=True, text=True,
                              timeout=timeout, cwd=cwd or tmp_path, env=clean_environment(env))

    return run


@pytest.fixture
def daemon(binary, tmp_path):
    """daemon(config) makes a Daemon in its own folder; it is not started yet."""
    made = []

    def make(config, name="node"):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        made.append(Daemon(binary, folder, config, clean_environment()))
        return made[-1]

    yield make
    for each in made:
        each.kill()


@pytest.fixture
def receiver():
    """receiver() starts a receiver of notifications; see receiver.py."""
    made = []

    def make(**how):
        made.append(Receiver(**how))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def target():
    """target(behaviour) starts a scripted HTTP or TCP target; see targets.py for behaviours."""
    made = []

    def make(behaviour=None):
        made.append(Target(behaviour) if behaviour else Target())
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def farm():
    """Thousands of targets in a process of their own; see farm.py for the paths it answers."""
    made = Farm()
    yield made
    made.close()


def clean_environment(extra=None):
    """What the binary sees: nothing of the developer's own settings."""
    kept = {k: v for k, v in os.environ.items()
            if not k.startswith(("TOCSIN_", "AWS_", "NOTIFY_", "WATCHDOG_"))
            and k.lower() not in ("http_proxy", "https_proxy", "all_proxy", "no_proxy")}
    return {**kept, "LC_ALL": "C.UTF-8", **(extra or {})}


@pytest.fixture(scope="session")
def read_only_shim(tmp_path_factory):
    """read_only_shim(folder, switch): what a daemon needs in its environment so that the folder is
    read-only while the file `switch` exists.

    The kernel keeps a file system with open files from becoming read-only, except after an I/O
    error of the device. The shim gives the process what it would then see: EROFS.
    """
    library = tmp_path_factory.mktemp("shim") / "read_only_disk.so"
    source = pathlib.Path(__file__).with_name("read_only_disk.c")
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, source], check=True)
    return lambda folder, switch: {"LD_PRELOAD": str(library), "READ_ONLY_FOLDER": str(folder),
                                   "READ_ONLY_WHEN": str(switch)}
