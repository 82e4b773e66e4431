#!/usr/bin/python3
"""The timer listener beside Redis and nginx.

usage: bench/timers.py [--ids N] [--connections N] [--seconds S] [--rounds N] [--many N]

Arms: `GET /{id}/{seconds}` with random ids of N, answered when synced, beside `redis-benchmark -t set`
on Redis with `appendonly yes, appendfsync always`, on the same disk. Checks: `GET /{id}` of timers that
run, beside nginx with one worker answering `return 200`, asked by the same script. Rounds take turns;
medians are shown. Then the timers are filled up to N ids and, with --many, beyond: resident memory for
each, and how long a cold start takes until the listener answers. At the end 5,000 timers of a rule expire
in the same second: how late each was claimed to be told.

TOCSIN_BIN names another binary, TOCSIN_BENCH_DIR another disk.
"""

import argparse
import json
import os
import re
import socket
import threading
import time

import daemon
import measured
import target_nginx

CONFIG = """
timers:
  listen: 127.0.0.1:{port}
  limits: {{connections: 2000}}
  rules: [{{match: "due-*"}}]
"""

# Random ids of one width; `seconds` "" checks.
SCRIPT = """
math.randomseed({seed})
request = function()
  return wrk.format("GET", "/id-" .. string.format("%08d", math.random(0, {ids} - 1)) .. "{seconds}")
end
"""

EVENT_TIME = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def wrk(folder, port, options, seconds, seed):
    script = folder / "requests.lua"
    script.write_text(SCRIPT.format(seed=seed, ids=options.ids, seconds=seconds))
    text, _ = measured.run_to_end(["wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds}s",
                            "--latency", "-s", script, f"http://127.0.0.1:{port}/"])
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", text)
    factor = {"us": 0.001, "ms": 1, "s": 1000}[p99.group(2)]
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    if failed or "Socket errors" in text:
        raise measured.Failed(f"wrk met failures:\n{text}")
    return rate, float(p99.group(1)) * factor


class Redis(measured.Process):
    def __init__(self, folder):
        (self.port,) = measured.free_ports()
        super().__init__(["redis-server", "--port", str(self.port), "--bind", "127.0.0.1",
                          "--dir", folder, "--appendonly", "yes", "--appendfsync", "always",
                          "--save", "", "--daemonize", "no"], folder / "redis.log")
        self.wait_for(lambda: measured.accepts(self.port), "listening port")

    def sets(self, options):
        count = options.redis_requests
        text, _ = measured.run_to_end(["redis-benchmark", "-p", str(self.port), "-t", "set", "-c",
                                str(options.connections), "-n", str(count), "-r",
                                str(options.ids), "-d", "16", "--csv"])
        row = [line for line in text.splitlines() if line.startswith('"SET"')][-1]
        cells = [float(cell.strip('"')) for cell in row.split(",")[1:]]
        return cells[0], cells[5]


class Timers(daemon.Daemon):
    def __init__(self, folder):
        (self.wire_port,) = measured.free_ports()
        self.started = time.monotonic()
        super().__init__(folder, CONFIG.format(port=self.wire_port))

    def wait_for_wire(self, limit=300):
        """Seconds from the start of the process to the first answer of the listener."""
        while time.monotonic() - self.started < limit:
            try:
                with socket.create_connection(("127.0.0.1", self.wire_port), 5) as s:
                    s.settimeout(limit)
                    s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                    if s.recv(100).startswith(b"HTTP/1.1 200"):
                        return time.monotonic() - self.started
            except OSError:
                time.sleep(0.01)
        raise measured.Failed("the timer listener did not come up")


def fill(port, first, last, prefix="id-", seconds=100_000):
    """Arms ids first to last over pipelined connections."""
    def one(begin, step):
        with socket.create_connection(("127.0.0.1", port)) as s:
            s.settimeout(120)
            waiting, batch = 0, []
            def drain(until):
                nonlocal waiting
                while waiting > until:
                    data = s.recv(1 << 16)
                    if not data:
                        raise measured.Failed("the timer listener closed a connection")
                    waiting -= data.count(b"HTTP/1.1 200")
            for number in range(begin, last, step):
                batch.append(b"GET /%s%08d/%d HTTP/1.1\r\nHost: x\r\n\r\n"
                             % (prefix.encode(), number, seconds))
                if len(batch) == 64:
                    s.sendall(b"".join(batch))
                    waiting += 64
                    batch = []
                    drain(64)
            s.sendall(b"".join(batch))
            waiting += len(batch)
            drain(0)
    lanes = 32
    threads = [threading.Thread(target=one, args=(first + lane, lanes)) for lane in range(lanes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def rates(folder, options):
    results = {name: [] for name in ("arms", "redis", "checks", "nginx")}
    nginx_folder = folder / "nginx"
    redis_folder = folder / "redis"
    nginx_folder.mkdir()
    redis_folder.mkdir()
    with Timers(folder) as timers, Redis(redis_folder) as redis, \
            target_nginx.Nginx(nginx_folder) as nginx:
        timers.wait_for_wire()
        fill(timers.wire_port, 0, options.ids)
        before = timers.metrics()
        for round_number in range(options.rounds):
            seed = 17 + round_number
            results["arms"].append(wrk(folder, timers.wire_port, options, "/86400", seed))
            results["redis"].append(redis.sets(options))
            results["checks"].append(wrk(folder, timers.wire_port, options, "", seed))
            results["nginx"].append(wrk(folder, nginx.port, options, "", seed))
        time.sleep(1.5)
        after = timers.metrics()
        grown = lambda name: after.total(name) - before.total(name)
        group = grown("tocsin_timer_arms_total") / max(grown("tocsin_timer_commits_total"), 1)
    middle = {name: (measured.median([v[0] for v in values]), measured.median([v[1] for v in values]))
              for name, values in results.items()}
    measured.print_table(
        ["subject", "per second", "range", "p99 ms"],
        [[name, f"{middle[name][0]:,.0f}",
          f"{min(v[0] for v in values):,.0f} to {max(v[0] for v in values):,.0f}",
          f"{middle[name][1]:.2f}"] for name, values in results.items()])
    print(f"{group:.1f} arms in a group\n")
    return [measured.Claim("arms / redis set", middle["arms"][0] / middle["redis"][0], "", 0.8, True),
            measured.Claim("checks / nginx", middle["checks"][0] / middle["nginx"][0], "", 0.7, True)]


def size(folder, options, count):
    with Timers(folder) as timers:
        timers.wait_for_wire()
        empty = timers.memory_kib("VmRSS")
        begun = time.monotonic()
        fill(timers.wire_port, 0, count)
        filled = time.monotonic() - begun
        each = (timers.memory_kib("VmRSS") - empty) * 1024 / count
    with Timers(folder) as timers:
        start = timers.wait_for_wire()
        again = (timers.memory_kib("VmRSS") - empty) * 1024 / count
    print(f"{count:,} timers: {each:.0f} bytes each, {again:.0f} after a restart; "
          f"filled in {filled:.0f} s; cold start {start:.2f} s\n")
    return each, start


def lateness(folder):
    """Of 5,000 timers that expire in one second: from the end to the claim, in ms."""
    with Timers(folder) as timers:
        timers.wait_for_wire()
        timers.wait_for(timers.is_ready, "readiness")
        fill(timers.wire_port, 0, 4500, "due-", 5)
        time.sleep(8)
        late, cursor = [], ""
        while True:
            page = timers.json("/api/v1/events?type=timer_expired&limit=1000" +
                               (f"&cursor={cursor}" if cursor else ""))
            for event in page["items"]:
                claimed = 0
                for digit in event["id"][:10]:
                    claimed = claimed * 32 + EVENT_TIME.index(digit)
                late.append(claimed - int(event["incident"].rsplit("/", 1)[1]))
            cursor = page["next"]
            if not cursor:
                break
    if len(late) < 4500:
        raise measured.Failed(f"only {len(late)} of 4500 expiries were told")
    print(f"{len(late)} expiries: p50 {measured.quantile(late, 0.5)} ms, "
          f"p99 {measured.quantile(late, 0.99)} ms, worst {max(late)} ms\n")
    return measured.quantile(late, 0.99)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ids", type=int, default=1_000_000)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--redis-requests", type=int, default=200_000)
    parser.add_argument("--many", type=int, default=10_000_000, help="0: leave it out")
    options = parser.parse_args()
    print(measured.machine() + "\n")
    claims = []
    with measured.work_folder("timers") as folder:
        claims += rates(folder, options)
    for count in [options.ids] + ([options.many] if options.many else []):
        with measured.work_folder("timers") as folder:
            each, start = size(folder, options, count)
            claims.append(measured.Claim(f"memory of one of {count:,}", each, "B", 150))
    claims.append(measured.Claim("cold start with the last", start, "s", 10))
    with measured.work_folder("timers") as folder:
        claims.append(measured.Claim("lateness p99", lateness(folder), "ms", 100))
    measured.print_claims(claims)


if __name__ == "__main__":
    measured.main_guard(main)
