#!/usr/bin/python3
"""From a failing response to the request that tells of it, at 1,000 checks a second.

usage: bench/alert_latency.py [--monitors N] [--alerts N]

Monitors with `every: 1s` ask one server on loopback; now and then it answers one of them 500. Every
monitor is a group of its own, so that each alert is the first of its group. The clock starts when
the last byte of the failing response was handed to the kernel and stops at the first byte of the
request to the Slack-shaped receiver: both are in one process, whose own delays count as well.
"""

import argparse
import asyncio
import random
import re
import threading
import time

import daemon
import measured

MONITOR = re.compile(rb"service-(\d+)")
UP = b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\n{\"status\":\"ok\"}"
DOWN = b"HTTP/1.1 500 No\r\nContent-Length: 19\r\nConnection: close\r\n\r\n{\"status\":\"failed\"}"
TAKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


class Target(asyncio.Protocol):
    def __init__(self, bench):
        self.bench, self.head = bench, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.head += data
        if b"\r\n\r\n" not in self.head:
            return
        number = int(MONITOR.search(self.head).group(1))
        self.bench.checks += 1
        failing = self.bench.failing == number
        self.transport.write(DOWN if failing else UP)
        if failing and self.bench.failed_at is None:
            self.bench.failed_at = time.perf_counter()
        self.transport.close()


class Receiver(asyncio.Protocol):
    def __init__(self, bench):
        self.bench, self.text, self.began = bench, b"", None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.began = self.began or time.perf_counter()
        self.text += data
        head, end, body = self.text.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if end and length and len(body) >= int(length.group(1)):
            self.bench.told(body, self.began)
            self.transport.write(TAKEN)
            self.transport.close()


class Bench:
    def __init__(self, monitors):
        self.monitors, self.checks = monitors, 0
        self.failing = self.failed_at = None
        self.delays_ms = []
        (self.target_port, self.receiver_port) = measured.free_ports(2)
        self.loop = asyncio.new_event_loop()
        self.taken = threading.Event()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        asyncio.set_event_loop(self.loop)
        for kind, port in ((Target, self.target_port), (Receiver, self.receiver_port)):
            self.loop.run_until_complete(self.loop.create_server(
                lambda kind=kind: kind(self), "127.0.0.1", port, backlog=4096))
        self.loop.run_forever()

    def told(self, body, began):
        match = MONITOR.search(body)
        if match and self.failing == int(match.group(1)) and self.failed_at and b"down" in body:
            self.delays_ms.append(1000 * (began - self.failed_at))
            self.failing = self.failed_at = None
            self.taken.set()

    def alert(self, number):
        """One monitor fails at its next check; waits until that was told."""
        self.taken.clear()
        self.failing = number
        if not self.taken.wait(30):
            raise measured.Failed(f"service-{number} failed and nobody was told within 30 s")

    def config(self):
        yield (f"channels:\n  ops:\n"
               f"    slack: {{webhook_url: \"http://127.0.0.1:{self.receiver_port}/services/x\"}}\n"
               f"    group_by: [monitor]\n    rate: 1000 per 1s\n"
               f"defaults: {{every: 1s, fail_after: 1, notify: ops, flapping: false}}\nmonitors:\n")
        for n in range(self.monitors):
            yield (f"  service-{n:05d}:\n"
                   f"    http: http://127.0.0.1:{self.target_port}/service-{n:05d}\n"
                   f"    expect: [\"[STATUS] == 200\", \"[BODY].status == ok\"]\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--monitors", type=int, default=1000, help="each once a second (1000)")
    parser.add_argument("--alerts", type=int, default=200)
    options = parser.parse_args()
    print(f"machine: {measured.machine()}", flush=True)
    bench = Bench(options.monitors)
    chance = random.Random(1)
    with measured.work_folder("latency") as folder:
        with daemon.Daemon(folder, "".join(bench.config())) as process:
            process.wait_for(process.is_ready, "readiness")
            time.sleep(5)
            checks, begin, before = bench.checks, time.monotonic(), process.metrics()
            # Each monitor once: a second time it would not be the first of its group.
            for number in chance.sample(range(options.monitors), options.alerts):
                bench.alert(number)
            rate = (bench.checks - checks) / (time.monotonic() - begin)
            late = daemon.Lateness(before, process.metrics())
    delays = bench.delays_ms
    print()
    measured.print_table(["what", "measured"], [
        ["checks a second", f"{rate:.0f}"],
        ["alerts", len(delays)],
        ["lateness of checks p99", f"<= {late.quantile_ms(0.99):g} ms"],
        ["failing response to Slack request p50; p90; p99; max", "; ".join(
            f"{measured.quantile(delays, q):.1f}" for q in (0.5, 0.9, 0.99)) +
            f"; {max(delays):.1f} ms"]])
    measured.print_claims([measured.Claim("failing response to Slack request, p99",
                                          measured.quantile(delays, 0.99), "ms", 50)])


if __name__ == "__main__":
    measured.main_guard(main)
