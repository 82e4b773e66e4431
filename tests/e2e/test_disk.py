"""A store that refuses: full disk, read-only disk. Checks go on, it says so, it mends by itself."""

import json
import subprocess

import pytest

from daemon import wait_until
from isolated import SmallDisk
from targets import answer

MONITORS = 20


@pytest.fixture
def disk(tmp_path):
    made = SmallDisk(tmp_path / "disk", 12 * 1024 * 1024)
    yield made
    made.close()


def config(server, path):
    return {"store": {"sqlite": {"path": str(path), "reserve": "1MiB"}},
            "defaults": {"every": "200ms", "timeout": "200ms", "fail_after": 1},
            "monitors": {f"m{i:02}": {"http": f"{server.url}/{i}"} for i in range(MONITORS)}}


def told(config, inbox):
    """Everybody hears of everything, also of Tocsin's own troubles."""
    config["channels"] = {"ops": {"webhook": {"url": inbox.url}}}
    config["defaults"] |= {"notify": "ops", "flapping": False}
    config["self"] = {"notify": "ops"}
    return config


def ids_at(inbox):
    return [json.loads(body)["id"] for _, _, body in inbox.requests]


def flip(node, server):
    """Every monitor changes its state once; returns the events, which then hold that change."""
    down = node.state("m00") == "up"
    server.behaviour = answer(500 if down else 200)
    state = "down" if down else "up"
    wait_until(lambda: all(item["state"] == state for item in node.monitors().values()),
               what=f"all {state}")
    return node.events()


def assert_works_while_refused(node, server):
    """Degraded: still checking, judging, announcing, answering; and saying that it is degraded."""
    ready = node.get("/readyz")
    assert ready.status == 503 and ready.json()["store"] == "degraded"
    assert "store" in ready.json()["message"]
    assert node.get("/api/v1/status").json()["store"] == "degraded"
    assert node.metric("tocsin_store_degraded") == 1
    assert node.get("/healthz").status == 200
    refused = node.post("/api/v1/monitors/m00/pause")
    assert refused.status == 503 and refused.json()["error"]["code"] == "store_degraded"
    requests = len(server.requests)
    started = node.metric('tocsin_schedule_started_total{timing="on_time"}')
    before = {event["id"] for event in node.events()}
    events = flip(node, server)
    fresh = [event for event in events if event["id"] not in before and event["kind"] == "http"]
    assert len(fresh) >= MONITORS and len({event["monitor"] for event in fresh}) == MONITORS
    assert node.metric("tocsin_store_journal_events") >= MONITORS
    wait_until(lambda: len(server.requests) >= requests + 2 * MONITORS, what="more requests")
    assert node.metric('tocsin_schedule_started_total{timing="on_time"}') > started
    return events


def assert_mends(node, events):
    wait_until(lambda: node.get("/readyz").status == 200, 15, "ready again, without a restart")
    assert node.metric("tocsin_store_degraded") == 0
    assert node.metric("tocsin_store_journal_events") == 0
    now = node.events()
    ids = [event["id"] for event in now]
    assert len(ids) == len(set(ids))
    stored = {event["id"]: event for event in now}
    assert all(stored.get(event["id"]) == event for event in events)


def assert_survives_kill(node, events):
    """What was announced while the store refused is durable once it says that it is ready."""
    before = node.monitors()
    known = node.events()
    node.kill()
    node.start()
    stored = {event["id"]: event for event in node.events()}
    assert all(stored.get(event["id"]) == event for event in [*events, *known])
    for name, item in node.monitors().items():
        assert (item["state"], item["since"]) == (before[name]["state"], before[name]["since"])
        counters = item["schedule"]
        assert counters["planned"] == (counters["on_time"] + counters["late"]
                                       + counters["running"] + sum(counters["skipped"].values()))
        assert counters["on_time"] >= before[name]["schedule"]["on_time"]


def test_a_full_disk_stops_no_check_and_no_alert_and_loses_nothing(daemon, target, receiver, disk):
    server, inbox = target(answer(200)), receiver()
    node = daemon(told(config(server, disk.path / "tocsin.db"), inbox))
    node.prefix = disk.prefix
    node.start()
    wait_until(lambda: all(i["state"] == "up" for i in node.monitors().values()), what="all up")
    events = flip(node, server)
    assert (disk.seen / "tocsin.db.reserve").exists()

    def refused():
        disk.fill()  # also what the reserve file gave back
        return node.get("/readyz").status == 503

    wait_until(refused, 30, "a full disk")
    assert not (disk.seen / "tocsin.db.reserve").exists()
    events = assert_works_while_refused(node, server)
    wait_until(lambda: {event["id"] for event in events} <= set(ids_at(inbox)),
               what="every alert, while the disk is full")
    wait_until(lambda: ("trouble_started", "tocsin") in inbox.events, what="the alert about the disk")
    disk.free()
    assert_mends(node, events)
    wait_until(lambda: ("trouble_ended", "tocsin") in inbox.events, what="the end of the trouble")
    wait_until((disk.seen / "tocsin.db.reserve").exists, 15, "the reserve file again")
    wait_until(lambda: node.metric("tocsin_outbox_rows") == 0, what="a record of every delivery")
    assert_survives_kill(node, events)
    assert len(ids_at(inbox)) == len(set(ids_at(inbox))), "an alert came twice"
    assert node.stop() == 0


def test_a_disk_that_turns_read_only_stops_no_check_and_loses_nothing(
        daemon, target, read_only_shim, tmp_path):
    folder, switch = tmp_path / "disk", tmp_path / "read-only"
    folder.mkdir()
    server = target(answer(200))
    node = daemon(config(server, folder / "tocsin.db"))
    node.start(env=read_only_shim(folder, switch))
    wait_until(lambda: all(i["state"] == "up" for i in node.monitors().values()), what="all up")
    flip(node, server)
    switch.touch()
    wait_until(lambda: node.get("/readyz").status == 503, 10, "a refusing store")
    events = assert_works_while_refused(node, server)
    switch.unlink()
    assert_mends(node, events)
    assert_survives_kill(node, events)
    assert node.stop() == 0


def test_a_read_only_disk_at_the_start_is_named(daemon, target, disk):
    """Without a store nothing can be promised: it refuses to start rather than forget."""
    node = daemon(config(target(), disk.path / "tocsin.db"))
    node.prefix = disk.prefix
    mount = ["nsenter", *disk.prefix[1:], "mount", "-o"]
    subprocess.run([*mount, "remount,bind,ro", str(disk.path)], check=True)
    node.start(ready=False)
    assert node.process.wait(10) == 1
    assert str(disk.path / "tocsin.db") in node.output()
    assert "read-only" in node.output().lower()
    subprocess.run([*mount, "remount,bind,rw", str(disk.path)], check=True)
    node.start()
    assert node.stop() == 0
