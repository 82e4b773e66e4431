"""The daemon under measurement: a real `tocsin run`, looked at through its own API."""

import http.client
import json
import os
import pathlib
import re

import measured

SAMPLE = re.compile(r'^(\w+)(?:\{(.*)\})? (\S+)$', re.M)
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def binary():
    path = pathlib.Path(os.environ.get("TOCSIN_BIN", measured.REPO / "build/release/tocsin"))
    if not path.exists():
        raise measured.Failed(f"{path} is not there: `make release` builds it, or set TOCSIN_BIN")
    return path


class Metrics:
    """One scrape of /metrics."""

    def __init__(self, text):
        self.samples = [(name, dict(LABEL.findall(labels or "")), float(value))
                        for name, labels, value in SAMPLE.findall(text)]

    def total(self, name, **labels):
        found = [value for n, l, value in self.samples
                 if n == name and all(l.get(k) == v for k, v in labels.items())]
        if not found:
            raise measured.Failed(f"/metrics has no {name}")
        return sum(found)

    def buckets(self, name):
        return [(float(l["le"]), value) for n, l, value in self.samples if n == name + "_bucket"]


class Lateness:
    """Of the runs started between two scrapes."""

    NAME = "tocsin_schedule_lateness_seconds"

    def __init__(self, before, after):
        earlier = dict(before.buckets(self.NAME))
        self.buckets = [(bound, count - earlier[bound]) for bound, count in after.buckets(self.NAME)]
        self.count = self.buckets[-1][1]
        seconds = after.total(self.NAME + "_sum") - before.total(self.NAME + "_sum")
        self.mean_ms = 1000 * seconds / self.count if self.count else float("nan")

    def quantile_ms(self, share):
        """The upper bound of the bucket that holds the quantile: never too good."""
        for bound, count in self.buckets:
            if self.count and count >= share * self.count:
                return 1000 * bound
        return float("inf")


class Daemon(measured.Process):
    def __init__(self, folder, config, log_name="tocsin.log", env=None):
        """`config`: YAML text without `listen` and `store`; `env`: the whole environment."""
        folder = pathlib.Path(folder)
        (self.port,) = measured.free_ports()
        path = folder / "tocsin.yml"
        with open(path, "w", encoding="utf-8") as out:
            out.write(f"listen: 127.0.0.1:{self.port}\n"
                      f"store: {{sqlite: {{path: {folder}/tocsin.db}}}}\n")
            out.write(config)
        super().__init__([binary(), "run", "-c", path], folder / log_name, env)

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def json(self, path):
        status, text = self.get(path)
        if status != 200:
            raise measured.Failed(f"GET {path}: {status} {text[:300]}")
        return json.loads(text)

    def metrics(self):
        return Metrics(self.get("/metrics")[1])

    def is_ready(self):
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False

    def outcomes(self):
        metrics = self.metrics()
        name = "tocsin_check_outcomes_total"
        return metrics.total(name), metrics.total(name, status="up")
