"""A fleet in a process of its own, so that the program under measurement and the harness share no
interpreter with it.

    fleet = FleetProcess(services=2000, clusters=20, account_regions=5, seed=1, calm=None,
                         events=100, latency=0.02, validate=False)
    fleet.url, fleet.key, fleet.secret, fleet.clusters
    fleet.calls()                  # [[operation, account, region, number], ...] since the last reset()
    fleet.times()                  # [[epoch seconds, operation, account, region], ...], as they came
    fleet.deploy("fleet-3", "service-42")     # {"started": epoch seconds, "complete": epoch seconds}
    fleet.violations(); fleet.reset(); fleet.close()

It leaves when its standard input ends, and so when this process does.
"""

import json
import pathlib
import subprocess
import sys
import urllib.parse
import urllib.request

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
KEY, SECRET = "AKIDFLEET", "fleet-secret"


class FleetProcess:
    def __init__(self, **how):
        self.process = subprocess.Popen(
            [sys.executable, "-B", "-m", "scripted.process", json.dumps(how)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=pathlib.Path(__file__).parents[1])
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the fleet did not start: exit code {self.process.wait(10)}")
        started = json.loads(line)
        self.url, self.clusters = started["url"], started["clusters"]
        self.key, self.secret = KEY, SECRET

    def _ask(self, what, **query):
        url = f"{self.url}/_fake/{what}?{urllib.parse.urlencode(query)}"
        with OPENER.open(url, timeout=60) as answer:
            return json.loads(answer.read())

    def calls(self):
        return self._ask("calls")

    def times(self):
        return self._ask("times")

    def deploy(self, cluster, service):
        return self._ask("deploy", cluster=cluster, service=service)

    def violations(self):
        return self._ask("violations")

    def reset(self):
        return self._ask("reset")

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.process.stdout.close()


def control(server, fleet):
    """What the paths below /_fake/ do."""

    def answer(call):
        url = urllib.parse.urlsplit(call.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        what = url.path.rsplit("/", 1)[-1]
        if what == "calls":
            return [[*who, count] for who, count in sorted(server.counts().items())]
        if what == "times":
            return [[c.time, c.operation, c.account, c.region] for c in list(server.calls)]
        if what == "deploy":
            started, complete = fleet.deploy(query["cluster"], query["service"])
            return {"started": started, "complete": complete}
        if what == "violations":
            return [list(v) for v in server.violations[:100]]
        if what == "reset":
            server.reset_calls()
            return {}
        return {"error": f"no {what}"}

    return answer


def main():
    from . import Server
    from .fleet import Fleet
    how = json.loads(sys.argv[1])
    serving = {name: how.pop(name) for name in ("validate", "latency", "port") if name in how}
    sys.setswitchinterval(0.001)
    server = Server(check_signatures=serving.get("validate", True), **serving)
    server.world.add_key(KEY, SECRET)
    fleet = Fleet(server.world, **how)
    server.control = control(server, fleet)
    print(json.dumps({"url": server.url, "clusters": fleet.clusters}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
