#!/usr/bin/python3
"""100,000 HTTP monitors at `every: 60s` in one process: start, memory, lateness, API latency.

usage: bench/scale.py [--monitors N] [--seconds S]

Every monitor asks nginx on loopback for its own path and has two conditions and a label. First an
empty process of the same binary gives the memory to compare with. Then the daemon starts on a new
store; after every monitor had its first check comes the measured minute, in which the API is asked
for pages. At last it starts once more on the store that it left.

TOCSIN_BIN names another binary, TOCSIN_BENCH_DIR another place for the store.
"""

import argparse
import http.client
import time

import daemon
import measured
import target_nginx

LIST = "/api/v1/monitors?limit=100"


def config(nginx, count, every):
    yield f"defaults: {{every: {every}s, timeout: 10s}}\nmonitors:\n"
    for n in range(count):
        yield (f"  service-{n:06d}:\n"
               f"    http: {nginx.url(f'/health/{n:06d}')}\n"
               f"    expect: [\"[STATUS] == 200\", \"[BODY].status == ok\"]\n"
               f"    labels: {{team: team-{n % 50}}}\n")


class Start:
    """From exec to the first check, and what loading took."""

    def __init__(self, process, nginx):
        self.ready = self.first_check = None
        before = nginx.requests()
        while self.ready is None or self.first_check is None:
            process.alive()
            now = time.monotonic() - process.started
            if self.first_check is None and nginx.requests() > before:
                self.first_check = now
            if self.ready is None and process.is_ready():
                self.ready = time.monotonic() - process.started
            if now > 120:
                raise measured.Failed(f"not ready and checking after 120 s; see {process.log}")
            time.sleep(0.02)
        self.cpu = process.cpu_seconds()
        self.peak_kib = process.memory_kib("VmHWM")
        self.scheduling = max(self.ready, self.first_check)

    def rows(self, label):
        return [[f"{label}: ready", f"{self.ready:.2f} s"],
                [f"{label}: first check at the target", f"{self.first_check:.2f} s"],
                [f"{label}: CPU until then", f"{self.cpu:.2f} s"],
                [f"{label}: peak memory of loading", f"{self.peak_kib / 1024:.0f} MiB"]]


def empty_process_kib(folder):
    folder = folder / "empty"
    folder.mkdir()
    with daemon.Daemon(folder, "monitors: {}\n") as process:
        process.wait_for(process.is_ready, "readiness")
        for _ in range(20):
            process.get(LIST)
            process.metrics()
        time.sleep(1)
        return process.memory_kib("VmRSS")


class Pages:
    """Asks for the first page and for later ones in turn, at even distances."""

    def __init__(self, process):
        self.process = process
        self.first, self.later = [], []
        self.cursor = None

    def ask(self):
        path = LIST + (f"&cursor={self.cursor}" if self.cursor else "")
        begin = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.process.port, timeout=10)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        milliseconds = 1000 * (time.perf_counter() - begin)
        connection.close()
        if answer.status != 200:
            raise measured.Failed(f"GET {path}: {answer.status} {body[:300]}")
        return milliseconds, body

    def run(self, seconds, count):
        begin = time.monotonic()
        for n in range(count):
            wait = begin + n * seconds / count - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            milliseconds, body = self.ask()
            (self.later if self.cursor else self.first).append(milliseconds)
            # Three of the first page, then one deeper in.
            deeper = (n + 1) % 4 == 0
            self.cursor = self.next_of(body) if deeper else None
        time.sleep(max(0.0, begin + seconds - time.monotonic()))

    @staticmethod
    def next_of(body):
        marker = body.rfind(b'"next":"')
        return body[marker + 8:body.index(b'"', marker + 8)].decode() if marker >= 0 else None


class Minute:
    """The steady state."""

    def __init__(self, process, options):
        before, cpu = process.metrics(), process.cpu_seconds()
        threads = process.thread_seconds()
        begin = time.monotonic()
        self.pages = Pages(process)
        self.pages.run(options.seconds, options.requests)
        self.threads = {name: 100 * (value - threads.get(name, 0)) / options.seconds
                        for name, value in process.thread_seconds().items()}
        self.cpu = process.cpu_seconds() - cpu
        after = process.metrics()
        self.seconds = time.monotonic() - begin
        name = "tocsin_check_outcomes_total"
        self.checks = after.total(name) - before.total(name)
        self.up = after.total(name, status="up") - before.total(name, status="up")
        self.skipped = (after.total("tocsin_schedule_skipped_total") -
                        before.total("tocsin_schedule_skipped_total"))
        self.lateness = daemon.Lateness(before, after)
        self.rss_kib = process.memory_kib("VmRSS")
        self.anonymous_kib = process.memory_kib("RssAnon")
        self.store_bytes = after.total("tocsin_store_size_bytes")

    def rows(self):
        late, pages = self.lateness, self.pages
        busiest = sorted(self.threads.items(), key=lambda item: -item[1])[:4]
        return [
            ["checks a second", f"{self.checks / self.seconds:.0f}"],
            ["outcomes not up; runs skipped", f"{self.checks - self.up:.0f}; {self.skipped:.0f}"],
            ["CPU of the process", f"{100 * self.cpu / self.seconds:.1f} % of one core"],
            ["busiest threads, %", ", ".join(f"{n} {p:.1f}" for n, p in busiest)],
            ["lateness mean; p50; p99; p99.9", f"{late.mean_ms:.1f} ms; " + "; ".join(
                f"<= {late.quantile_ms(q):g} ms" for q in (0.5, 0.99, 0.999))],
            ["first page p50; p99; max", self.latencies(pages.first)],
            ["later page p50; p99; max", self.latencies(pages.later)],
            ["RSS; anonymous", f"{self.rss_kib / 1024:.0f}; {self.anonymous_kib / 1024:.0f} MiB"],
            ["store file", f"{self.store_bytes / 2**20:.0f} MiB"]]

    @staticmethod
    def latencies(values):
        if not values:
            return "none"
        return (f"{measured.quantile(values, 0.5):.1f}; {measured.quantile(values, 0.99):.1f}; "
                f"{max(values):.1f} ms of {len(values)}")


def report(options, empty_kib, fresh, minute, again):
    per_monitor = (minute.rss_kib - empty_kib) / options.monitors
    print(f"\n{options.monitors} monitors at every: {options.every}s\n")
    rows = fresh.rows("new store") + again.rows("its store again")
    rows += [["empty process, RSS", f"{empty_kib / 1024:.1f} MiB"]] + minute.rows()
    measured.print_table(["what", "measured"], rows)
    pages = minute.pages.first + minute.pages.later
    measured.print_claims([
        measured.Claim("scheduling after start, new store", fresh.scheduling, "s", 5),
        measured.Claim("scheduling after start, its store again", again.scheduling, "s", 5),
        measured.Claim("memory per monitor beyond an empty process", per_monitor, "KiB", 3),
        measured.Claim("lateness p99 (bucket's upper bound)",
                       minute.lateness.quantile_ms(0.99), "ms", 50),
        measured.Claim(f"GET {LIST} p99", measured.quantile(pages, 0.99), "ms", 50)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--monitors", type=int, default=100_000)
    parser.add_argument("--every", type=int, default=60, help="seconds (60)")
    parser.add_argument("--seconds", type=int, default=60, help="of the steady state (60)")
    parser.add_argument("--requests", type=int, default=300, help="to the API meanwhile (300)")
    options = parser.parse_args()
    print(f"machine: {measured.machine()}", flush=True)
    with measured.work_folder("scale") as folder, target_nginx.Nginx(folder) as nginx:
        empty_kib = empty_process_kib(folder)
        text = "".join(config(nginx, options.monitors, options.every))
        with daemon.Daemon(folder, text) as process:
            fresh = Start(process, nginx)
            # A run that is 100 ms late is still on time; 5 s cover that and the last timeouts.
            time.sleep(max(0.0, min(options.every, 60) + 5 - fresh.ready))
            minute = Minute(process, options)
            stopping = time.monotonic()
        print(f"stopped in {time.monotonic() - stopping:.2f} s")
        with daemon.Daemon(folder, text, "again.log") as process:
            again = Start(process, nginx)
    report(options, empty_kib, fresh, minute, again)


if __name__ == "__main__":
    measured.main_guard(main)
