"""A `tocsin run` under test: started, asked over its API, reloaded, stopped, killed."""

import json
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import yaml

# Loopback only: a proxy of the environment has no say.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port():
    """A port that was free a moment ago. Nobody else on the machine should take it that fast."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, timeout=10.0, what="the condition"):
    """Polls until `condition()` is true and returns what it gave; fails the test after `timeout`."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {timeout} s")
        time.sleep(0.02)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Daemon:
    """`config` is a dict or YAML text of tocsin.yml; `listen` is added to a dict that has none."""

    def __init__(self, binary, folder, config, environment):
        self.binary, self.folder, self.environment = binary, folder, environment
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None
        self.starts = 0
        self.prefix = []  # a command that runs the daemon in its own place, such as nsenter
        self.write_config(config)

    # --- configuration ---
    @property
    def config_path(self):
        return self.folder / "tocsin.yml"

    def write_config(self, config, name="tocsin.yml"):
        if isinstance(config, dict):
            if name == "tocsin.yml":
                config = {"listen": f"127.0.0.1:{self.port}", **config}
            config = yaml.safe_dump(config, sort_keys=False)
        # In one step: a reload never sees half of it.
        part = self.folder / f".{name}.part"
        part.write_text(config)
        part.rename(self.folder / name)

    # --- life ---
    def start(self, *args, ready=True, env=None):
        assert self.process is None or self.process.poll() is not None, "already running"
        self.starts += 1
        self.out_path = self.folder / f"out.{self.starts}"
        self.err_path = self.folder / f"err.{self.starts}"
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.process = subprocess.Popen(
                [*self.prefix, self.binary, "run", "-c", str(self.folder), *args],
                cwd=self.folder, stdout=out, stderr=err, stdin=subprocess.DEVNULL,
                env={**self.environment, **(env or {})})
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self, timeout=15.0):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"exited with {self.process.returncode} at its start:\n"
                                     f"{self.stdout()}\n{self.stderr()}")
            try:
                return self.get("/readyz").status == 200
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                return False

        wait_until(ready, timeout, f"{self.url}/readyz")

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def stop(self, sig=signal.SIGTERM, timeout=20.0):
        """Asks it to stop; returns the exit code."""
        self.process.send_signal(sig)
        return self.process.wait(timeout)

    def kill(self):
        """kill -9."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)

    # --- what it says ---
    def stdout(self):
        return pathlib.Path(self.out_path).read_text(errors="replace")

    def stderr(self):
        return pathlib.Path(self.err_path).read_text(errors="replace")

    def output(self):
        return self.stdout() + self.stderr()

    def wait_output(self, text, timeout=10.0):
        wait_until(lambda: text in self.output(), timeout, f"{text!r} in the output")

    # --- API ---
    def request(self, method, path, body=None, headers=None, timeout=5.0):
        data = None
        headers = dict(headers or {})
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with OPENER.open(request, timeout=timeout) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def get(self, path, **kwargs):
        return self.request("GET", path, **kwargs)

    def post(self, path, body=None, **kwargs):
        return self.request("POST", path, {} if body is None else body, **kwargs)

    def monitor(self, name):
        answer = self.get(f"/api/v1/monitors/{name}")
        assert answer.status == 200, (answer.status, answer.body)
        return answer.json()

    def state(self, name):
        answer = self.get(f"/api/v1/monitors/{name}")
        return answer.json()["state"] if answer.status == 200 else None

    def wait_state(self, name, state, timeout=10.0):
        wait_until(lambda: self.state(name) == state, timeout, f"{name} {state}")

    def events(self, **query):
        parts = "&".join(f"{k}={v}" for k, v in {"limit": 1000, **query}.items())
        return self.get(f"/api/v1/events?{parts}").json()["items"]

    def monitors(self):
        """Every monitor, by name."""
        items, cursor = [], ""
        while True:
            page = self.get(f"/api/v1/monitors?limit=1000{cursor}").json()
            items += page["items"]
            if page["next"] is None:
                return {item["name"]: item for item in items}
            cursor = f"&cursor={page['next']}"

    def metric(self, name):
        """The value of one sample, written as on its line: name{label="value"}."""
        for line in self.get("/metrics").body.decode().splitlines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        raise AssertionError(f"/metrics has no sample {name}")
