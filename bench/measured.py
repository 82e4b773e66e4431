"""What every benchmark here stands on: real processes, what they cost, and tables.

A process is started in its own session with its output in a file, and is ended by its own id.
CPU time is read from /proc, so that it counts every thread and nothing else.
"""

import contextlib
import dataclasses
import os
import pathlib
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

REPO = pathlib.Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A benchmark cannot run: the sentence says why and what to do."""


class Process:
    """A child that lives as long as the `with` block."""

    def __init__(self, command, log, env=None):
        self.command = [str(part) for part in command]
        self.log = pathlib.Path(log)
        with open(self.log, "wb") as out:
            try:
                self.child = subprocess.Popen(self.command, stdout=out, stderr=out, env=env,
                                              stdin=subprocess.DEVNULL, start_new_session=True)
            except FileNotFoundError:
                raise Failed(f"{self.command[0]} is not there: tools/install-deps bench")
        self.started = time.monotonic()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self, grace=20.0):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(grace)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        return self.child.returncode

    def alive(self):
        if self.child.poll() is not None:
            text = self.log.read_text(errors="replace")[-2000:]
            raise Failed(f"{self.command[0]} ended with {self.child.returncode}:\n{text}")

    def wait_for(self, ready, what, limit=30.0, pause=0.02):
        """Calls `ready` until it answers something true; returns the seconds since the start."""
        while time.monotonic() - self.started < limit:
            self.alive()
            if ready():
                return time.monotonic() - self.started
            time.sleep(pause)
        raise Failed(f"{self.command[0]}: no {what} within {limit:g} s; its log is {self.log}")

    @property
    def pid(self):
        return self.child.pid

    def cpu_seconds(self, pids=None):
        """User and system time of all threads, ended ones too."""
        total = 0
        for pid in pids or [self.pid]:
            text = pathlib.Path(f"/proc/{pid}/stat").read_text()
            fields = text[text.rindex(")") + 2:].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def thread_seconds(self):
        """CPU time of the living threads, by name."""
        out = {}
        for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError):
                name = (task / "comm").read_text().strip()
                nanoseconds = int((task / "schedstat").read_text().split()[0])
                out[f"{name}/{task.name}"] = nanoseconds / 1e9
        return out

    def memory_kib(self, key):
        """VmRSS (now) or VmHWM (peak)."""
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"^{key}:\s+(\d+)", text, re.M).group(1))

    def reset_peak(self):
        pathlib.Path(f"/proc/{self.pid}/clear_refs").write_text("5")


def run_to_end(command, timeout=60):
    """Runs a program; returns (its output, CPU seconds of it alone)."""
    with tempfile.TemporaryFile() as out:
        try:
            child = subprocess.Popen([str(part) for part in command], stdout=out,
                                     stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        except FileNotFoundError:
            raise Failed(f"{command[0]} is not there: tools/install-deps bench")
        deadline = time.monotonic() + timeout
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > deadline:
                child.kill()
            time.sleep(0.02)
        child.returncode = os.waitstatus_to_exitcode(status)  # collected here, not by Popen
        out.seek(0)
        text = out.read().decode(errors="replace")
    if child.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))} ended with {child.returncode}:\n{text}")
    return text, usage.ru_utime + usage.ru_stime


def free_ports(count=1):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def accepts(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
        return True
    return False


@contextlib.contextmanager
def work_folder(name):
    """Below $TOCSIN_BENCH_DIR, else the system's temporary folder; gone afterwards."""
    base = os.environ.get("TOCSIN_BENCH_DIR")
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"tocsin-{name}-", dir=base))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# --- Tables --------------------------------------------------------------------------------------

def median(values):
    return statistics.median(values)


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclasses.dataclass
class Claim:
    text: str
    measured: float
    unit: str
    bound: float
    at_least: bool = False

    def row(self):
        met = self.measured >= self.bound if self.at_least else self.measured <= self.bound
        sign = ">=" if self.at_least else "<="
        return [self.text, f"{self.measured:.2f} {self.unit}".strip(),
                f"{sign} {self.bound:g} {self.unit}".strip(), "reached" if met else "MISSED"]


def print_table(header, rows):
    rows = [header] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
    for number, row in enumerate(rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths))
        print("| " + " | ".join(cells) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    print(flush=True)


def print_claims(claims):
    print_table(["claim", "measured", "wanted", "verdict"], [claim.row() for claim in claims])


def machine():
    model = re.search(r"^model name\s*:\s*(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    memory = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text()).group(1))
    return (f"{os.cpu_count()} cores {model.group(1) if model else platform.machine()}, "
            f"{memory / 2**20:.0f} GiB, Linux {platform.release()}, "
            f"load {os.getloadavg()[0]:.1f} at the start")


def main_guard(main):
    """A benchmark never fails for being slow, only for not running."""
    try:
        main()
    except Failed as problem:
        sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
