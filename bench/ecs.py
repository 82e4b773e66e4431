#!/usr/bin/python3
"""Thousands of ECS services in several accounts and regions, watched by one daemon.

usage: bench/ecs.py [--services N] [--clusters N] [--account-regions N] [--events N]
                    [--rounds N] [--seconds S] [--deployments N] [--flood N]

The scripted AWS of tests/aws plays the fleet in a process of its own and takes 20 ms for every answer,
in which each service has the 100 lines of its log that AWS always gives along.
First the same binary without ECS gives the CPU and the memory to compare with, then a tenth of the
fleet its memory. The whole fleet follows: steady sweeps (calls, times, CPU), each round beside the same
sweep by botocore in one process; then deployments one by one, from the change at AWS to the first byte
of the request to a Slack-shaped receiver; then many at the same moment. At the end every deployment
must have been told as started and as finished, once. What cannot be better stands beside: ten services
a call, one interval until somebody looks.

Slow is a row of a table; a message too few, too many or about nothing, and a request that AWS would
not take, are errors. About thirteen minutes. Needs build/aws: tools/install-deps test.
TOCSIN_BIN names another binary, TOCSIN_BENCH_DIR another place for the store.
"""

import argparse
import asyncio
import collections
import contextlib
import json
import os
import random
import re
import sys
import threading
import time

import daemon
import measured

sys.path.insert(0, str(measured.REPO / "tests/aws"))

from scripted.process import FleetProcess  # noqa: E402

INTERVAL_S = 10
LATENCY_S = 0.02
BATCH = 10
PAGE = 100
PAUSE_S = 0.15  # calls of one turn come closer together, calls on the budget's even pace do not
BUDGET = 5      # calls a second of an account and region
SERVICE = re.compile(rb"fleet-(\d+)\\?/service-(\d+)")
TYPES = {b": deploying ": "started", b" finished after ": "finished"}
TAKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


# --- The receiver --------------------------------------------------------------------------------

class Slack(asyncio.Protocol):
    def __init__(self, told):
        self.told, self.text, self.began = told, b"", None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.began = self.began or time.time()
        self.text += data
        while True:
            head, end, body = self.text.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            if not end or not length or len(body) < int(length.group(1)):
                return
            size = int(length.group(1))
            self.told.take(body[:size], self.began)
            self.text = body[size:]
            self.began = time.time() if self.text else None
            self.transport.write(TAKEN)


class Told:
    """Which requests came about which service, and when each began."""

    def __init__(self):
        self.requests = collections.defaultdict(list)  # (cluster, service, type) -> times
        self.other = []
        (self.port,) = measured.free_ports()
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self.serve, args=(ready,), daemon=True).start()
        ready.wait(10)

    def serve(self, ready):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self.loop.create_server(
            lambda: Slack(self), "127.0.0.1", self.port, backlog=1024))
        ready.set()
        self.loop.run_forever()

    def take(self, body, began):
        services = {f"fleet-{a.decode()}/service-{b.decode()}" for a, b in SERVICE.findall(body)}
        types = {name for mark, name in TYPES.items() if mark in body}
        if len(services) != 1 or len(types) != 1:
            self.other.append(body.decode(errors="replace")[:500])
            return
        self.requests[services.pop(), types.pop()].append(began)

    def wait(self, services, type_, until):
        """Until each service has one, or the time is over."""
        while time.time() < until and not all((s, type_) in self.requests for s in services):
            time.sleep(0.02)

    def delay(self, service, type_, since):
        times = self.requests.get((service, type_))
        if not times:
            raise measured.Failed(f"{service}: nobody was told that its deployment {type_}")
        return times[0] - since


# --- The daemon ----------------------------------------------------------------------------------

def environment(fleet):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**clean, "AWS_ENDPOINT_URL": fleet.url, "AWS_ACCESS_KEY_ID": fleet.key,
            "AWS_SECRET_ACCESS_KEY": fleet.secret, "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true"}


def config(fleet, told, seconds):
    """Lists as often as a window is long, so that each window has each list once."""
    yield (f"channels:\n  ops:\n"
           f"    slack: {{webhook_url: \"http://127.0.0.1:{told.port}/services/x\"}}\n"
           f"    rate: 1000 per 1s\n"
           f"ecs:\n  check_interval: {INTERVAL_S}s\n  refresh_services_interval: {seconds}s\n"
           f"  announce_start: never\n  notify: [ops]\n  clusters:\n")
    for one in fleet.clusters:
        yield f"    - {{cluster: {one['cluster']}, region: {one['region']}"
        if one["role_arn"]:
            yield f", role_arn: \"{one['role_arn']}\", external_id: {one['external_id']}"
        yield "}\n"


@contextlib.contextmanager
def fleet_of(options, services):
    try:
        fleet = FleetProcess(services=services, clusters=options.clusters, seed=1, calm=None,
                             account_regions=options.account_regions, events=options.events,
                             latency=LATENCY_S, validate=False)
    except RuntimeError as error:
        raise measured.Failed(f"{error}; botocore is needed: tools/install-deps test")
    try:
        yield fleet
    finally:
        fleet.close()


class Watching(daemon.Daemon):
    def __init__(self, folder, fleet, told, options, services):
        folder = folder / f"of-{services}"
        folder.mkdir()
        self.services = services
        super().__init__(folder, "".join(config(fleet, told, options.seconds)),
                         env=environment(fleet))

    def figure(self, name, **labels):
        return self.metrics().total(f"tocsin_ecs_{name}", **labels)

    def settle(self):
        """Until each service was looked at three times, so at least twice as known."""
        self.wait_for(self.is_ready, "readiness")
        self.wait_for(lambda: self.figure("looks_total", result="answered") >= 3 * self.services,
                      "third look at all services", limit=30 + 5 * INTERVAL_S, pause=0.2)
        if self.figure("services") != self.services:
            raise measured.Failed(f"{self.figure('services'):.0f} of {self.services} are watched")


def resting(options, folder):
    """A daemon that watches nothing: its memory in KiB and its CPU in seconds a second."""
    folder = folder / "empty"
    folder.mkdir()
    with daemon.Daemon(folder, "monitors: {}\n") as process:
        process.wait_for(process.is_ready, "readiness")
        process.metrics()
        time.sleep(3)
        cpu, begin = process.cpu_seconds(), time.monotonic()
        time.sleep(min(30, options.seconds))
        return (process.memory_kib("VmRSS"),
                (process.cpu_seconds() - cpu) / (time.monotonic() - begin))


def memory_of(options, folder, told, services):
    with fleet_of(options, services) as fleet, \
            Watching(folder, fleet, told, options, services) as process:
        process.settle()
        return process.memory_kib("VmRSS")


# --- Sweeps --------------------------------------------------------------------------------------

class Plan:
    """What cannot be better."""

    def __init__(self, fleet, options):
        self.places = collections.Counter()
        for number, cluster in enumerate(fleet.clusters):
            mine = len(range(number, options.services, options.clusters))
            self.places[cluster["account"], cluster["region"]] += mine
        self.calls = {place: -(-n // BATCH) for place, n in self.places.items()}
        per_cluster = -(-options.services // options.clusters)
        self.lists = options.clusters * -(-per_cluster // PAGE)

    @property
    def sweep(self):
        return sum(self.calls.values())


def looks(times):
    """Moments of the looks, by account and region."""
    out = collections.defaultdict(list)
    for at, operation, account, region in times:
        if operation == "DescribeServices":
            out[account, region].append(at)
    return {place: sorted(all_of) for place, all_of in out.items()}


def sweep_seconds(plan, times):
    """Of runs of as many calls as a sweep has that begin behind a pause: from the first request to the
    last answer. Batches take turns in one order, so that each run has each batch once."""
    return [all_of[i + plan.calls[place] - 1] - all_of[i] + LATENCY_S
            for place, all_of in looks(times).items()
            for i in range(len(all_of) - plan.calls[place] + 1)
            if i == 0 or all_of[i] - all_of[i - 1] > PAUSE_S]


def turn_seconds(plan, times):
    """Between two looks at a service."""
    return [later - earlier for place, all_of in looks(times).items()
            for earlier, later in zip(all_of, all_of[plan.calls[place]:])]


class Window:
    """Steady sweeps."""

    def __init__(self, process, fleet, plan, options, rest):
        threads, cpu = process.thread_seconds(), process.cpu_seconds()
        fleet.reset()
        begin = time.monotonic()
        time.sleep(options.seconds)
        times = fleet.times()
        self.seconds = time.monotonic() - begin
        self.cpu = process.cpu_seconds() - cpu
        share = 1e6 / (options.services * self.seconds / INTERVAL_S)  # per service and sweep
        self.each_us = (self.cpu - rest * self.seconds) * share
        self.threads = collections.Counter()
        for name, used in process.thread_seconds().items():
            self.threads[int(name.partition("/")[2]) - process.pid] += (
                used - threads.get(name, 0)) * share
        counts = collections.Counter(operation for _, operation, _, _ in times)
        self.describes = counts.pop("DescribeServices", 0)
        self.lists = counts.pop("ListServices", 0)
        self.others = dict(counts)
        self.sweeps = self.seconds / INTERVAL_S
        self.sweep_seconds = sweep_seconds(plan, times)
        self.turn_seconds = turn_seconds(plan, times)
        self.wanted = self.sweeps * plan.sweep + plan.lists * self.seconds / options.seconds
        self.calls = self.describes + self.lists + sum(counts.values())


def by_botocore(fleet, options):
    """CPU microseconds per service of one sweep."""
    how = {"url": fleet.url, "key": fleet.key, "secret": fleet.secret, "clusters": fleet.clusters,
           "sweeps": 1}
    text, _ = measured.run_to_end(
        [sys.executable, "-B", measured.REPO / "bench/ecs_botocore.py", json.dumps(how)], 120)
    answer = json.loads(text)
    if answer["seen"] != options.services:
        raise measured.Failed(f"botocore saw {answer['seen']} of {options.services} services")
    return 1e6 * answer["cpu"] / options.services


# --- Deployments ---------------------------------------------------------------------------------

class Deployments:
    """Every service is deployed once at most, so that what is told of it is told once."""

    def __init__(self, fleet, told, options):
        self.fleet, self.told, self.begun = fleet, told, {}
        chance = random.Random(1)
        self.rest = [(fleet.clusters[n % options.clusters]["cluster"], f"service-{n}")
                     for n in range(options.services)]
        chance.shuffle(self.rest)

    def deploy(self):
        cluster, service = self.rest.pop()
        name = f"{cluster}/{service}"
        self.begun[name] = self.fleet.deploy(cluster, service)
        return name

    def one_by_one(self, count, seconds):
        """Seconds from each change to the request that tells of it."""
        begin, names = time.monotonic(), []
        for number in range(count):
            time.sleep(max(0.0, begin + number * seconds / count - time.monotonic()))
            names.append(self.deploy())
        return self.delays(names, "started", [self.begun[n]["started"] for n in names])

    def at_once(self, count):
        """Each one's seconds since the first change."""
        names = [self.deploy() for _ in range(count)]
        made = [self.begun[n]["started"] for n in names]
        return self.delays(names, "started", [min(made)] * count)

    def delays(self, names, type_, since):
        self.told.wait(names, type_, max(since) + 6 * INTERVAL_S)
        return [self.told.delay(name, type_, at) for name, at in zip(names, since)]

    def ends(self):
        """Waits for the end of all; seconds from each to the request that tells of it."""
        names = list(self.begun)
        return self.delays(names, "finished", [self.begun[n]["complete"] for n in names])

    def check(self):
        """Each told as started and finished, once, and nothing else."""
        time.sleep(INTERVAL_S + 2)
        twice = [k for k, times in self.told.requests.items() if len(times) != 1]
        alien = [k for k in self.told.requests if k[0] not in self.begun]
        if twice or alien or self.told.other:
            raise measured.Failed(f"told more than once: {twice[:5]}; told of what was not "
                                  f"deployed: {alien[:5]}; other messages: {self.told.other[:3]}")
        if violations := self.fleet.violations():
            raise measured.Failed(f"AWS would not take: {violations[:3]}")
        return len(self.told.requests)


# --- All of it -----------------------------------------------------------------------------------

class Measured:
    def __init__(self, options, folder):
        self.options, told = options, Told()
        self.empty_kib, rest = resting(options, folder)
        self.few = options.services // 10
        self.few_kib = memory_of(options, folder, told, self.few)
        with fleet_of(options, options.services) as fleet, \
                Watching(folder, fleet, told, options, options.services) as process:
            self.plan = Plan(fleet, options)
            process.settle()
            self.first = sweep_seconds(self.plan, self.first_looks(fleet.times()))
            self.kib = process.memory_kib("VmRSS")
            self.botocore, self.windows = [], []
            for _ in range(options.rounds):
                self.botocore.append(by_botocore(fleet, options))
                self.windows.append(Window(process, fleet, self.plan, options, rest))
            deployments = Deployments(fleet, told, options)
            self.single = [deployments.one_by_one(options.deployments, options.seconds)
                           for _ in range(options.rounds)]
            self.flood = [deployments.at_once(options.flood) for _ in range(options.rounds)]
            self.ends = deployments.ends()
            self.messages, self.deployed = deployments.check(), len(deployments.begun)
            self.last_kib = process.memory_kib("VmRSS")
            self.load = os.getloadavg()[0]

    def first_looks(self, times):
        found = looks(times)
        return [[at, "DescribeServices", *place] for place, all_of in found.items()
                for at in all_of[:self.plan.calls[place]]]


def middle(rounds, how):
    """The median round and the range."""
    values = [how(one) for one in rounds]
    return measured.median(values), min(values), max(values)


def quantiles(values):
    return (f"{measured.quantile(values, 0.5):.2f}; {measured.quantile(values, 0.99):.2f}; "
            f"{max(values):.2f} s")


def report(m):
    options, plan = m.options, m.plan
    each, low, high = middle(m.windows, lambda w: w.each_us)
    python, python_low, python_high = middle(m.botocore, lambda us: us)
    calls, _, _ = middle(m.windows, lambda w: w.calls)
    wanted, _, _ = middle(m.windows, lambda w: w.wanted)
    spans = [s for w in m.windows for s in w.sweep_seconds]
    turns = [s for w in m.windows for s in w.turn_seconds]
    single = [s for one in m.single for s in one]
    last, last_low, last_high = middle(m.flood, max)
    # All are looked at, and of each that changed the images are asked for.
    best = (plan.sweep + options.flood) / len(plan.places) / BUDGET
    threads = m.windows[-1].threads.most_common(4)
    kib = (m.kib - m.empty_kib) / options.services
    print(f"\n{options.services} services, {options.clusters} clusters, {len(plan.places)} accounts "
          f"and regions, every {INTERVAL_S} s, {options.rounds} rounds of {options.seconds} s; "
          f"load {m.load:.1f} at the end\n")
    measured.print_table(["what", "measured", "cannot be better", "ratio"], [
        ["calls in a round", f"{calls:.0f}", f"{wanted:.0f}", f"{calls / wanted:.3f}"],
        ["of them looks; lists; others (last round)", f"{m.windows[-1].describes}; "
         f"{m.windows[-1].lists}; {sum(m.windows[-1].others.values())}",
         f"{plan.sweep} a sweep; {plan.lists}; 0", ""],
        ["a sweep, from the first request to the last answer: p50; p99; worst", quantiles(spans),
         f"{max(plan.calls.values()) / BUDGET:g} s by the budget", ""],
        ["between two looks at a service: p50; p99; worst", quantiles(turns),
         f"{INTERVAL_S} s", f"{max(turns) / INTERVAL_S:.3f}"],
        ["the first sweep: p50 of accounts and regions; worst",
         f"{measured.median(m.first):.2f}; {max(m.first):.2f} s", "", ""],
        ["change at AWS to Slack request: p50; p99; worst", quantiles(single),
         f"{INTERVAL_S / 2:g}; {INTERVAL_S * 0.99:g}; {INTERVAL_S:g} s",
         f"{measured.median(single) / (INTERVAL_S / 2):.2f}; "
         f"{measured.quantile(single, 0.99) / (INTERVAL_S * 0.99):.2f}; "
         f"{max(single) / INTERVAL_S:.2f}"],
        [f"{options.flood} changes at once, until the last request: median; range",
         f"{last:.1f}; {last_low:.1f} to {last_high:.1f} s", f"{best:.1f} s by the budget",
         f"{last / best:.2f}"],
        ["end at AWS to Slack request, all deployments: p50; p99; worst", quantiles(m.ends), "", ""],
        ["deployments; messages, each once", f"{m.deployed}; {m.messages}",
         f"{2 * m.deployed} messages", ""]])
    measured.print_table(["what", "measured", "range", "botocore"], [
        ["CPU per service and sweep", f"{each:.1f} us", f"{low:.1f} to {high:.1f}",
         f"{python:.0f} us ({python_low:.0f} to {python_high:.0f}): {python / each:.1f} times"],
        ["of it by thread, the loop is 0 (last round)",
         ", ".join(f"{n}: {us:.1f}" for n, us in threads), "", ""],
        ["CPU of the process", f"{100 * each * options.services / INTERVAL_S / 1e6:.2f} % of one core",
         "", ""],
        [f"memory of 0; {m.few}; {options.services} services; after all deployments",
         "; ".join(f"{k / 1024:.1f}" for k in (m.empty_kib, m.few_kib, m.kib, m.last_kib)) + " MiB",
         "", ""],
        [f"memory per service: of {m.few}; of {options.services}",
         f"{(m.few_kib - m.empty_kib) / m.few:.1f}; {kib:.1f} KiB", "", ""]])
    measured.print_claims([
        measured.Claim("calls / ceil(N/10) per account and region plus lists", calls / wanted, "",
                       1.01),
        measured.Claim("a sweep, worst", max(spans), "s", INTERVAL_S),
        measured.Claim("change at AWS to Slack request, worst", max(single), "s", INTERVAL_S + 1)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--services", type=int, default=2000)
    parser.add_argument("--clusters", type=int, default=20)
    parser.add_argument("--account-regions", type=int, default=5)
    parser.add_argument("--events", type=int, default=100,
                        help="lines in each service's log; AWS keeps 100 (100)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=60, help="of a round of sweeps (60)")
    parser.add_argument("--deployments", type=int, default=100, help="one by one, each round (100)")
    parser.add_argument("--flood", type=int, default=200, help="at once, each round (200)")
    options = parser.parse_args()
    if options.rounds * (options.deployments + options.flood) > options.services:
        parser.error("every service is deployed once: fewer rounds, deployments or a smaller flood")
    print(f"machine: {measured.machine()}", flush=True)
    with measured.work_folder("ecs") as folder:
        measurement = Measured(options, folder)
    report(measurement)


if __name__ == "__main__":
    measured.main_guard(main)
