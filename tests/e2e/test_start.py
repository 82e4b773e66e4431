"""How the process starts, stops and starts again; what it refuses; its commands beside `run`."""

import json
import re
import signal
import socket
import sqlite3
import ssl
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from daemon import free_port, wait_until
from isolated import SilentResolver
from targets import answer, hang


def endpoint(url, **more):
    return {"http": url, "every": "1s", "timeout": "500ms", "fail_after": 1, "run_at_start": True,
            **more}


# --- the table and the lines ---
def test_a_readable_table_within_five_seconds_then_one_line_per_change(daemon, target):
    good, bad = target(answer(200)), target(answer(503))
    node = daemon({"monitors": {"shop": endpoint(good.url), "mail": endpoint(bad.url),
                                "slow": endpoint(target(hang()).url, every="1h", timeout="1h")}})
    started = time.monotonic()
    node.start(ready=False)
    wait_until(lambda: "3 monitors:" in node.stdout(), 6, "the table")
    assert time.monotonic() - started < 5
    table = node.stdout().splitlines()
    head = next(i for i, line in enumerate(table) if line.startswith("MONITOR"))
    assert table[head].split()[:4] == ["MONITOR", "KIND", "STATE", "SINCE"]
    rows = {line.split()[0]: line.split()[1:3] for line in table[head + 1:head + 4]}
    assert rows == {"shop": ["http", "up"], "mail": ["http", "down"], "slow": ["http", "new"]}
    assert table[-1] == "3 monitors: 1 down, 1 new, 1 up"

    before = len(table)
    good.behaviour, bad.behaviour = answer(500), answer(200)
    node.wait_state("shop", "down")
    node.wait_state("mail", "up")
    good.behaviour = answer(200)
    node.wait_state("shop", "up")
    wait_until(lambda: len(node.stdout().splitlines()) >= before + 3, what="three lines")
    lines = node.stdout().splitlines()[before:]
    found = sorted(re.match(r"\d\d:\d\d:\d\d  (\S+)  (\S+) -> (\S+)", line).groups()
                   for line in lines)
    assert found == [("mail", "down", "up"), ("shop", "down", "up"), ("shop", "up", "down")]


# --- signals that come early or twice ---
def test_a_reload_signal_before_everything_is_loaded_waits(daemon):
    monitors = {f"m{i}": {"tcp": "127.0.0.1:1", "every": "1h"} for i in range(20_000)}
    node = daemon({"monitors": monitors}).start(ready=False)
    held = 1 << (signal.SIGHUP - 1)

    def blocked():
        status = open(f"/proc/{node.process.pid}/status").read()
        return int(re.search(r"SigBlk:\s*(\w+)", status)[1], 16) & held

    wait_until(blocked, 5, "the start that holds the signal back")
    node.reload()
    node.wait_ready()
    node.wait_output("configuration reloaded")
    assert not blocked() and node.stop() == 0


def test_a_second_signal_does_not_kill_what_the_first_commits(daemon, target):
    for pause in (0.001, 0.002, 0.004, 0.008):
        node = daemon({"monitors": {"shop": endpoint(target().url)}}, f"after-{pause}").start()
        node.wait_state("shop", "up")
        node.process.send_signal(signal.SIGTERM)
        time.sleep(pause)
        node.process.send_signal(signal.SIGTERM)
        assert node.process.wait(10) == 0, node.output()


# --- what it refuses ---
def test_listening_for_others_without_tokens_is_refused(daemon):
    node = daemon({"listen": f"0.0.0.0:{free_port()}", "monitors": {}}).start(ready=False)
    assert node.process.wait(10) == 2
    assert "auth.tokens" in node.output() and "allow_unauthenticated" in node.output()


def test_the_named_override_lets_it_listen_for_others(daemon):
    node = daemon({"allow_unauthenticated": True, "monitors": {}})
    node.write_config({"listen": f"0.0.0.0:{node.port}", "allow_unauthenticated": True,
                       "monitors": {}})
    node.start()
    assert node.get("/api/v1/monitors").status == 200


def test_a_newer_schema_is_refused_and_left_as_it_is(daemon):
    node = daemon({"monitors": {}}).start()
    assert node.stop() == 0
    with sqlite3.connect(node.folder / "tocsin.db") as database:
        version = database.execute("PRAGMA user_version").fetchone()[0]
        database.execute(f"PRAGMA user_version = {version + 41}")
    database.close()
    node.start(ready=False)
    assert node.process.wait(10) == 1
    assert str(version + 41) in node.output() and "newer" in node.output()
    with sqlite3.connect(node.folder / "tocsin.db") as database:
        assert database.execute("PRAGMA user_version").fetchone() == (version + 41,)


def test_a_file_that_is_no_store_is_refused(daemon):
    node = daemon({"monitors": {}})
    (node.folder / "tocsin.db").write_text("precious notes\n" * 500)
    node.start(ready=False)
    assert node.process.wait(10) == 1
    assert "tocsin.db" in node.output()
    assert (node.folder / "tocsin.db").read_text() == "precious notes\n" * 500


# --- stop and start again ---
@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_within_its_bound_however_much_hangs(daemon, target, sig):
    hanging = target(hang())
    node = daemon({"monitors": {f"m{i}": endpoint(hanging.url, every="30s", timeout="30s")
                                for i in range(50)}}).start()
    wait_until(lambda: len(hanging.requests) >= 20, what="checks in flight")
    started = time.monotonic()
    assert node.stop(sig) == 0, node.output()
    assert time.monotonic() - started < 8
    node.start()
    totals = node.get("/api/v1/status").json()["schedule"]
    assert totals["skipped"]["interrupted"] >= 20


def test_a_restart_repeats_no_event_and_keeps_states(daemon, target):
    good, bad = target(answer(200)), target(answer(503))
    node = daemon({"monitors": {"shop": endpoint(good.url), "mail": endpoint(bad.url)}}).start()
    node.wait_state("shop", "up")
    node.wait_state("mail", "down")
    before, events = node.monitors(), node.events()
    assert [e["monitor"] for e in events] == ["mail"]
    assert node.stop() == 0
    requests = len(bad.requests)
    node.start()
    wait_until(lambda: len(bad.requests) >= requests + 2, what="two more checks")
    for name, item in node.monitors().items():
        assert (item["state"], item["since"]) == (before[name]["state"], before[name]["since"])
        assert item["schedule"]["planned"] >= before[name]["schedule"]["planned"]
    assert node.events() == events


def test_readers_of_its_output_that_stopped_reading_hold_up_nothing(daemon, target):
    server = target()
    node = daemon({"monitors": {"shop": endpoint(server.url, every="200ms", timeout="200ms")}})
    node.process = subprocess.Popen([node.binary, "run", "-c", str(node.folder), "--log-level",
                                     "debug"], cwd=node.folder, env=node.environment,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        node.wait_ready()
        # A broken file is worth several lines of log per reload: more than two pipes take.
        node.write_config("monitors: {" + ", ".join(
            f"m{i}: {{htp: x}}" for i in range(2000)) + "}\n")
        node.reload()
        errors = 'tocsin_config_problems{severity="error"}'
        wait_until(lambda: node.metric(errors) >= 1, what="the refusal")
        requests = len(server.requests)
        wait_until(lambda: len(server.requests) >= requests + 5, what="checks that go on")
        started = time.monotonic()
        node.process.terminate()
        assert node.process.wait(15) == 0
        assert time.monotonic() - started < 8
    finally:
        node.kill()
        node.process.stdout.close()
        node.process.stderr.close()


# --- TLS and tokens ---
def certificate(folder):
    """Self-signed, for 127.0.0.1."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                    folder / "key.pem", "-out", folder / "cert.pem"], check=True,
                   capture_output=True)


def test_a_renewed_certificate_is_served_after_a_reload(daemon):
    node = daemon({"monitors": {}})
    certificate(node.folder)
    node.write_config({"listen": {"port": node.port, "tls": {
        "certificate_file": str(node.folder / "cert.pem"),
        "key_file": str(node.folder / "key.pem")}}, "monitors": {}})
    node.start(ready=False)

    def served():
        try:
            return ssl.get_server_certificate(("127.0.0.1", node.port), timeout=5)
        except OSError:
            return None

    first = wait_until(served, 10, "a certificate")
    certificate(node.folder)
    assert served() == first
    node.reload()
    wait_until(lambda: served() != first, what="the renewed certificate")
    second = served()
    (node.folder / "cert.pem").write_text("half a fi")
    node.reload()
    node.wait_output("the certificate in use stays")
    assert "listen.tls.certificate_file" in node.output() and served() == second


def test_a_tls_listener_with_tokens(daemon, target, tocsin):
    node = daemon({"monitors": {}})
    certificate(node.folder)
    node.write_config({
        "listen": {"address": f"127.0.0.1:{node.port}",
                   "tls": {"certificate_file": str(node.folder / "cert.pem"),
                           "key_file": str(node.folder / "key.pem")}},
        "auth": {"tokens": [{"name": "eyes", "role": "read", "token": "${EYES}"},
                            {"name": "hands", "role": "write", "token": "${HANDS}"}]},
        "monitors": {"shop": endpoint(target().url)}})
    node.start(ready=False, env={"EYES": "eyes-eyes-eyes-1", "HANDS": "hands-hands-22"})
    context = ssl.create_default_context(cafile=node.folder / "cert.pem")
    url = f"https://127.0.0.1:{node.port}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                         urllib.request.HTTPSHandler(context=context))

    def ask(path, token=None, method="GET"):
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = b"{}" if method == "POST" else None
        try:
            with opener.open(urllib.request.Request(url + path, data, headers, method=method),
                             timeout=5) as got:
                return got.status
        except urllib.error.HTTPError as error:
            return error.code

    def answers():
        try:
            return ask("/readyz") == 200
        except (urllib.error.URLError, ConnectionError):
            return False

    wait_until(answers, 10, url)
    assert ask("/api/v1/monitors") == 401
    assert ask("/metrics") == 401
    assert ask("/api/v1/monitors", "wrong-wrong-wrong") == 401
    assert ask("/api/v1/monitors", "eyes-eyes-eyes-1") == 200
    assert ask("/api/v1/monitors/shop/pause", "eyes-eyes-eyes-1", "POST") == 403
    assert ask("/api/v1/monitors/shop/pause", "hands-hands-22", "POST") == 200
    with pytest.raises((ConnectionError, urllib.error.URLError, TimeoutError)):
        node.get("/healthz", timeout=2)  # plain HTTP on the TLS port
    assert node.stop() == 0
    assert "eyes-eyes" not in node.output() and "hands-hands" not in node.output()


# --- probe, run --once, status, backup ---
def test_probe_exits_3_when_the_fault_is_ours(tocsin, binary, tmp_path):
    resolver = SilentResolver(tmp_path)
    started = time.monotonic()
    done = subprocess.run([*resolver.prefix, binary, "probe", "http://shop.example.com/",
                           "--timeout", "700ms", "--json"], capture_output=True, text=True,
                          timeout=20)
    resolver.close()
    assert done.returncode == 3, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert (found["status"], found["reason"]) == ("unknown", "resolver")
    assert "shop.example.com" in found["message"]
    assert time.monotonic() - started < 5


def test_probe_tells_up_down_and_wrong_usage_apart(tocsin, target):
    server = target(answer(200))
    assert tocsin("probe", server.url).returncode == 0
    assert tocsin("probe", f"tcp://127.0.0.1:{server.port}").returncode == 0
    server.behaviour = answer(500)
    assert tocsin("probe", server.url).returncode == 1
    assert tocsin("probe", "http://[broken/").returncode == 2
    assert tocsin("probe", "tcp://127.0.0.1").returncode == 2


def test_once_checks_every_monitor_once_and_touches_no_store(tocsin, target, tmp_path):
    good, bad = target(answer(200)), target(answer(500))
    (tmp_path / "tocsin.yml").write_text(
        f"defaults: {{fail_after: 3}}\n"
        f"monitors: {{shop: {{http: '{good.url}'}}, mail: {{http: '{bad.url}'}}}}\n")
    done = tocsin("run", "--once", "-c", tmp_path)
    assert done.returncode == 1
    assert re.search(r"^shop +http +up", done.stdout, re.M)
    assert re.search(r"^mail +http +down", done.stdout, re.M) and "500" in done.stdout
    assert (len(good.requests), len(bad.requests)) == (1, 1)
    assert not (tmp_path / "tocsin.db").exists()
    bad.behaviour = answer(200)
    assert tocsin("run", "--once", "-c", tmp_path).returncode == 0
    (tmp_path / "tocsin.yml").write_text("monitors: {shop: {htp: x}}\n")
    assert tocsin("run", "--once", "-c", tmp_path).returncode == 2


def test_status_prints_what_the_api_says(daemon, target, tocsin):
    node = daemon({"monitors": {"shop": endpoint(target().url), "mail": endpoint(
        target(answer(500)).url)}}).start()
    node.wait_state("shop", "up")
    node.wait_state("mail", "down")
    done = tocsin("status", "--json", "--url", node.url)
    assert done.returncode == 0, done.stderr
    shown = {item["name"]: item for item in json.loads(done.stdout)["items"]}
    api = node.monitors()
    assert shown.keys() == api.keys()
    for name, item in api.items():
        assert shown[name].keys() == item.keys()
        assert (shown[name]["state"], shown[name]["since"]) == (item["state"], item["since"])


def test_status_watch_shows_changes_and_outlives_a_restart(daemon, target, binary, tmp_path):
    server = target(answer(200))
    node = daemon({"monitors": {"shop": endpoint(server.url)}}).start()
    node.wait_state("shop", "up")
    said, complained = tmp_path / "watch.out", tmp_path / "watch.err"
    with open(said, "wb") as out, open(complained, "wb") as err:
        watch = subprocess.Popen([binary, "status", "--watch", "--url", node.url], stdout=out,
                                 stderr=err, stdin=subprocess.DEVNULL, env=node.environment)
    try:
        def rows(state):
            return len(re.findall(rf"^shop +http +{state} ", said.read_text(), re.M))

        wait_until(lambda: rows("up"), what="the first table")
        server.behaviour = answer(500)
        wait_until(lambda: rows("down"), what="the change")
        assert "\x1b" not in said.read_text()  # no terminal there
        assert node.stop() == 0
        wait_until(lambda: str(node.port) in complained.read_text(), what="the complaint")
        server.behaviour = answer(200)
        before = rows("up")
        node.start()
        wait_until(lambda: rows("up") > before, what="the table again")
        assert watch.poll() is None
    finally:
        watch.kill()
        watch.wait(10)


def test_the_service_manager_hears_of_every_step(daemon, target, tmp_path):
    """What the unit's Type=notify and WatchdogSec rely on."""
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(10)
        node = daemon({"monitors": {"shop": endpoint(target().url)}})
        node.start(ready=False, env={"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "2000000"})

        def hear(wanted):
            while (said := manager.recv(4096).decode()) != wanted:
                assert said.startswith(("WATCHDOG=1", "READY=1")), said
            return said

        assert manager.recv(4096).decode() == "READY=1"
        assert node.get("/readyz").status == 200  # at once: others may start now
        for _ in range(2):
            hear("WATCHDOG=1")
        node.reload()
        while not manager.recv(4096).decode().startswith("RELOADING=1"):
            pass
        hear("READY=1")
        node.process.send_signal(signal.SIGSTOP)  # a loop that hangs is heard of no more
        with pytest.raises(TimeoutError):
            manager.settimeout(3)
            while True:
                manager.recv(4096)
        node.process.send_signal(signal.SIGCONT)
        manager.settimeout(10)
        assert node.stop() == 0
        hear("STOPPING=1")


def test_a_backup_of_a_live_store_is_a_store(daemon, target, tocsin, tmp_path):
    server = target(answer(500))
    node = daemon({"monitors": {"shop": endpoint(server.url, every="100ms", timeout="100ms")}})
    node.start()
    node.wait_state("shop", "down")
    server.behaviour = answer(200)
    node.wait_state("shop", "up")
    events = node.events()
    copy = tmp_path / "copy.db"
    done = tocsin("backup", copy, "-c", node.folder, cwd=node.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert tocsin("backup", copy, "-c", node.folder, cwd=node.folder).returncode == 1  # exists
    assert node.stop() == 0
    other = daemon({"store": {"sqlite": {"path": str(copy)}}, "monitors": {}}, "restored").start()
    assert other.events() == events
