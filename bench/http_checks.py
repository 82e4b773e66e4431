#!/usr/bin/python3
"""CPU per HTTP check of the whole daemon, beside wrk, libcurl alone and blackbox_exporter.

usage: bench/http_checks.py [--rate N] [--rounds N] [--seconds S]

Every subject asks the same nginx on loopback for the same small JSON document, each time on a fresh
connection. Tocsin does what it always does: plans, connects, evaluates `[STATUS] == 200` and
`[BODY].status == ok`, judges, writes state and history to its store with fsync, counts. One round
measures all subjects one after the other; the table shows medians over the rounds. CPU is the
process's own user and system time; nginx's is not counted. The references run as fast as they can;
the daemon runs at a rate that keeps one core two thirds busy, because a mostly idle process pays a
wake-up per check.

TOCSIN_BIN names another binary, TOCSIN_BENCH_DIR another place for the store.
"""

import argparse
import os
import pathlib
import re
import time

import daemon
import measured
import target_nginx

BLACKBOX = """
modules:
  json:
    prober: http
    timeout: 5s
    http:
      method: GET
      valid_status_codes: [200]
      fail_if_body_not_matches_regexp: ['"status":"ok"']
      preferred_ip_protocol: ip4
"""


def tocsin_config(nginx, rate):
    lines = ["defaults: {every: 1s, timeout: 1s}\nmonitors:\n"]
    expect = '["[STATUS] == 200", "[BODY].status == ok"]'
    lines += [f"  shop-{n:05d}: {{http: \"{nginx.url(f'/health/{n}')}\", expect: {expect}}}\n"
              for n in range(rate)]
    return "".join(lines)


class Tocsin:
    def __init__(self, folder, nginx, options):
        self.folder, self.nginx, self.options = folder, nginx, options
        self.config = tocsin_config(nginx, options.rate)
        self.rounds = 0
        self.threads = []
        self.failures = self.skipped = self.seen_by_nginx = self.counted = 0

    def measure(self):
        """One daemon on the store of the round before: after the first round the history of every
        monitor is full, and each outcome replaces the oldest, as in a daemon that runs for long."""
        with daemon.Daemon(self.folder, self.config) as process:
            process.wait_for(process.is_ready, "readiness")
            time.sleep(3 if self.rounds else max(3, self.options.fill))
            self.rounds += 1
            seconds = self.sample(process)
        return seconds

    def sample(self, process):
        nginx_before, before = self.nginx.requests(), process.metrics()
        cpu, threads = process.cpu_seconds(), process.thread_seconds()
        time.sleep(self.options.seconds)
        cpu, threads_after = process.cpu_seconds() - cpu, process.thread_seconds()
        after, nginx_after = process.metrics(), self.nginx.requests()

        def grown(name, **labels):
            return after.total(name, **labels) - before.total(name, **labels)

        checks = grown("tocsin_check_outcomes_total")
        if checks <= 0:
            raise measured.Failed("the daemon checked nothing")
        self.failures += checks - grown("tocsin_check_outcomes_total", status="up")
        self.skipped += grown("tocsin_schedule_skipped_total")
        self.counted += checks
        self.seen_by_nginx += nginx_after - nginx_before
        self.threads.append({name: 1e6 * (value - threads.get(name, 0)) / checks
                             for name, value in threads_after.items()})
        self.group = (grown("tocsin_store_batches_total") /
                      max(1, grown("tocsin_store_commits_total")))
        return 1e6 * cpu / checks

    def explain(self):
        by_thread = sorted(self.threads[-1].items(), key=lambda item: -item[1])
        print("tocsin by thread, us per check, last round: " +
              ", ".join(f"{name} {us:.1f}" for name, us in by_thread if us >= 0.05))
        print(f"tocsin counted {self.counted:.0f} outcomes, {self.failures:.0f} of them not up, "
              f"{self.skipped:.0f} runs skipped; nginx saw {self.seen_by_nginx} requests; "
              f"{self.group:.0f} batches per commit\n")


class Wrk:
    def __init__(self, nginx, seconds):
        self.command = ["wrk", "-t1", "-c64", f"-d{seconds}s", "-H", "Connection: close",
                        nginx.url()]

    def measure(self):
        text, cpu = measured.run_to_end(self.command)
        if "Non-2xx" in text:
            raise measured.Failed(f"wrk met failures:\n{text}")
        return 1e6 * cpu / int(re.search(r"(\d+) requests in", text).group(1))


class Load:
    """A C++ load program of this folder: libcurl alone, or our client alone. Absent: left out."""

    def __init__(self, name, nginx, seconds):
        folder = pathlib.Path(os.environ.get("TOCSIN_BENCH_BIN",
                                             measured.REPO / "build/release/bench"))
        self.program = folder / name
        self.arguments = [nginx.url(), str(seconds), "64"]

    def measure(self):
        text, cpu = measured.run_to_end([self.program, *self.arguments])
        return 1e6 * cpu / int(re.search(r"(\d+) transfers", text).group(1))


class Blackbox:
    def __init__(self, folder, nginx, seconds):
        config = folder / "blackbox.yml"
        config.write_text(BLACKBOX)
        (self.port,) = measured.free_ports()
        self.process = measured.Process(
            ["prometheus-blackbox-exporter", f"--config.file={config}", "--log.level=error",
             f"--web.listen-address=127.0.0.1:{self.port}"], folder / "blackbox.log")
        self.process.wait_for(lambda: measured.accepts(self.port), "listening port")
        self.command = ["wrk", "-t1", "-c8", f"-d{seconds}s",
                        f"http://127.0.0.1:{self.port}/probe?module=json&target={nginx.url()}"]
        self.nginx = nginx
        self.check_success()

    def check_success(self):
        text, _ = measured.run_to_end(["curl", "-s", self.command[-1]])
        if "probe_success 1" not in text:
            raise measured.Failed(f"blackbox_exporter's probe fails:\n{text[-1500:]}")

    def measure(self):
        before = self.nginx.requests()
        cpu = self.process.cpu_seconds()
        measured.run_to_end(self.command)
        cpu = self.process.cpu_seconds() - cpu
        return 1e6 * cpu / (self.nginx.requests() - before)


def report(results, tocsin, options):
    middle = {name: measured.median(values) for name, values in results.items()}
    print(f"\nCPU us per check on a fresh connection, median of {options.rounds} "
          f"(tocsin at {options.rate} checks/s):\n")
    rows = [[name, f"{middle[name]:.1f}", f"{min(values):.1f} to {max(values):.1f}",
             f"{middle[name] / middle['wrk']:.2f}"] for name, values in results.items()]
    measured.print_table(["program", "us", "range", "beside wrk"], rows)
    tocsin.explain()
    measured.print_claims([
        measured.Claim("tocsin / wrk", middle["tocsin"] / middle["wrk"], "", 2.5),
        measured.Claim("blackbox_exporter / tocsin", middle["blackbox_exporter"] / middle["tocsin"],
                       "", 4, at_least=True)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rate", type=int, default=4000, help="checks a second (4000)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=10, help="measured per round and subject")
    parser.add_argument("--fill", type=int, default=22, help="warm-up of the first round, seconds")
    parser.add_argument("--without-tocsin", action="store_true", help="the references alone")
    options = parser.parse_args()
    print(f"machine: {measured.machine()}")
    short = max(2, options.seconds // 3)
    with measured.work_folder("http-checks") as folder, target_nginx.Nginx(folder) as nginx:
        blackbox = Blackbox(folder, nginx, short)
        with blackbox.process:
            tocsin = Tocsin(folder, nginx, options)
            subjects = {"wrk": Wrk(nginx, short),
                        "libcurl alone": Load("libcurl_reference", nginx, short),
                        "our client alone": Load("http_client_load", nginx, short),
                        "tocsin": tocsin, "blackbox_exporter": blackbox}
            for name in ("libcurl alone", "our client alone"):
                if not subjects[name].program.exists():
                    print(f"left out: {subjects[name].program} is not built")
                    del subjects[name]
            if options.without_tocsin:
                del subjects["tocsin"]
            results = {name: [] for name in subjects}
            for number in range(options.rounds):
                for name, subject in subjects.items():
                    results[name].append(subject.measure())
                print(f"round {number + 1}: " + ", ".join(
                    f"{name} {values[-1]:.1f}" for name, values in results.items()), flush=True)
            if not options.without_tocsin:
                report(results, tocsin, options)


if __name__ == "__main__":
    measured.main_guard(main)
