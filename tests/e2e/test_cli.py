"""The command line as its users meet it: exit codes, what is printed, what is refused."""

import json
import signal
import socket
import sqlite3
import subprocess
import time

import jsonschema
import pytest
import yaml

from daemon import free_port, wait_until
from targets import answer, hang


def endpoint(url, **more):
    return {"http": url, "every": "1s", "timeout": "500ms", "fail_after": 1, "run_at_start": True,
            **more}


# --- usage ---
def test_version_and_help_are_printed(tocsin):
    version = tocsin("--version")
    assert version.returncode == 0 and version.stdout.startswith("tocsin 0.")
    usage = tocsin("--help")
    assert usage.returncode == 0
    for command in ("run", "config", "probe", "status", "deployments", "ecs", "backup", "silence", "acknowledge",
                    "outbox", "notify"):
        assert command in usage.stdout
    assert "--log-level LEVEL  " in usage.stdout


@pytest.mark.parametrize("args", [[], ["nonsense"], ["run", "--nonsense"], ["probe"],
                                  ["probe", "http://127.0.0.1/", "--timeout", "soon"],
                                  ["--log-level", "loud", "run"],
                                  ["deployments"], ["deployments", "shop", "--limit", "0"],
                                  ["outbox"], ["outbox", "drop"], ["notify", "test"],
                                  ["acknowledge"], ["acknowledge", "shop", "--for", "soon"],
                                  ["acknowledge", "shop", "--undo", "--by", "ana"]])
def test_wrong_usage_exits_2(tocsin, args):
    done = tocsin(*args)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout + done.stderr


# --- config ---
def test_a_good_configuration_passes_the_check(tocsin, tmp_path):
    (tmp_path / "tocsin.yml").write_text("monitors:\n  shop:\n    http: https://shop.example.com/\n")
    done = tocsin("config", "check", "-c", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 monitor" in done.stdout


def test_every_problem_is_told_with_its_place(tocsin, tmp_path):
    (tmp_path / "tocsin.yml").write_text(
        "monitors:\n"
        "  shop:\n"
        "    http: {url: https://shop.example.com/}\n"
        "    tiemout: 5s\n"
        "  other:\n"
        "    tcp: db.internal:5432\n"
        "    every: often\n")
    done = tocsin("config", "check", "-c", tmp_path)
    text = done.stdout + done.stderr
    assert done.returncode == 1, text
    assert "tocsin.yml:4:5" in text and "timeout" in text  # the near miss
    assert "tocsin.yml:7:12" in text and "often" in text


def test_warnings_fail_only_a_strict_check(tocsin, tmp_path):
    (tmp_path / "tocsin.yml").write_text("monitors: {shop: {http: 'https://shop.example.com/'}}\n")
    (tmp_path / "ignored.yaml").write_text("monitors: {}\n")
    lenient = tocsin("config", "check", "-c", tmp_path)
    assert lenient.returncode == 0 and "ignored.yaml" in lenient.stdout + lenient.stderr
    assert tocsin("config", "check", "--strict", "-c", tmp_path).returncode == 1


def test_the_schema_accepts_what_the_program_accepts(tocsin):
    done = tocsin("config", "schema")
    assert done.returncode == 0
    schema = json.loads(done.stdout)
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    good = yaml.safe_load("""
        listen: 127.0.0.1:7400
        defaults: {every: 60s, timeout: 10s, fail_after: 3 of 5}
        monitors:
          shop: {http: https://shop.example.com/, expect: ["[STATUS] == 200"]}
          db: {tcp: "db.internal:5432", labels: {team: shop}}
    """)
    validator(schema).validate(good)
    with pytest.raises(jsonschema.ValidationError):
        validator(schema).validate({**good, "monitros": {}})


# --- probe ---
def test_probe_says_up_down_and_why(tocsin, target):
    server = target(answer(200, '{"status": "ok"}'))
    up = tocsin("probe", server.url, "--expect", "[BODY].status == ok")
    assert up.returncode == 0, up.stdout + up.stderr
    down = tocsin("probe", server.url, "--expect", "[BODY].status == gone")
    assert down.returncode == 1 and "ok" in down.stdout
    server.behaviour = answer(503, "busy")
    status = tocsin("probe", server.url)
    assert status.returncode == 1 and "503" in status.stdout


def test_probe_prints_the_documented_json(tocsin, target):
    server = target(answer(200, '{"n": 3}'))
    done = tocsin("probe", server.url, "--json", "--expect", "[BODY].n == 4")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert document["status"] == "down" and document["reason"] == "assertion"
    assert {"message", "duration_ms", "timings_ms", "conditions", "values"} <= set(document)
    condition = document["conditions"][0]
    assert condition["text"] == "[BODY].n == 4" and condition["passed"] is False
    assert condition["seen"] == "[BODY].n (3) == 4"


def test_probe_gives_up_at_its_timeout(tocsin, target):
    started = time.monotonic()
    done = tocsin("probe", target(hang()).url, "--timeout", "300ms", "--json")
    assert done.returncode == 1 and json.loads(done.stdout)["reason"] == "timeout"
    assert time.monotonic() - started < 3


def test_probe_names_a_refused_connection(tocsin):
    done = tocsin("probe", f"http://127.0.0.1:{free_port()}/", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["reason"] == "connect"


def test_probe_refuses_a_broken_condition(tocsin, target):
    done = tocsin("probe", target().url, "--expect", "[STATS] == 200")
    assert done.returncode == 2 and "[STATUS]" in done.stdout + done.stderr


def test_probe_takes_every_condition_as_it_is(tocsin, target):
    server = target(answer(200, '{"a": [1, 2], "b": [2, 1], "n": 200}'))
    done = tocsin("probe", "--expect", "[BODY].a == [1,2]", "--expect", "[STATUS] == [BODY].n",
                  "--expect", "[BODY].a[0] == [BODY].b[1]", server.url, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [c["text"] for c in json.loads(done.stdout)["conditions"]] == [
        "[BODY].a == [1,2]", "[STATUS] == [BODY].n", "[BODY].a[0] == [BODY].b[1]"]


def test_probe_checks_a_configured_monitor(tocsin, target, tmp_path):
    server = target(answer(204))
    (tmp_path / "tocsin.yml").write_text(f"monitors: {{shop: {{http: '{server.url}/health'}}}}\n")
    done = tocsin("probe", "shop", "-c", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert server.requests[0].startswith("GET /health ")
    assert tocsin("probe", "shup", "-c", tmp_path).returncode == 2


@pytest.fixture
def encrypted_key(tmp_path):
    """The folder of cert.pem and of key.pem, which a passphrase protects."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-passout", "pass:secret",
                    "-days", "2", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem",
                    "-subj", "/CN=shop"], check=True, capture_output=True)
    return tmp_path


def at_a_terminal(binary, *args):
    """What a command says that has a terminal and so could ask somebody."""
    return subprocess.run(["script", "-qec", " ".join(map(str, [binary, *args])), "/dev/null"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=15)


def test_nobody_is_asked_for_the_passphrase_of_a_key(binary, encrypted_key, target):
    files = {"certificate_file": str(encrypted_key / "cert.pem"),
             "key_file": str(encrypted_key / "key.pem")}
    config = encrypted_key / "tocsin.yml"
    config.write_text(yaml.safe_dump({
        "listen": {"port": free_port(), "tls": files},
        "monitors": {"shop": {"http": {"url": f"https://127.0.0.1:{target(hang()).port}/",
                                       "tls": files}}}}))
    check = at_a_terminal(binary, "probe", "shop", "-c", config)
    assert check.returncode == 3 and "key file cannot be used" in check.stdout, check.stdout
    serve = at_a_terminal(binary, "run", "-c", config)
    assert serve.returncode == 1, serve.stdout
    assert "listen.tls.key_file" in serve.stdout and "protected by a passphrase" in serve.stdout
    assert "Enter PEM" not in serve.stdout + check.stdout


# --- run ---
def test_run_once_exits_by_what_it_found(tocsin, target, tmp_path):
    server = target()
    (tmp_path / "tocsin.yml").write_text(f"monitors: {{shop: {{http: '{server.url}'}}}}\n")
    assert tocsin("run", "--once", "-c", tmp_path).returncode == 0
    server.behaviour = answer(500)
    down = tocsin("run", "--once", "-c", tmp_path)
    assert down.returncode == 1 and "shop" in down.stdout


def test_run_shows_a_table_then_a_line_per_change(daemon, target):
    server = target()
    node = daemon({"monitors": {"shop": endpoint(server.url)}})
    started = time.monotonic()
    node.start()
    node.wait_output("shop", timeout=5)
    assert time.monotonic() - started < 5
    node.wait_state("shop", "up")
    server.behaviour = answer(500)
    node.wait_state("shop", "down")
    wait_until(lambda: "500" in node.output(), what="the reason in the output")


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_run_stops_cleanly(daemon, target, sig):
    node = daemon({"monitors": {"shop": endpoint(target(hang()).url, timeout="900ms")}}).start()
    started = time.monotonic()
    assert node.stop(sig) == 0, node.output()
    assert time.monotonic() - started < 10


def test_run_names_the_key_of_a_taken_port(daemon):
    node = daemon({"monitors": {}})
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", node.port))
        taken.listen()
        node.start(ready=False)
        assert node.process.wait(10) != 0
    assert "listen" in node.output() and str(node.port) in node.output()


def test_run_refuses_a_broken_main_file(daemon):
    node = daemon("monitors: {shop: {htp: 'http://127.0.0.1/'}}\n").start(ready=False)
    assert node.process.wait(10) == 2
    assert "tocsin.yml:1:19" in node.output() and "http" in node.output()


def test_run_skips_a_broken_drop_in_and_says_so(daemon, target):
    node = daemon({"monitors": {"shop": endpoint(target().url)}})
    node.write_config("monitors: {other: {htp: 'http://127.0.0.1/'}}\n", "other.yml")
    node.start()
    node.wait_state("shop", "up")
    assert node.state("other") is None
    assert "other.yml:1:20" in node.output()


def test_a_second_process_on_the_store_names_the_first(daemon):
    first = daemon({"monitors": {}}, "one").start()
    second = daemon({"monitors": {}, "store": {"sqlite": {"path": str(first.folder / "tocsin.db")}}},
                    "two")
    second.start(ready=False)
    assert second.process.wait(10) != 0
    assert str(first.process.pid) in second.output()
    assert first.get("/readyz").status == 200


def test_secrets_never_print(daemon, target):
    server = target(answer(500, "no"))
    node = daemon({"monitors": {"shop": endpoint({
        "url": server.url, "headers": {"Authorization": "Bearer ${SHOP_TOKEN}"}})}})
    node.start("--log-level", "debug", env={"SHOP_TOKEN": "hunter2-hunter2"})
    node.wait_state("shop", "down")
    assert "Bearer hunter2-hunter2" in server.requests[0]
    pages = [node.get(p).body.decode() for p in
             ("/api/v1/monitors", "/api/v1/monitors/shop", "/api/v1/monitors/shop/history",
              "/api/v1/events", "/metrics")]
    assert node.stop() == 0
    assert "hunter2" not in node.output() + "".join(pages)


def test_the_json_log_names_events_and_requests(daemon, target):
    node = daemon({"log": {"format": "json"}, "monitors": {"shop": endpoint(target(answer(500)).url)}})
    node.start()
    node.wait_state("shop", "down")
    paused = node.post("/api/v1/monitors/shop/pause")
    [event] = node.events()
    assert node.stop() == 0
    lines = [json.loads(line) for line in node.stderr().splitlines()]
    [told] = [line for line in lines if "event" in line]
    assert {key: told[key] for key in ("event", "type", "monitor", "state", "reason", "incident",
                                       "severity", "message")} == \
        {"event": event["id"], **{key: event[key] for key in (
            "type", "monitor", "state", "reason", "incident", "severity", "message")}}
    [write] = [line for line in lines if line["message"] == "write request"]
    assert write["request"] == paused.headers["X-Request-Id"] and write["name"] == "shop"


# --- reload ---
def test_reload_takes_over_a_good_file_and_keeps_on_with_a_broken_one(daemon, target):
    server = target()
    node = daemon({"monitors": {"shop": endpoint(server.url)}}).start()
    node.wait_state("shop", "up")
    since = node.monitor("shop")["since"]
    node.write_config({"monitors": {"shop": endpoint(server.url), "new": endpoint(server.url)}})
    node.reload()
    node.wait_state("new", "up")
    assert node.monitor("shop")["since"] == since
    node.write_config("monitors: {shop: [}\n")
    node.reload()
    node.wait_output("tocsin.yml:1:")
    assert node.state("new") == "up" and node.get("/readyz").status == 200


# --- the record ---
def test_a_kill_neither_repeats_nor_forgets(daemon, target):
    server = target(answer(500))
    node = daemon({"monitors": {"shop": endpoint(server.url)}}).start()
    node.wait_state("shop", "down")
    before, events = node.monitor("shop"), node.events()
    assert [e["type"] for e in events] == ["went_down"]
    node.kill()
    node.start()
    after = node.monitor("shop")
    assert (after["state"], after["since"]) == ("down", before["since"])
    assert node.events() == events
    server.behaviour = answer(200)
    node.wait_state("shop", "up")
    assert [e["type"] for e in node.events()] == ["recovered", "went_down"]


def test_backup_copies_a_live_store(daemon, target, tocsin, tmp_path):
    node = daemon({"monitors": {"shop": endpoint(target().url)}}).start()
    node.wait_state("shop", "up")
    copy = tmp_path / "copy.db"
    done = tocsin("backup", copy, "-c", node.folder, cwd=node.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    with sqlite3.connect(copy) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    again = tocsin("backup", tmp_path / "again.db", "--store", node.folder / "tocsin.db")
    assert again.returncode == 0, again.stdout + again.stderr
    assert (tmp_path / "again.db").stat().st_size == copy.stat().st_size
    assert tocsin("backup", tmp_path / "none.db", "--store", tmp_path / "nothing.db").returncode == 1
    assert node.get("/readyz").status == 200


# --- status ---
def test_status_shows_a_running_daemon(daemon, target, tocsin):
    node = daemon({"monitors": {"shop": endpoint(target().url)}}).start()
    node.wait_state("shop", "up")
    shown = tocsin("status", "--url", node.url)
    assert shown.returncode == 0 and "shop" in shown.stdout and "up" in shown.stdout
    assert " 0ms " not in shown.stdout  # what is shorter than a millisecond is "<1ms"
    document = json.loads(tocsin("status", "--json", env={"TOCSIN_URL": node.url}).stdout)
    items = document["items"] if isinstance(document, dict) else document
    assert [i["name"] for i in items] == ["shop"]


def test_status_without_a_daemon_fails_and_says_where_it_looked(tocsin):
    port = free_port()
    done = tocsin("status", "--url", f"http://127.0.0.1:{port}")
    assert done.returncode == 1 and str(port) in done.stderr
