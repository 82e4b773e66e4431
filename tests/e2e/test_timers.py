"""Timers over HTTP: what clients see, and what stays true when the process, the disk or the clients
misbehave."""

import collections
import http.client
import json
import os
import random
import resource
import socket
import threading
import time

import pytest

from daemon import free_port, wait_until
from isolated import SmallDisk

KILLS = int(os.environ.get("TOCSIN_TIMER_KILLS", "50"))


class Client:
    """One keep-alive connection to the timer listener."""

    def __init__(self, port, timeout=10):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def ask(self, path, method="GET"):
        self.connection.request(method, path)
        answer = self.connection.getresponse()
        body = answer.read()
        return answer, json.loads(body) if body else None


@pytest.fixture
def timers(daemon):
    """timers(section={...}, **config): a daemon that serves timers, and its port; not started."""

    def make(section=None, name="node", **config):
        port = free_port()
        section = {"listen": f"127.0.0.1:{port}", **(section or {})}
        node = daemon({"timers": section, **config}, name)
        node.timers_port = port
        return node

    return make


def raw(port, data, end=False):
    """What comes back for these bytes, until the connection ends."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(data)
        if end:
            connection.shutdown(socket.SHUT_WR)
        out = b""
        while chunk := connection.recv(65536):
            out += chunk
        return out


def test_a_timer_is_armed_asked_for_expires_and_is_armed_again(timers):
    node = timers().start()
    client = Client(node.timers_port)
    answer, status = client.ask("/")
    assert answer.status == 200 and status == {"Status": "OK"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert client.ask("/job")[0].status == 404
    begun = time.time()
    _, armed = client.ask("/job/2")
    assert list(armed) == ["TimerId", "StartTime", "Now", "Seconds", "SecondsRemaining"]
    assert armed["TimerId"] == "job" and armed["Seconds"] == armed["SecondsRemaining"] == 2
    assert abs(armed["StartTime"] - begun) < 2
    asked = []
    while (got := client.ask("/job"))[0].status == 200:
        asked.append(got[1])
        time.sleep(0.02)
    assert 2 <= time.time() - begun < 2.5
    assert got[0].status == 504 and got[1] == {"Message": "Timer expired"}
    for item in asked:
        assert item["StartTime"] == armed["StartTime"]
        assert item["StartTime"] + item["Seconds"] - item["Now"] == item["SecondsRemaining"] >= 1
    assert client.ask("/job/60", "POST")[0].status == 200
    assert client.ask("/job", "DELETE")[0].status == 204
    assert client.ask("/job")[0].status == 404
    assert client.ask("/job/0")[1] == {"Message": "Invalid number of seconds"}
    assert client.ask("/job/5", "HEAD")[0].status == 405


def test_the_api_has_the_same_timers_and_lists_them(timers):
    node = timers({"rules": [{"match": "job-*"}]}).start()
    client = Client(node.timers_port)
    for i in range(250):
        assert client.ask(f"/{'job' if i % 2 else 'other'}-{i}/600")[0].status == 200
    assert node.post("/api/v1/timers/job-1/5").json()["seconds"] == 5
    shown = node.get("/api/v1/timers/job-1").json()
    assert shown["state"] == "running" and shown["rule"] == "job-*"
    assert node.get("/api/v1/timers/nobody").status == 404
    assert node.post("/api/v1/timers/job-1/5s").status == 400
    seen, cursor = [], ""
    while cursor is not None:
        page = node.get(f"/api/v1/timers?limit=20&prefix=job-{cursor}").json()
        seen += [item["id"] for item in page["items"]]
        cursor = f"&cursor={page['next']}" if page["next"] else None
    assert len(seen) == len(set(seen)) == 125
    assert node.request("DELETE", "/api/v1/timers/job-1", {}).status == 204
    assert client.ask("/job-1")[0].status == 404
    assert node.get("/api/v1/timers?state=expired").json()["items"] == []
    wait_until(lambda: node.metric("tocsin_timers") == 249, what="the count of timers")


def test_an_expiry_is_told_once_also_when_nobody_ran_at_the_deadline(timers, receiver):
    inbox = receiver()
    config = {"channels": {"ops": {"webhook": {"url": inbox.url}}}}
    node = timers({"rules": [{"match": "job-*", "notify": ["ops"]}]}, **config).start()
    client = Client(node.timers_port)
    client.ask("/job-lives/1")
    client.ask("/other/1")
    client.ask("/job-sleeps/3")

    def told():
        """By id: a kill between a delivery and its record repeats the same message."""
        events = map(json.loads, (body for _, _, body in inbox.requests))
        return list({event["id"]: (event["type"], event["monitor"]) for event in events}.values())

    wait_until(lambda: told() == [("timer_expired", "job-lives")], what="the first expiry")
    node.kill()
    time.sleep(4.5)
    node.start()
    wait_until(lambda: ("timer_expired", "job-sleeps") in told(), what="the second expiry")
    late = [event for event in node.events(type="timer_expired")
            if event["monitor"] == "job-sleeps"]
    assert late[0]["late_ms"] > 0
    Client(node.timers_port).ask("/job-lives/600")
    wait_until(lambda: ("timer_rearmed", "job-lives") in told(), what="the recovery")
    for _ in range(3):
        node.kill()
        node.start()
    time.sleep(1)
    assert collections.Counter(told()) == {("timer_expired", "job-lives"): 1,
                                           ("timer_expired", "job-sleeps"): 1,
                                           ("timer_rearmed", "job-lives"): 1}


def survive_kills(timers, kills):
    node = timers()
    chance = random.Random(20261)
    ids = [f"timer-{i}" for i in range(400)]
    answered = {}   # id -> the last answer
    asked = collections.defaultdict(set)  # id -> seconds asked for since that answer
    attempts = iter(range(10_000, 10_000_000))
    lock = threading.Lock()

    def load(stop, mine):
        client = Client(node.timers_port, 5)
        while not stop.is_set():
            name = chance.choice(mine)
            with lock:
                seconds = next(attempts)
                asked[name].add(seconds)
            try:
                answer, body = client.ask(f"/{name}/{seconds}")
            except (OSError, http.client.HTTPException):
                return
            assert answer.status == 200, answer.status
            with lock:
                answered[name] = body
                asked[name].clear()

    def check():
        """Every timer is the last that was answered, or one that was asked for since."""
        client = Client(node.timers_port)
        for name in ids:
            answer, body = client.ask(f"/{name}")
            if answer.status == 200 and body["Seconds"] in asked[name]:
                answered[name] = body
            elif name in answered:
                assert (body["StartTime"], body["Seconds"]) == \
                    (answered[name]["StartTime"], answered[name]["Seconds"])
            else:
                assert answer.status == 404
            asked[name].clear()

    for _ in range(kills):
        node.start()
        check()
        stop = threading.Event()
        threads = [threading.Thread(target=load, args=(stop, ids[i::8])) for i in range(8)]
        for thread in threads:
            thread.start()
        time.sleep(chance.uniform(0.02, 0.15))
        node.kill()
        stop.set()
        for thread in threads:
            thread.join()
    node.start()
    check()
    assert len(answered) > 100


def test_every_arm_that_was_answered_survives_kills_under_load(timers):
    survive_kills(timers, KILLS)


@pytest.mark.soak
def test_every_arm_that_was_answered_survives_a_thousand_kills(timers):
    survive_kills(timers, int(os.environ.get("TOCSIN_TIMER_KILLS", "1000")))


def test_on_a_full_disk_arming_is_refused_and_checking_goes_on(timers, tmp_path):
    disk = SmallDisk(tmp_path / "disk", 12 << 20)
    try:
        node = timers({"store": {"sqlite": {"path": str(disk.path / "timers.db")}}},
                      store={"sqlite": {"path": str(tmp_path / "main.db")}})
        node.prefix = disk.prefix
        node.start()
        client = Client(node.timers_port)
        for i in range(50):
            assert client.ask(f"/timer-{i}/600")[0].status == 200
        disk.fill()
        refused = None
        for i in range(20_000):
            answer, body = client.ask(f"/timer-{i % 100}/700")
            if answer.status == 503:
                refused = body
                break
        assert refused == {"Message": "Internal error"}
        assert answer.headers["Retry-After"]
        for i in range(50):
            assert client.ask(f"/timer-{i}")[0].status == 200
        disk.free()
        wait_until(lambda: client.ask("/timer-new/600")[0].status == 200, what="arming again")
        before = {i: client.ask(f"/timer-{i}")[1]["Seconds"] for i in range(50)}
        node.kill()
        node.start()
        client = Client(node.timers_port)
        for i, seconds in before.items():
            assert client.ask(f"/timer-{i}")[1]["Seconds"] == seconds
    finally:
        disk.close()


def test_on_a_disk_that_turns_read_only_arming_is_refused_and_checking_goes_on(
        timers, read_only_shim, tmp_path):
    folder, switch = tmp_path / "disk", tmp_path / "read-only"
    folder.mkdir()
    node = timers({"store": {"sqlite": {"path": str(folder / "timers.db")}}},
                  store={"sqlite": {"path": str(tmp_path / "main.db")}})
    node.start(env=read_only_shim(folder, switch))
    client = Client(node.timers_port)
    for i in range(50):
        assert client.ask(f"/timer-{i}/600")[0].status == 200
    switch.touch()
    for i in range(100):
        answer, body = client.ask(f"/timer-{i}/700")
        assert answer.status == 503 and body == {"Message": "Internal error"}
        assert answer.headers["Retry-After"]
    assert client.ask("/timer-1", "DELETE")[0].status == 503
    kept = {i: client.ask(f"/timer-{i}")[1]["Seconds"] for i in range(50)}
    assert set(kept.values()) == {600}, "a refused arm shows"
    assert client.ask("/timer-99")[0].status == 404
    switch.unlink()
    wait_until(lambda: client.ask("/timer-new/600")[0].status == 200, what="arming again")
    node.kill()
    node.start()
    client = Client(node.timers_port)
    assert {client.ask(f"/timer-{i}")[1]["Seconds"] for i in range(50)} == {600}
    assert client.ask("/timer-new")[0].status == 200


def arm_all(port, names, end):
    """All of them run out within the second that ends then (time.monotonic()). Requests are sent
    ahead, 1,000 at a time, over one connection."""
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        for start in range(0, len(names), 1000):
            seconds = int(end - time.monotonic())
            assert seconds > 0, "arming took longer than the timers run"
            part = names[start:start + 1000]
            connection.sendall(b"".join(
                f"GET /{name}/{seconds} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for name in part))
            answers = b""
            while answers.count(b"HTTP/1.1 200") < len(part):
                answers += connection.recv(1 << 20)


def test_a_flood_of_expiries_is_told_whole_and_arming_goes_on(timers, receiver):
    """50,000 run out within a second. (A million: the simulation, and docs/benchmarks.md.)"""
    inbox = receiver()
    flood = 50_000
    node = timers({"rules": [{"match": "job-*", "notify": ["ops"]}]},
                  channels={"ops": {"webhook": {"url": inbox.url}}}).start()
    arm_all(node.timers_port, [f"job-{i}" for i in range(flood)], time.monotonic() + 15)
    client = Client(node.timers_port)
    slowest = 0.0

    def told():
        """How many; meanwhile arming and asking go on."""
        nonlocal slowest
        begun = time.monotonic()
        assert client.ask("/other/600")[0].status == 200
        assert client.ask("/other")[0].status == 200
        slowest = max(slowest, time.monotonic() - begun)
        events = {event["id"]: event for event in
                  (json.loads(body) for _, _, body in inbox.requests)}
        return sum(event.get("count", 1) for event in events.values())

    wait_until(lambda: told() >= flood, 90, what="every expiry")
    assert told() == flood
    assert len(inbox.requests) < flood / 4, "most of a flood is told in groups"
    assert slowest < 2, "arming waited for the flood"


def test_bad_clients_cost_little_and_others_are_served(timers):
    node = timers({"limits": {"request_timeout": "1s"}}).start()
    port = node.timers_port
    assert b" 431 " in raw(port, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20_000)
    assert b" 400 " in raw(port, b"NONSENSE\r\n\r\n")
    assert raw(port, b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n" * 3, end=True).count(b" 404 ") == 3
    slow = socket.create_connection(("127.0.0.1", port))
    slow.sendall(b"GET /slow HTTP/1.1\r\nHo")
    begun = time.monotonic()
    slow.settimeout(10)
    assert b" 408 " in slow.recv(4096)
    assert time.monotonic() - begun < 5
    assert Client(port).ask("/job/60")[0].status == 200


def test_ten_thousand_idle_connections_take_bounded_memory(timers):
    wanted = 10_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = max(hard, wanted + 1000)
    try:  # raising the hard limit takes root, as CI has
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, needed))
    except ValueError:
        pytest.fail(f"this test needs {needed} file descriptors and may have {hard}: ulimit -Hn")
    node = timers({"limits": {"connections": 12_000}}).start()

    def resident():
        with open(f"/proc/{node.process.pid}/status", encoding="utf-8") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

    Client(node.timers_port).ask("/job/600")
    before = resident()
    idle = []
    try:
        for _ in range(wanted):
            connection = socket.create_connection(("127.0.0.1", node.timers_port), 20)
            connection.sendall(b"GET /job HTTP/1.1\r\nHost: x\r\n\r\n")
            idle.append(connection)
        for connection in idle:
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        assert resident() - before < 40 * 1024, "4 KiB a connection"
        assert Client(node.timers_port).ask("/job")[0].status == 200
        assert node.metric("tocsin_timer_connections") >= wanted
    finally:
        for connection in idle:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert node.get("/readyz").status == 200
