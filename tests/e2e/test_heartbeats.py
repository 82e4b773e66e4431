"""Jobs that ping: the one-liners of Healthchecks' documentation, the requests of runitor, kills."""

import datetime
import http.client
import json
import subprocess
import threading
import time
import uuid

import pytest

from daemon import wait_until

UUID = "5b1a6c6e-4d0f-4a3e-9d5c-0d8d8f4f2b11"
KEY = "a-key-for-pings-by-name"
SECRET = "s3cr3t-pw-0815"


@pytest.fixture
def node(daemon, receiver):
    inbox = receiver()
    made = daemon({"auth": {"tokens": [{"name": "ci", "role": "write", "token": "${TOKEN}"}]},
                   "pings": {"key": KEY},
                   "channels": {"ops": {"webhook": {"url": inbox.url}}},
                   "heartbeats": {"nightly": {"uuid": UUID, "every": "1h", "grace": "10m",
                                              "max_runtime": "30m", "notify": ["ops"]},
                                  "posted": {"every": "1h", "methods": "post"}}})
    made.start(env={"TOKEN": SECRET})
    made.inbox, made.ping = inbox, f"{made.url}/ping/{UUID}"
    made.token = {"Authorization": f"Bearer {SECRET}"}
    return made


def shown(node, name="nightly"):
    return node.get(f"/api/v1/monitors/{name}", headers=node.token).json()


def history(node):
    answer = node.get("/api/v1/monitors/nightly/history", headers=node.token)
    return answer.json()["items"]


def shell(line, node, stdin=None):
    """A line of a job's script, as it stands in Healthchecks' documentation."""
    line = line.replace("https://hc-ping.com/your-uuid-here", node.ping).replace(
        "https://hc-ping.com/your-ping-key", f"{node.url}/ping/{KEY}")
    done = subprocess.run(["sh", "-c", line], input=stdin, capture_output=True, timeout=30)
    return done.returncode, done.stdout


@pytest.mark.parametrize("line, state, said", [
    ("curl -m 10 --retry 5 https://hc-ping.com/your-uuid-here", "up", None),
    ("curl -fsS -m 10 --retry 5 -o /dev/null https://hc-ping.com/your-uuid-here", "up", None),
    ("curl --head -fsS https://hc-ping.com/your-uuid-here", "up", None),
    ("curl -fsS https://hc-ping.com/your-ping-key/nightly", "up", None),
    ("curl -fsS -m 10 --retry 5 --data-raw 'all is well' https://hc-ping.com/your-uuid-here",
     "up", "all is well"),
    ("m=$(echo done; exit 0); curl -fsS -m 10 --retry 5 --data-raw \"$m\" "
     "https://hc-ping.com/your-uuid-here/$?", "up", "done"),
    ("m=$(echo broken; exit 7); curl -fsS -m 10 --retry 5 --data-raw \"$m\" "
     "https://hc-ping.com/your-uuid-here/$?", "down", "broken"),
    ("curl --retry 3 https://hc-ping.com/your-uuid-here/fail", "down", None),
    ("echo from a pipe | curl -fsS --data-binary @- https://hc-ping.com/your-ping-key/nightly/fail",
     "down", "from a pipe\n"),
    ("head -c 3000000 /dev/zero | tr '\\0' x | curl -fsS --data-binary @- "
     "https://hc-ping.com/your-uuid-here", "up", "x" * 10_000),
])
def test_the_lines_of_healthchecks_documentation_work_unchanged(node, line, state, said):
    status, output = shell(line, node)
    assert status == 0, output
    assert output in (b"OK", b"") or b"200 OK" in output
    item = shown(node)
    assert item["state"] == state  # it was answered, so it is known
    assert item["last"]["origin"] == "pushed"
    assert item["last"]["values"].get("output") == said
    if state == "down":
        wait_until(lambda: node.inbox.events == [("went_down", "nightly")], what="the alert")


def test_a_job_that_starts_and_ends_is_timed(node):
    assert shell("curl -fsS --retry 5 https://hc-ping.com/your-uuid-here/start", node)[0] == 0
    assert len(shown(node)["heartbeat"]["runs"]) == 1
    time.sleep(0.3)
    assert shell("curl -fsS --retry 5 https://hc-ping.com/your-uuid-here", node)[0] == 0
    item = shown(node)
    assert item["heartbeat"]["runs"] == [] and 300 <= item["last"]["duration_ms"] < 20_000


def test_the_requests_of_runitor_work_unchanged(node):
    """It sends POST /start?rid= when the job begins, and its output with its exit status."""
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    agent = {"User-Agent": "runitor/1.4.1 (+https://bdd.fi/x/runitor)", "Content-Type": "text/plain"}
    for rid in (first, second):
        got = node.post(f"/ping/{UUID}/start?create=0&rid={rid}", b"", headers=agent)
        assert (got.status, got.body) == (200, b"OK")
        assert got.headers["Ping-Body-Limit"] == "10000"
    assert {run["rid"] for run in shown(node)["heartbeat"]["runs"]} == {first, second}
    got = node.post(f"/ping/{UUID}/3?rid={first}", b"cannot open /srv\n", headers=agent)
    assert got.status == 200
    item = shown(node)
    assert (item["state"], item["last"]["reason"]) == ("down", "exit")
    assert [run["rid"] for run in item["heartbeat"]["runs"]] == [second]
    assert node.post(f"/ping/{KEY}/nightly/0?create=1&rid={second}", b"fine", headers=agent).status == 200
    assert shown(node)["state"] == "up"
    wait_until(lambda: node.inbox.events == [("went_down", "nightly"), ("recovered", "nightly")],
               what="alert and recovery")
    event = json.loads(node.inbox.requests[0][2])
    assert event["evidence"] == {"output": "cannot open /srv\n"}
    # What is not configured cannot be made by a ping.
    assert node.post(f"/ping/{KEY}/another?create=1", b"", headers=agent).status == 404


def test_answers_are_those_that_clients_know(node):
    for path, status, body in [
            (f"/ping/{uuid.uuid4()}", 404, b"not found"), ("/ping/wrong-key/nightly", 404, b"not found"),
            (f"/ping/{KEY}/nobody", 404, b"not found"), (f"/ping/{UUID}/256", 400, b"invalid url format"),
            (f"/ping/{UUID}?rid=x", 400, b"invalid uuid format"), (f"/ping/{UUID}/", 200, b"OK")]:
        got = node.get(path, headers={"Host": "hc.example.com"})
        assert (got.status, got.body) == (status, body), path
        assert got.headers["Access-Control-Allow-Origin"] == "*"
        assert "no-store" in got.headers["Cache-Control"]
    assert node.get(f"/ping/{KEY}/posted").status == 200  # a bot that previews a link
    assert shown(node, "posted")["state"] == "new"
    assert node.request("POST", f"/ping/{KEY}/posted").status == 200
    assert shown(node, "posted")["state"] == "up"


def test_what_a_job_says_is_shown_without_secrets_and_whatever_it_is(node):
    said = b"password " + SECRET.encode() + b" refused \xff\xfe\x00"
    assert node.post(f"/ping/{UUID}/log", said).status == 200
    assert shown(node)["state"] == "new"
    assert shown(node)["heartbeat"]["said"]["text"].startswith("password *** refused \ufffd\ufffd")
    assert node.post(f"/ping/{UUID}/fail", said).status == 200
    wait_until(lambda: node.inbox.requests, what="the alert")
    everything = (node.inbox.requests[0][2] + json.dumps(history(node)).encode()
                  + json.dumps(shown(node)).encode() + node.output().encode())
    assert SECRET.encode() not in everything and b"password *** refused" in everything
    assert UUID.encode() not in everything and KEY.encode() not in everything


def test_an_acknowledged_ping_survives_a_kill_and_a_deadline_missed_meanwhile_is_told(daemon, receiver):
    inbox = receiver()
    node = daemon({"channels": {"ops": {"webhook": {"url": inbox.url}}},
                   "heartbeats": {"job": {"uuid": UUID, "every": "1s", "grace": "1s",
                                          "max_runtime": "1h", "notify": ["ops"]},
                                  "other": {"uuid": str(uuid.uuid4()), "every": "1d"}}}).start()
    rid = str(uuid.uuid4())
    for round_ in range(3):
        assert node.get(f"/ping/{UUID}/start?rid={rid}").status == 200
        node.kill()
        node.start()
        [run] = node.monitor("job")["heartbeat"]["runs"]
        assert run["rid"] == rid, round_
    assert node.get(f"/ping/{UUID}?rid={rid}").status == 200
    before = node.monitor("job")
    node.kill()
    time.sleep(3)
    node.start()
    after = node.monitor("job")
    assert after["heartbeat"] == before["heartbeat"] and after["state"] == "up"
    node.wait_state("job", "down", 45)  # heard for 30 s first
    wait_until(lambda: inbox.events == [("went_down", "job")], what="the alert")
    event = json.loads(inbox.requests[0][2])
    assert event["at"] == before["heartbeat"]["deadline"] and event["reason"] == "expired"
    counters = node.monitor("job")["schedule"]
    assert counters["planned"] == (counters["on_time"] + counters["late"] + counters["running"]
                                   + sum(counters["skipped"].values()))
    assert node.monitor("other")["state"] == "new"


def test_kills_under_load_lose_no_acknowledged_ping(daemon):
    """Many jobs ping at once while the process is killed: what was answered is known afterwards."""
    jobs = {f"job{i}": str(uuid.uuid4()) for i in range(40)}
    node = daemon({"heartbeats": {name: {"uuid": id_, "every": "1d"} for name, id_ in jobs.items()}})
    node.start()
    started, ended, stop = {name: set() for name in jobs}, {}, threading.Event()

    def ping(name):
        while not stop.is_set():
            rid = str(uuid.uuid4())
            try:
                if len(started[name]) < 50:  # runs that begin and never end
                    if node.request("POST", f"/ping/{jobs[name]}/start?rid={rid}", b"x").status == 200:
                        started[name].add(rid)
                sent = time.time()
                if node.request("POST", f"/ping/{jobs[name]}", b"y").status == 200:
                    ended[name] = sent
            except (OSError, http.client.HTTPException):
                time.sleep(0.01)

    threads = [threading.Thread(target=ping, args=(name,)) for name in jobs]
    for thread in threads:
        thread.start()
    for _ in range(8):
        time.sleep(0.4)
        node.kill()
        node.start()
    stop.set()
    for thread in threads:
        thread.join()
    shown_now = node.monitors()
    for name in jobs:
        beat = shown_now[name]["heartbeat"]
        assert started[name] <= {run["rid"] for run in beat["runs"]}, name
        last = datetime.datetime.fromisoformat(beat["last_ping"]).timestamp()
        assert last >= ended[name] - 0.1, name


def test_a_reload_takes_over_heartbeats_and_the_key_and_a_broken_drop_in_loses_no_ping(daemon):
    node = daemon({"pings": {"key": KEY}, "heartbeats": {"a": {"uuid": UUID}}})
    drop_in = {"heartbeats": {"b": {"every": "1h"}}}
    node.write_config(drop_in, "jobs.yml")
    node.start()

    def reload(times):
        node.reload()
        wait_until(lambda: node.metric("tocsin_config_reloads_total") == times, what="the reload")

    assert node.get(f"/ping/{KEY}/b").status == 200
    node.write_config("heartbeats: {b: {every: soon}}", "jobs.yml")
    reload(1)
    got = node.get(f"/ping/{KEY}/b")
    assert (got.status, got.headers["Retry-After"]) == (503, "5")
    assert node.get(f"/ping/{UUID}").status == 200
    node.write_config(drop_in, "jobs.yml")
    node.write_config({"pings": {"key": "another-key-of-sixteen"}, "heartbeats": {}})
    reload(2)
    assert node.get("/ping/another-key-of-sixteen/b").status == 200
    assert node.monitor("b")["heartbeat"]["last_ping"]
    assert node.get(f"/ping/{KEY}/b").status == 404
    assert node.get(f"/ping/{UUID}").status == 404
