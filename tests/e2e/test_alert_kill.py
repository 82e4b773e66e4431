"""kill -9 in a loop while things go down and up and a receiver logs everything that it is sent: no
state change without its notification, and none twice, except where the kill fell between a delivery
and its record."""

import collections
import json
import os
import random
import threading
import time

import pytest

from daemon import wait_until
from receiver import Receiver

MONITORS = 40
SEED = int(os.environ.get("TOCSIN_SEED", "20263"))
# A delivery that is not recorded when the kill comes is younger than this: one group commit.
UNRECORDED_S = 3.0
LIFE = "X-Life"  # header that says which life of the daemon sent it: no clock could tell


class Log(Receiver):
    """A receiver that fails now and then, and notes when it took what."""

    def __init__(self, chance):
        super().__init__()
        self.taken = collections.defaultdict(list)  # (channel, event id) -> (life, time)
        self.order = collections.defaultdict(list)  # (channel, monitor) -> events as first taken
        self.keys = collections.defaultdict(set)    # (channel, event id) -> idempotency keys
        self.chance, self.lock = chance, threading.Lock()

    def respond(self, path, headers, body):
        event = json.loads(body)
        with self.lock:
            if self.chance.random() < 0.05:
                return 503
            key = (path, event["id"])
            if key not in self.taken:
                self.order[path, event["monitor"]].append(event)
            self.taken[key].append((int(headers[LIFE]), time.monotonic()))
            self.keys[key].add(headers["Idempotency-Key"])
        return 200


@pytest.fixture
def log():
    made = Log(random.Random(SEED))
    yield made
    made.close()


def config(farm, log):
    channels = {name: {"webhook": {"url": f"{log.url}/{name}", "headers": {LIFE: "${LIFE}"}}}
                for name in ("ops", "page")}
    monitors = {}
    for i in range(MONITORS):
        monitors[f"m{i:03}"] = {"http": f"{farm.url}/flip/{300 + 41 * (i % 20)}/{i}",
                                "every": ["200ms", "300ms", "500ms"][i % 3], "timeout": "200ms",
                                "fail_after": 1 + i % 2, "flapping": False,
                                "notify": ["ops", "page"] if i % 4 == 0 else ["ops"]}
    return {"channels": channels, "monitors": monitors}


def all_events(node):
    events, cursor = [], ""
    while cursor is not None:
        page = node.get(f"/api/v1/events?limit=1000{cursor}").json()
        events += page["items"]
        cursor = f"&cursor={page['next']}" if page["next"] else None
    return [event for event in events if event["type"] in ("went_down", "recovered")]


def check(events, log, kills, settings):
    wanted = {(f"/{channel}", event["id"]): event for event in events
              for channel in settings["monitors"][event["monitor"]]["notify"]}
    missing = [event for key, event in wanted.items() if key not in log.taken]
    assert not missing, f"{len(missing)} stored and never told, first {missing[0]}"
    unknown = [key for key in log.taken if key not in wanted]
    assert not unknown, f"told, and not in the store: {unknown[:3]}"
    repeated = 0
    for key, times in log.taken.items():
        assert len(log.keys[key]) == 1, f"{key} came under several keys"
        for (life, first), (next_life, second) in zip(times, times[1:]):
            repeated += 1
            assert life < next_life, \
                f"{key} came twice, {second - first:.2f} s apart, and no kill fell between"
            assert kills[life] - first < UNRECORDED_S, \
                f"{key} came again in life {next_life}, and was not recorded for " \
                f"{kills[life] - first:.2f} s in life {life}"
    for (channel, monitor), told in log.order.items():
        ids = [event["id"] for event in told]
        assert ids == sorted(ids), f"{channel} heard of {monitor} out of order: {told}"
        types = [event["type"] for event in told]
        assert all(a != b for a, b in zip(types, types[1:])), (channel, monitor, types)
    return repeated


def kill_loop(node, log, settings, rounds, seed):
    chance = random.Random(seed)
    kills = []
    node.start(env={"LIFE": "0"})
    for life in range(1, rounds + 1):
        time.sleep(chance.uniform(0.05, 0.9))
        node.kill()
        kills.append(time.monotonic())
        node.start(env={"LIFE": str(life)})
    calm = {name: {**monitor, "http": monitor["http"].replace("/flip/", "/ok/")}
            for name, monitor in settings["monitors"].items()}
    node.write_config({**settings, "monitors": calm})
    node.reload()
    wait_until(lambda: all(item["state"] == "up" for item in node.monitors().values()), 30,
               "all up")
    wait_until(lambda: node.get("/api/v1/outbox").json()["items"] == [], 60, "an empty outbox")
    events = all_events(node)
    repeated = check(events, log, kills, settings)
    assert len(events) > rounds, "no load"
    print(f"{rounds} kills, seed {seed}: {len(events)} changes, "
          f"{sum(map(len, log.taken.values()))} deliveries, {repeated} repeated", flush=True)
    assert node.stop() == 0


def test_fifty_kills_lose_no_notification(daemon, farm, log):
    settings = config(farm, log)
    kill_loop(daemon(settings), log, settings, 50, SEED)


@pytest.mark.soak
def test_two_thousand_kills_lose_no_notification(daemon, farm):
    kills = int(os.environ.get("TOCSIN_ALERT_KILLS", "2000"))
    for first in range(0, kills, 200):
        log = Log(random.Random(SEED + first))
        settings = config(farm, log)
        kill_loop(daemon(settings, f"node{first}"), log, settings, min(200, kills - first),
                  SEED + first)
        log.close()
