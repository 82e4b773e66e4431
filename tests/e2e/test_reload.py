"""A configuration that changes under a running process: what stays, what goes, what is refused."""

import json
import time

import pytest

from daemon import free_port, wait_until
from targets import answer, hang


def endpoint(url, **more):
    return {"http": url, "every": "500ms", "timeout": "400ms", "fail_after": 1, **more}


def reloaded(node, times):
    wait_until(lambda: node.metric("tocsin_config_reloads_total") == times, what="the reload")


def start(node, **states):
    node.start()
    node.wait_output("LAST CHECK")  # the table: from here on every change is one line
    for name, state in states.items():
        node.wait_state(name, state)
    return node


# --- what stays ---
@pytest.mark.parametrize("by_itself", [False, True], ids=["SIGHUP", "watch"])
def test_phase_state_and_counters_stay_and_new_monitors_start(daemon, target, by_itself):
    good, bad, hanging = target(), target(answer(500)), target(hang())
    monitors = {"shop": endpoint(good.url), "mail": endpoint(bad.url),
                "hourly": endpoint(good.url, every="1h"),
                "slow": endpoint(hanging.url, every="40s", timeout="40s", run_at_start=True)}
    node = start(daemon({"watch": by_itself, "monitors": monitors}), shop="up", mail="down")
    wait_until(lambda: hanging.requests, 15, "a check in flight")
    before, events = node.monitors(), node.events()
    assert before["hourly"]["schedule"]["next"]
    changed = {name: {**entry, "labels": {"team": "shop"}} for name, entry in monitors.items()}
    changed["new"] = endpoint(good.url)
    node.write_config({"watch": by_itself, "monitors": changed})
    if not by_itself:
        node.reload()
    node.wait_state("new", "up")
    after = node.monitors()
    for name, item in before.items():
        assert after[name]["labels"] == {"team": "shop"}
        assert (after[name]["state"], after[name]["since"]) == (item["state"], item["since"])
        for counter in ("planned", "on_time", "late"):
            assert after[name]["schedule"][counter] >= item["schedule"][counter]
    if before["hourly"]["last"] == after["hourly"]["last"]:  # else its first check came meanwhile
        assert after["hourly"]["schedule"]["next"] == before["hourly"]["schedule"]["next"]
    assert after["slow"]["schedule"]["running"] == 1 and len(hanging.requests) == 1
    assert node.events() == events
    assert node.metric("tocsin_config_reloads_total") == 1


# --- what goes ---
def test_a_removed_monitor_closes_its_incident(daemon, target):
    good, bad = target(), target(answer(500))
    node = start(daemon({"monitors": {"shop": endpoint(good.url), "mail": endpoint(bad.url)}}),
                 shop="up", mail="down")
    opened = node.events()
    assert [e["type"] for e in opened] == ["went_down"]
    node.write_config({"monitors": {}})
    node.reload()
    wait_until(lambda: not node.monitors(), what="no monitors")
    closed = wait_until(lambda: len(node.events()) > 1 and node.events(), what="its last event")
    assert len(closed) == 2 and closed[1] == opened[0]
    assert (closed[0]["monitor"], closed[0]["type"]) == ("mail", "recovered")
    assert closed[0]["reason"] == "monitor_removed"
    assert (closed[0]["incident"], closed[0]["key"]) == (opened[0]["incident"], opened[0]["key"])
    assert node.get("/api/v1/monitors/mail").status == 404
    wait_until(lambda: "mail  down -> " in node.stdout(), what="the line on the console")
    requests = len(bad.requests)
    node.kill()
    node.start()  # and it is durable
    assert node.events() == closed
    assert len(bad.requests) <= requests + 1  # one was under way at most


# --- what is refused ---
def test_a_broken_main_file_changes_nothing(daemon, target):
    node = start(daemon({"monitors": {"shop": endpoint(target().url)}}), shop="up")
    before = node.monitor("shop")
    errors = 'tocsin_config_problems{severity="error"}'
    assert node.metric(errors) == 0
    broken = [("monitors: {shop: [}\n", "tocsin.yml:1:"),
              ("monitors: {shop: {htp: x}}\n", "monitors.shop"),
              ("listen: nowhere\nmonitors: {}\n", "tocsin.yml:1:9")]
    for refusals, (text, said) in enumerate(broken, 1):
        node.write_config(text)
        node.reload()
        wait_until(lambda: node.stderr().count("reload refused") == refusals, what="a refusal")
        assert said in node.stderr()
    assert node.metric(errors) >= 1
    assert node.get("/api/v1/status").json()["config"]["errors"] >= 1
    assert node.metric("tocsin_config_reloads_total") == 0
    after = node.monitor("shop")
    assert (after["state"], after["since"]) == (before["state"], before["since"])
    wait_until(lambda: node.monitor("shop")["last"]["started_at"] > after["last"]["started_at"],
               what="the next check")
    node.write_config({"monitors": {"shop": endpoint(target().url)}})
    node.reload()
    reloaded(node, 1)
    assert node.metric(errors) == 0


def test_a_broken_drop_in_is_skipped_and_reported(daemon, target):
    server = target()
    node = daemon({"monitors": {"shop": endpoint(server.url)}})
    node.write_config({"monitors": {"partner": endpoint(server.url)}}, "partners.yml")
    start(node, shop="up", partner="up")
    assert node.metric("tocsin_config_broken_dropins") == 0
    node.write_config("monitors: {partner: {htp: x}}\n", "partners.yml")
    node.write_config({"monitors": {"extra": endpoint(server.url)}}, "extra.yml")
    node.reload()
    node.wait_state("extra", "up")
    assert node.state("shop") == "up" and node.state("partner") is None
    assert node.metric("tocsin_config_broken_dropins") == 1
    [broken] = node.get("/api/v1/status").json()["config"]["broken_dropins"]
    assert broken["file"].endswith("partners.yml") and "partners.yml:1:" in broken["message"]
    assert broken["message"] in node.stderr()
    node.write_config({"monitors": {"partner": endpoint(server.url)}}, "partners.yml")
    node.reload()
    node.wait_state("partner", "up")
    assert node.metric("tocsin_config_broken_dropins") == 0


def test_a_typo_in_a_drop_in_ends_no_outage(daemon, target):
    """Neither by a reload nor by a restart; once it is mended the outage goes on."""
    whole = {"monitors": {"partner": endpoint(target(answer(500)).url)}}
    node = daemon({})
    node.write_config(whole, "partners.yml")
    start(node, partner="down")
    since = node.monitor("partner")["since"]
    node.write_config("monitors: {partner: {htp: x}}\n", "partners.yml")
    node.reload()
    wait_until(lambda: node.state("partner") is None, what="the drop-in to be ignored")
    node.stop()
    node.start()
    assert node.state("partner") is None
    node.write_config(whole, "partners.yml")
    node.reload()
    wait_until(lambda: node.state("partner") is not None, what="the mended drop-in")
    item = node.monitor("partner")
    assert (item["state"], item["since"]) == ("down", since)
    events = node.get("/api/v1/events?monitor=partner").json()["items"]
    assert [event["type"] for event in events] == ["went_down"]


def test_what_needs_a_restart_is_said_and_the_rest_taken_over(daemon, target):
    server = target()
    node = start(daemon({"monitors": {"shop": endpoint(server.url)}}), shop="up")
    other = free_port()
    node.write_config({"listen": f"127.0.0.1:{other}", "store": {"sqlite": {"path": "other.db"}},
                       "monitors": {"shop": endpoint(server.url), "new": endpoint(server.url)}})
    node.reload()
    node.wait_state("new", "up")  # asked on the old port
    for text in (f"listen: the change to 127.0.0.1:{other} needs a restart",
                 "store.sqlite.path: the change to other.db needs a restart"):
        assert text in node.stderr()
    assert node.metric('tocsin_config_problems{severity="error"}') == 2
    assert not (node.folder / "other.db").exists()


def test_a_file_that_is_being_written_is_not_taken_half(daemon, target):
    """Editors and scripts may empty a file and then fill it; that is no configuration yet."""
    node = start(daemon({"watch": True, "monitors": {"shop": endpoint(target(answer(500)).url)}}),
                 shop="down")
    path = node.folder / "tocsin.yml"
    whole = path.read_text()
    events = node.events()
    for size in range(30):  # a slow writer, for three seconds
        path.write_text(whole[:whole.index("monitors")] + "#" * size + "\n")
        time.sleep(0.1)
    path.write_text(whole.replace("500ms", "600ms"))
    reloaded(node, 1)
    assert node.state("shop") == "down" and node.events() == events


# --- secrets ---
SECRETS = {"SHOP_TOKEN": "hunter2-header", "SHOP_KEY": "hunter2-query", "SHOP_BODY": "hunter2-body",
           "SHOP_PASSWORD": "hunter2-password", "API_TOKEN": "hunter2-api"}


def said_by(node, headers):
    """Everything that the API says about the monitors `told` and `refused`."""
    return [node.get(path, headers=headers).body.decode() for path in
            ("/api/v1/monitors", "/api/v1/monitors/told", "/api/v1/monitors/told/history",
             "/api/v1/monitors/refused", "/api/v1/events", "/api/v1/status", "/metrics")]


def assert_silent(*texts):
    for text in texts:
        assert "hunter2" not in text, text[max(0, text.index("hunter2") - 300):][:400]


def test_secrets_print_nowhere(daemon, target, tocsin):
    """Headers, query, body, password, API token; in the API, the log, the console, config check."""
    server, gone = target(answer(500, "no")), target()
    gone.close()
    http = {"url": server.url + "/?key=${SHOP_KEY}", "method": "POST", "body": "${SHOP_BODY}",
            "headers": {"X-Token": "${SHOP_TOKEN}"},
            "auth": {"basic": {"username": "shop", "password": "${SHOP_PASSWORD}"}}}
    auth = {"tokens": [{"name": "ci", "role": "write", "token": "${API_TOKEN}"}]}
    node = daemon({"auth": auth, "monitors": {
        "told": endpoint(http, expect=["[BODY].token == nothing"]),
        "refused": endpoint({**http, "url": gone.url + "/?key=${SHOP_KEY}"})}})
    headers = {"Authorization": f"Bearer {SECRETS['API_TOKEN']}"}
    node.start("--log-level", "debug", env=SECRETS)

    def down():
        items = node.get("/api/v1/monitors", headers=headers).json()["items"]
        return [item["state"] for item in items] == ["down", "down"]

    wait_until(down, what="both down")
    for secret in ("SHOP_TOKEN", "SHOP_KEY"):
        assert SECRETS[secret] in server.requests[0]
    said = said_by(node, headers)
    assert node.post("/api/v1/monitors/told/check", headers=headers).status == 200
    # Problems with a value show how it is written, not what it is.
    node.write_config({"auth": auth, "monitors": {"told": endpoint(http, every="${SHOP_TOKEN}")}})
    checked = tocsin("config", "check", "-c", node.folder, env=SECRETS)
    assert checked.returncode == 1 and "${SHOP_TOKEN}" in checked.stdout
    node.reload()
    node.wait_output("reload refused")
    assert node.stop() == 0
    assert_silent(*said, node.output(), checked.stdout, checked.stderr)


def test_a_target_that_repeats_a_secret_does_not_betray_it(daemon, target):
    server = target(answer(200, json.dumps({"token": SECRETS["SHOP_TOKEN"]})))
    http = {"url": server.url, "headers": {"X-Token": "${SHOP_TOKEN}"}}
    node = daemon({"monitors": {"told": endpoint(http, expect=["[BODY].token == nothing"],
                                                 capture={"token": "[BODY].token"})}})
    node.start("--log-level", "debug", env=SECRETS)
    node.wait_state("told", "down")
    assert_silent(*said_by(node, {}), node.output())
