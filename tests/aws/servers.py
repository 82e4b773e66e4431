#!/usr/bin/python3
"""What plays AWS in tests: moto, dynalite and the scripted AWS, on loopback, started for one command
and stopped after it.

usage: servers.py COMMAND [ARGUMENT...]

The command finds their URLs in TOCSIN_MOTO, TOCSIN_DYNALITE and TOCSIN_SCRIPTED_AWS; its exit code is
ours. They keep everything in memory. The scripted one has a small quiet fleet. tools/install-deps test installs them into build/aws.
"""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

TOOLS = pathlib.Path(__file__).parents[2] / "build/aws"
START_SECONDS = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One of them, listening when made. `url` has no slash at the end."""

    def __init__(self, command):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = tempfile.TemporaryFile()
        program = pathlib.Path(command[0])
        if not program.exists():
            raise RuntimeError(f"{program} is not there: run tools/install-deps test")
        # Telemetry and updates off; nothing of the developer's own AWS settings.
        kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        self.process = subprocess.Popen(
            [str(part).replace("PORT", str(self.port)) for part in command], env=kept,
            stdout=self.log, stderr=subprocess.STDOUT)
        self._await()

    def _await(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        self.log.seek(0)
        raise RuntimeError(f"{self.process.args[0]} did not start:\n"
                           + self.log.read().decode(errors="replace")[-4000:])

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def moto():
    return Server([TOOLS / "python/bin/python", pathlib.Path(__file__).with_name("moto_in_turn.py"),
                   "-H", "127.0.0.1", "-p", "PORT"])


def dynalite():
    return Server(["/usr/bin/env", "node", TOOLS / "node/node_modules/dynalite/cli.js", "--host",
                   "127.0.0.1", "--port", "PORT", "--createTableMs", "0", "--updateTableMs", "0",
                   "--deleteTableMs", "0"])


class Fleet:
    """The scripted AWS, which checks every request and answer against botocore's model."""

    def __init__(self):
        # Imported late: it brings botocore, which is slow to load.
        sys.path.insert(0, str(pathlib.Path(__file__).parent))
        from scripted.process import FleetProcess
        self.process = FleetProcess(services=25, clusters=1, account_regions=1, seed=1, calm=None)
        self.url = self.process.url

    def stop(self):
        self.process.close()


def main():
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    servers = []
    # A runner that gives up on us must not leave them behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        servers = [moto()]
        servers.append(dynalite())
        servers.append(Fleet())
        moto_url, dynalite_url, scripted_url = (server.url for server in servers)
        environment = dict(os.environ, TOCSIN_MOTO=moto_url, TOCSIN_DYNALITE=dynalite_url,
                           TOCSIN_SCRIPTED_AWS=scripted_url)
        return subprocess.run(sys.argv[1:], env=environment).returncode
    finally:
        for server in servers:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
