"""kill -9 in a loop under load: whatever the API or the console announced is still there.

After every kill the store is looked at twice: a copy of its files with SQLite, before anybody
recovered them, and the API of the next start.
"""

import collections
import json
import os
import random
import re
import shutil
import sqlite3
import time

import pytest

MONITORS = 200
EVERY = ["200ms", "300ms", "500ms", "700ms", "1s"]
SEED = int(os.environ.get("TOCSIN_SEED", "20261"))
CHANGE = re.compile(r"(\d\d:\d\d:\d\d)  (\S+)  (\S+) -> (\S+)")


def monitors(farm):
    made = {}
    for i in range(MONITORS):
        every = EVERY[i % len(EVERY)]
        made[f"m{i:03}"] = {"http": f"{farm.url}/flip/{400 + 37 * (i % 40)}/{i}", "every": every,
                            "timeout": "200ms", "fail_after": 1 + i % 3, "flapping": False,
                            "recover_after": 1 + i % 2}
    return made


class Announced:
    """What the API and the console have said so far, over all lives of the process."""

    def __init__(self):
        self.events = {}     # id -> event
        self.monitors = {}   # name -> item of the last answer
        self.history = {}    # (name, sequence) -> outcome
        self.changes = collections.Counter()  # (HH:MM:SS, monitor, event type) on the console

    def listen(self, node, chance):
        self.monitors = node.monitors()
        cursor, known = "", False
        while not known and cursor is not None:
            page = node.get(f"/api/v1/events?limit=200{cursor}").json()
            known = any(event["id"] in self.events for event in page["items"])
            self.events.update((event["id"], event) for event in page["items"])
            cursor = f"&cursor={page['next']}" if page["next"] else None
        for name in chance.sample(sorted(self.monitors), 3):
            page = node.get(f"/api/v1/monitors/{name}/history").json()
            self.history.update(((name, item["sequence"]), item) for item in page["items"])

    def read_console(self, node):
        types = {"down": "went_down", "unknown": "became_unknown"}
        for at, name, was, now in CHANGE.findall(node.stdout()):
            kind = types.get(now) or ("recovered" if was == "down" else None)
            if kind:
                self.changes[at, name, kind] += 1


def numbers(text):
    return [int(part) for part in text.split()]


def started_ms(item):
    """Start of the last outcome of an API item, comparable as text: RFC 3339 UTC, fixed width."""
    return item["last"]["started_at"] if item["last"] else ""


def check_sum(counters, name):
    assert counters["planned"] == (counters["on_time"] + counters["late"] + counters["running"]
                                   + sum(counters["skipped"].values())), (name, counters)


def check_events(events, announced):
    """`events`: oldest first, complete."""
    ids = [event["id"] for event in events]
    assert len(ids) == len(set(ids)), "an event is there twice"
    stored = dict(zip(ids, events))
    for id_, event in announced.events.items():
        assert stored.get(id_) == event, f"announced and gone, or changed: {event}"
    last = {}
    for event in events:
        before = last.get(event["monitor"])
        if event["type"] == "went_down":
            assert before is None or before["type"] == "recovered", (before, event)
        elif event["type"] == "recovered":
            assert before is not None and before["type"] == "went_down", (before, event)
            assert before["incident"] == event["incident"], (before, event)
        last[event["monitor"]] = event
    told = collections.Counter((e["at"][11:19], e["monitor"], e["type"]) for e in events)
    gone = announced.changes - told
    assert not gone, f"printed on the console, but not stored: {gone}"
    return last


def check_state(state, last_event, name):
    if state == "down":
        assert last_event and last_event["type"] == "went_down", (name, last_event)
    elif state == "up":
        assert last_event is None or last_event["type"] == "recovered", (name, last_event)


def check_files(node, announced, scratch):
    """The store as the kill left it, read from a copy: only Tocsin itself may recover it."""
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    for name in ("tocsin.db", "tocsin.db-wal"):
        if (node.folder / name).exists():
            shutil.copy(node.folder / name, scratch / name)
    database = sqlite3.connect(scratch / "tocsin.db")
    database.row_factory = sqlite3.Row
    assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    events = [json.loads(row[0]) for row in
              database.execute("SELECT json FROM events ORDER BY sequence")]
    last = check_events(events, announced)
    closed = dict(database.execute(
        "SELECT monitor, sum(up + down + unknown) FROM rollups WHERE level = 0 GROUP BY monitor"))
    kept = {row[0]: row[1:] for row in database.execute(
        "SELECT monitor, count(*), max(sequence) FROM outcomes GROUP BY 1")}
    outcomes = {(row[0], row[1]): row[2] for row in database.execute(
        "SELECT monitor, sequence, json FROM outcomes")}
    rows = {row["name"]: row for row in database.execute("SELECT * FROM monitors")}
    for name, item in announced.monitors.items():
        if item["last"] is None:
            continue
        row = rows[name]  # a monitor with an outcome that was shown is stored
        check_state(row["state"], last.get(name), name)
        assert (row["incident_opened"] != 0) == (row["state"] == "down"), name
        last_json = row["last_json"] or outcomes[row["id"], row["outcome_count"]]
        assert json.loads(last_json)["started_at"] >= started_ms(item), name
        counters = numbers(row["counters"])
        planned, on_time, late, skipped, running = (counters[1], counters[2], counters[3],
                                                    counters[4:9], counters[9])
        assert planned == on_time + late + sum(skipped) + running, (name, counters)
        shown = item["schedule"]
        assert on_time >= shown["on_time"] and late >= shown["late"], (name, counters, shown)
        # Each scheduled outcome is in one closed hour or in the open one, and nowhere twice.
        open_hour = sum(numbers(row["buckets"])[3:6])
        assert open_hour + closed.get(row["id"], 0) == on_time + late, (name, row["buckets"])
        count, newest = kept[row["id"]]
        assert newest == row["outcome_count"] and count == min(20, newest), name
        assert json.loads(outcomes[row["id"], newest]) == json.loads(last_json), name
    for (name, sequence), item in announced.history.items():
        row = rows[name]
        assert row["outcome_count"] >= sequence, f"history of {name} was cut: {item}"
        if sequence > row["outcome_count"] - 20:
            assert {**json.loads(outcomes[row["id"], sequence]), "sequence": sequence} == item
    database.close()


def check_api(node, announced):
    """What the next life says: nothing older than what was announced before."""
    after = node.monitors()
    assert after.keys() == announced.monitors.keys()
    for name, item in after.items():
        before = announced.monitors[name]
        check_sum(item["schedule"], name)
        check_sum(before["schedule"], name)
        assert started_ms(item) >= started_ms(before), (name, before, item)
        for field in ("planned", "on_time", "late"):
            assert item["schedule"][field] >= before["schedule"][field], (field, before, item)
        for cause, runs in before["schedule"]["skipped"].items():
            assert item["schedule"]["skipped"][cause] >= runs, (cause, before, item)
        if before["last"] is None:
            continue
        if started_ms(item) == started_ms(before):
            assert (item["state"], item["since"]) == (before["state"], before["since"])
            assert item["last"] == before["last"]
        if item["last"]:
            assert item["uptime"]["1h"] is None or 0 <= item["uptime"]["1h"] <= 1
    totals = node.get("/api/v1/status").json()["schedule"]
    check_sum(totals, "all monitors")


def kill_loop(node, rounds, tmp_path, seed=SEED):
    chance = random.Random(seed)
    announced = Announced()
    node.start()
    for round_ in range(rounds):
        until = time.monotonic() + chance.uniform(0.2, 1.2)
        try:
            while True:
                announced.listen(node, chance)
                if time.monotonic() >= until:
                    break
            node.kill()
            announced.read_console(node)
            check_files(node, announced, tmp_path / "copy")
            announced.history.clear()  # compared; later outcomes push these out
            node.start()
            check_api(node, announced)
        except AssertionError as failure:
            raise AssertionError(f"round {round_}, TOCSIN_SEED={seed}: {failure}") from failure
    types = collections.Counter(event["type"] for event in announced.events.values())
    checks = sum(item["schedule"]["on_time"] + item["schedule"]["late"]
                 for item in announced.monitors.values())
    print(f"{rounds} kills, seed {seed}: {checks} checks, {len(announced.events)} events "
          f"{dict(types)}, {sum(announced.changes.values())} lines on the console", flush=True)
    assert types["went_down"] >= rounds and types["recovered"] >= rounds, "no load"
    assert announced.changes, "no line on the console was compared"
    assert node.stop() == 0


def test_thirty_kills_under_load(daemon, farm, tmp_path):
    kill_loop(daemon({"monitors": monitors(farm)}), 30, tmp_path)


@pytest.mark.soak
def test_a_thousand_kills_under_load(daemon, farm, tmp_path):
    """A hundred kills per store: the whole record is compared after every one of them."""
    kills = int(os.environ.get("TOCSIN_KILLS", "1000"))
    for store in range(0, kills, 100):
        node = daemon({"monitors": monitors(farm)}, f"node{store}")
        kill_loop(node, min(100, kills - store), tmp_path, SEED + store)
