#!/usr/bin/python3
"""An outage of the receiver: how much a waiting notification takes, how fast all are delivered.

usage: bench/alert_outbox.py [--alerts N] [--skip-reference]

As many monitors as alerts, whose targets refuse, tell one webhook channel; the receiver refuses as
well until all wait. Then it comes back (nginx, one worker) and counts requests; nobody tells the
sender so. Memory per waiting notification is compared with a daemon that has the same monitors and
tells nobody.

The reference, in the same run: Alertmanager with the same number of alerts, posted to its API, one
group each, for the same receiver. It keeps alerts in memory only; Tocsin's are on disk before they
are announced, and every delivery is recorded there.
"""

import argparse
import http.client
import json
import time

import daemon
import measured
import target_nginx

def config(receiver, refused, monitors, every, told):
    yield (f"channels:\n  hook:\n    webhook: {{url: \"http://127.0.0.1:{receiver}/hook\"}}\n"
           f"    concurrency: 32\n    timeout: 5s\n")
    notify = "[hook]" if told else "[]"
    yield f"defaults: {{every: {every}s, fail_after: 1, notify: {notify}}}\nmonitors:\n"
    for n in range(monitors):
        yield (f"  service-{n:06d}:\n    tcp: 127.0.0.1:{refused}\n"
               f"    labels: {{team: team-{n % 50}}}\n")


SHARES = (0, 0.1, 0.9)  # first delivery, and between the others the rate


def settled_rss(process, pause=4.0):
    time.sleep(pause)
    return process.memory_kib("VmRSS")


class Tocsin:
    name = "Tocsin"

    def __init__(self, folder, options, receiver):
        self.alerts = options.alerts
        monitors = options.alerts
        (refused,) = measured.free_ports()
        silent, loud = folder / "silent", folder / "loud"
        silent.mkdir()
        loud.mkdir()
        text = "".join(config(receiver, refused, monitors, options.every, False))
        with daemon.Daemon(silent, text) as process:
            self.all_down(process, monitors, options)
            self.base_kib = settled_rss(process)
        text = "".join(config(receiver, refused, monitors, options.every, True))
        self.process = daemon.Daemon(loud, text)
        self.all_down(self.process, monitors, options)
        self.process.wait_for(lambda: self.waiting() >= options.alerts, "waiting notifications",
                              300)
        self.queued_seconds = time.monotonic() - self.process.started
        self.full_kib = settled_rss(self.process)

    @staticmethod
    def all_down(process, monitors, options):
        process.wait_for(process.is_ready, "readiness", 60)
        process.wait_for(
            lambda: process.metrics().total("tocsin_monitors", state="down") >= monitors,
            "outage of every target", options.every + 120, 0.25)

    def waiting(self):
        return self.process.metrics().total("tocsin_outbox_rows")

    def done(self):
        return self.waiting() == 0

    def kib_per_alert(self):
        return (self.full_kib - self.base_kib) / self.alerts


class Alertmanager:
    name = "Alertmanager"
    CONFIG = """
route: {{receiver: hook, group_by: ['...'], group_wait: 0s, group_interval: 1m,
         repeat_interval: 24h}}
receivers:
  - name: hook
    webhook_configs: [{{url: 'http://127.0.0.1:{port}/am', send_resolved: true}}]
"""

    def __init__(self, folder, options, receiver):
        self.alerts = options.alerts
        folder = folder / "alertmanager"
        folder.mkdir()
        (folder / "config.yml").write_text(self.CONFIG.format(port=receiver))
        (self.port,) = measured.free_ports()
        self.process = measured.Process(
            ["prometheus-alertmanager", f"--config.file={folder}/config.yml",
             f"--storage.path={folder}/data", "--cluster.listen-address=",
             f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=error"],
            folder / "alertmanager.log")
        self.process.wait_for(lambda: measured.accepts(self.port), "listening port")
        time.sleep(2)
        self.base_kib = self.process.memory_kib("VmRSS")
        begin = time.monotonic()
        for first in range(0, self.alerts, 500):
            self.post([{"labels": {"alertname": "down", "monitor": f"service-{n:06d}",
                                   "team": f"team-{n % 50}"},
                        "annotations": {"message": f"service-{n:06d} is down: connection refused"}}
                       for n in range(first, min(first + 500, self.alerts))])
        self.queued_seconds = time.monotonic() - begin
        self.full_kib = settled_rss(self.process, 10)

    def post(self, alerts):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", "/api/v2/alerts", json.dumps(alerts),
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if answer.status != 200:
            raise measured.Failed(f"Alertmanager answers {answer.status} {body[:300]}")

    def done(self):
        return True  # it says nothing about what waits: the receiver's count is all there is

    def kib_per_alert(self):
        return (self.full_kib - self.base_kib) / self.alerts


def drain(system, folder, receiver, limit=600):
    """Seconds from the receiver's return until some share was delivered, and all were."""
    folder = folder / f"nginx-{system.name}"
    folder.mkdir()
    with target_nginx.Nginx(folder, receiver) as nginx:
        begin = time.monotonic()
        reached = {}
        while True:
            system.process.alive()
            seen, now = nginx.requests(), time.monotonic() - begin
            for share in SHARES:
                if seen > share * system.alerts:
                    reached.setdefault(share, (now, seen))
            if seen >= system.alerts and system.done():
                break
            if now > limit:
                raise measured.Failed(f"{system.name}: {seen} of {system.alerts} after {limit} s")
            time.sleep(0.05)
        return reached, now


def measure(kind, folder, options):
    (receiver,) = measured.free_ports()
    system = kind(folder, options, receiver)
    try:
        reached, last = drain(system, folder, receiver)
    finally:
        system.process.stop()
    (first, _), (begin, early), (end, late) = (reached[share] for share in SHARES)
    rate = (late - early) / max(end - begin, 1e-3)
    return {"kib": system.kib_per_alert(), "first": first, "last": last, "rate": rate,
            "queued": system.queued_seconds}


ROWS = (("memory per waiting notification", "kib", "{:.2f} KiB"),
        ("until all wait", "queued", "{:.1f} s"),
        ("receiver back to first delivery", "first", "{:.2f} s"),
        ("receiver back to last delivery", "last", "{:.2f} s"),
        ("delivered per second, 10 % to 90 %", "rate", "{:.0f}"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--alerts", type=int, default=100_000)
    parser.add_argument("--every", type=int, default=30, help="interval of the checks, s (30)")
    parser.add_argument("--skip-reference", action="store_true")
    options = parser.parse_args()
    print(f"machine: {measured.machine()}", flush=True)
    kinds = [Tocsin] if options.skip_reference else [Tocsin, Alertmanager]
    with measured.work_folder("outbox") as folder:
        results = {kind.name: measure(kind, folder, options) for kind in kinds}
    print(f"\n{options.alerts} notifications that waited for their receiver\n")
    header = ["what", *results]
    rows = [[text] + [form.format(result[key]) for result in results.values()]
            for text, key, form in ROWS]
    if len(results) == 2:
        ours, theirs = results.values()
        header.append("Tocsin / Alertmanager")
        for row, (_, key, _) in zip(rows, ROWS):
            row.append(f"{ours[key] / theirs[key]:.2f}" if theirs[key] else "")
    measured.print_table(header, rows)


if __name__ == "__main__":
    measured.main_guard(main)
