"""Who is told, and what people can do about it: the daemon, its API and its commands together."""

import json

import pytest

from daemon import free_port, wait_until
from targets import answer

MAKES_IT_FAIL = 503


def endpoint(url, **more):
    return {"http": url, "every": "500ms", "timeout": "400ms", "fail_after": 1, **more}


@pytest.fixture
def shop(daemon, target, receiver, tocsin):
    """A daemon that watches one target and tells one webhook; .ask() runs a client command."""
    site, inbox = target(), receiver()
    node = daemon({"channels": {"ops": {"webhook": {"url": inbox.url + "/k3y"}}},
                   "monitors": {"shop": endpoint(site.url, notify=["ops"],
                                                 labels={"team": "shop"})}}).start()
    node.site, node.inbox = site, inbox
    node.ask = lambda *args, **more: tocsin(*args, env={"TOCSIN_URL": node.url}, **more)
    node.wait_state("shop", "up")
    return node


def checks_of(node, name="shop"):
    return node.monitor(name)["schedule"]["planned"]


def goes_on(node, checks=4):
    """Long enough for what should not happen to happen: some more checks have ended."""
    start = checks_of(node)
    wait_until(lambda: checks_of(node) >= start + checks, what="more checks")


# --- silences ---
def test_a_silence_holds_back_what_happens_and_its_end_tells_it(shop):
    added = shop.ask("silence", "add", "--for", "30m", "--by", "ana", "--reason", "a deploy", "team=shop")
    assert added.returncode == 0, added.stderr
    assert "1 monitor now" in added.stdout and "team=shop" in added.stdout
    shop.site.behaviour = answer(MAKES_IT_FAIL)
    shop.wait_state("shop", "down")
    goes_on(shop)
    assert shop.inbox.requests == []
    item = shop.monitor("shop")
    assert item["silenced"] and item["incident"]["told"] == []
    assert item["incident"]["held"] == "silenced"
    assert "silenced" in shop.ask("status").stdout
    [silence] = json.loads(shop.ask("silence", "list", "--json").stdout)["items"]
    assert (silence["by"], silence["reason"], silence["state"]) == ("ana", "a deploy", "active")
    assert item["incident"]["held_by"] == silence["id"]
    assert silence["id"] in shop.ask("silence", "list").stdout
    assert shop.metric("tocsin_silences_active") == 1
    ended = shop.ask("silence", "end", silence["id"])
    assert ended.returncode == 0, ended.stderr
    wait_until(lambda: shop.inbox.events == [("went_down", "shop")], what="the alert")
    assert shop.monitor("shop")["incident"]["told"] == ["ops"]
    assert shop.ask("silence", "list").stdout == "no silences\n"
    again = shop.ask("silence", "end", silence["id"])
    assert again.returncode == 1 and "there is no silence" in again.stderr


def test_an_outage_that_a_silence_swallowed_is_told_to_nobody(shop):
    shop.ask("silence", "add", "--for", "30m", "--all")
    shop.site.behaviour = answer(MAKES_IT_FAIL)
    shop.wait_state("shop", "down")
    shop.site.behaviour = answer(200)
    shop.wait_state("shop", "up")
    [silence] = json.loads(shop.ask("silence", "list", "--json").stdout)["items"]
    shop.ask("silence", "end", silence["id"])
    goes_on(shop)
    assert shop.inbox.requests == []
    assert [e["type"] for e in shop.events()] == ["recovered", "went_down"]


def test_the_recovery_of_what_was_told_is_told_under_a_silence(shop):
    shop.site.behaviour = answer(MAKES_IT_FAIL)
    wait_until(lambda: shop.inbox.events == [("went_down", "shop")], what="the alert")
    shop.ask("silence", "add", "--for", "30m", "monitor=sh*")
    shop.site.behaviour = answer(200)
    wait_until(lambda: shop.inbox.events[1:] == [("recovered", "shop")], what="the recovery")


def test_silences_survive_a_restart(shop):
    shop.ask("silence", "add", "--for", "30m", "team=shop")
    shop.kill()
    shop.site.behaviour = answer(MAKES_IT_FAIL)
    shop.start()
    shop.wait_state("shop", "down")
    goes_on(shop)
    assert shop.inbox.requests == [] and shop.monitor("shop")["silenced"]


@pytest.mark.parametrize("args", [
    ["add", "--for", "30m"], ["add", "team=shop"], ["add", "--all", "team=shop", "--for", "30m"],
    ["add", "--all", "--for", "soon"], ["add", "--all", "--until", "tomorrow"],
    ["add", "--all", "--for", "1h", "--until", "2030-01-01T00:00:00Z"], ["end"], []])
def test_a_silence_that_is_not_clear_is_wrong_usage(tocsin, args):
    done = tocsin("silence", *args)
    assert done.returncode == 2, done.stdout + done.stderr


def test_a_selector_that_is_wrong_is_explained(shop):
    done = shop.ask("silence", "add", "--for", "30m", "team")
    assert done.returncode == 1 and "expected key=value" in done.stderr


# --- acknowledgement ---
def test_an_acknowledgement_stops_the_escalation_until_it_is_taken_back(daemon, target, receiver, tocsin):
    first, boss, site = receiver(), receiver(), target(answer(MAKES_IT_FAIL))
    node = daemon({"channels": {"ops": {"webhook": {"url": first.url}},
                                "boss": {"webhook": {"url": boss.url}}},
                   "monitors": {"shop": endpoint(site.url, notify=[
                       "ops", {"channel": "boss", "after": "3s"}])}}).start()
    env = {"TOCSIN_URL": node.url}
    wait_until(lambda: first.events == [("went_down", "shop")], what="the alert")
    done = tocsin("acknowledge", "shop", "--by", "ana", "--comment", "on it", env=env)
    assert done.returncode == 0, done.stderr
    assert "acknowledged by ana until it is up again" in done.stdout
    assert "acknowledged" in tocsin("status", env=env).stdout
    assert node.monitor("shop")["incident"]["acknowledged"]["comment"] == "on it"
    goes_on(node, 10)  # 5 s
    assert boss.requests == []
    back = tocsin("ack", "shop", "--undo", env=env)
    assert back.returncode == 0, back.stderr
    wait_until(lambda: boss.events == [("went_down", "shop")], what="the escalation")
    site.behaviour = answer(200)
    wait_until(lambda: boss.events[1:] == [("recovered", "shop")], what="the recovery")
    late = tocsin("acknowledge", "shop", env=env)
    assert late.returncode == 1 and "no open incident" in late.stderr


# --- the outbox ---
def test_what_waits_for_a_dead_channel_is_listed_retried_and_delivered(daemon, target, receiver, tocsin):
    port = free_port()
    node = daemon({"channels": {"ops": {"webhook": {"url": f"http://127.0.0.1:{port}/k3y"}}},
                   "monitors": {"shop": endpoint(target(answer(MAKES_IT_FAIL)).url,
                                                 notify=["ops"])}}).start()
    env = {"TOCSIN_URL": node.url}

    def waiting():
        items = json.loads(tocsin("outbox", "list", "--json", env=env).stdout)["items"]
        return [i for i in items if i["attempts"] > 0 and i["state"] == "waiting"]

    [item] = wait_until(waiting, what="a failed attempt")
    assert (item["channel"], item["monitor"], item["type"]) == ("ops", "shop", "went_down")
    assert "refused" in item["error"] and item["next_try"] and item["since"]
    shown = tocsin("outbox", "list", "ops", env=env).stdout
    assert item["key"] in shown and "refused" in shown and "1 notification in the outbox" in shown
    [channel] = node.get("/api/v1/channels").json()["items"]
    assert channel["state"] == "failing" and channel["waiting"] == 1 and channel["failures"] >= 1
    assert node.metric('tocsin_channel_up{channel="ops",type="webhook"}') == 0
    inbox = receiver(port=port)
    done = tocsin("outbox", "retry", "ops", env=env)
    assert done.returncode == 0 and "ops" in done.stdout, done.stderr
    wait_until(lambda: inbox.events == [("went_down", "shop")], what="the alert")
    assert inbox.requests[0][1]["Idempotency-Key"] == item["key"]
    wait_until(lambda: "no notifications" in tocsin("outbox", "list", env=env).stdout,
               what="an empty outbox")
    assert node.get("/api/v1/channels").json()["items"][0]["state"] == "ok"


def test_what_is_dropped_stays_dropped(daemon, target, receiver, tocsin):
    port = free_port()
    monitors = {name: endpoint(target(answer(MAKES_IT_FAIL)).url, notify=["ops"])
                for name in ("a", "b", "c")}
    node = daemon({"channels": {"ops": {"webhook": {"url": f"http://127.0.0.1:{port}/"}}},
                   "monitors": monitors}).start()
    env = {"TOCSIN_URL": node.url}

    def rows():
        return json.loads(tocsin("outbox", "list", "--json", env=env).stdout)["items"]

    wait_until(lambda: len(rows()) == 3, what="three that wait")
    key = next(r["key"] for r in rows() if r["monitor"] == "a")

    def dropped(*what):
        done = tocsin("outbox", "drop", *what, env=env)
        return done.stdout if done.returncode == 0 else None

    # One that is being sent at this moment cannot be dropped: ask again.
    assert wait_until(lambda: dropped(key), what="the drop") == "1 notification dropped\n"
    assert sorted(r["monitor"] for r in rows()) == ["b", "c"]
    again = tocsin("outbox", "drop", key, env=env)
    assert again.returncode == 1 and "nothing with the key" in again.stderr
    wait_until(lambda: dropped("--channel", "ops") and rows() == [], what="an empty outbox")
    assert node.metric('tocsin_notifications_dropped_total{channel="ops",type="webhook"}') == 3
    assert tocsin("outbox", "drop", env=env).returncode == 2
    node.kill()
    inbox = receiver(port=port)
    node.start()
    node.wait_state("a", "down")
    assert rows() == [] and inbox.requests == []


# --- trying a channel out ---
def test_notify_test_sends_one_and_prints_the_answer(shop):
    done = shop.ask("notify", "test", "ops")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("delivered") and done.stdout.endswith("answer: 200\nok\n")
    [(path, _, body)] = shop.inbox.requests
    assert path == "/k3y" and "This is a test" in json.loads(body)["message"]
    shop.inbox.status, shop.inbox.body = 403, b'{"error": "no"}'
    refused = shop.ask("notify", "test", "ops", "--event", "recovered", "--monitor", "shop")
    assert refused.returncode == 1
    assert "not delivered" in refused.stdout and '{"error": "no"}' in refused.stdout
    assert json.loads(shop.inbox.requests[-1][2])["labels"] == {"team": "shop"}
    assert shop.monitor("shop")["state"] == "up" and shop.events() == []
    assert shop.get("/api/v1/channels").json()["items"][0]["state"] == "ok"
    unknown = shop.ask("notify", "test", "nope")
    assert unknown.returncode == 1 and 'no channel "nope"' in unknown.stderr
    wrong = shop.ask("notify", "test", "ops", "--event", "nope")
    assert wrong.returncode == 1 and "went_down" in wrong.stderr


def test_notify_preview_shows_what_would_be_sent_and_no_secret(daemon, receiver, tocsin):
    inbox = receiver()
    node = daemon({"channels": {"ops": {"webhook": {
        "url": inbox.url + "/${HOOK_KEY}", "headers": {"Authorization": "Bearer ${HOOK_KEY}"},
        "body": '{"say": "{title}"}'}}}})
    secret = {"HOOK_KEY": "very-s3cret"}
    node.start(env=secret)
    asked = tocsin("notify", "preview", "ops", "--url", node.url)
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.startswith(f"POST {inbox.url}/***\n")
    assert '{"say":"Test: example is down"}' in asked.stdout
    alone = tocsin("notify", "preview", "ops", "-c", node.folder, env=secret)
    assert alone.returncode == 0, alone.stderr
    assert '{"say":"Test: example is down"}' in alone.stdout
    assert "very-s3cret" not in asked.stdout + alone.stdout
    assert inbox.requests == []
    missing = tocsin("notify", "preview", "nope", "-c", node.folder, env=secret)
    assert missing.returncode == 2 and "has no channel 'nope'" in missing.stderr


def test_notify_preview_knows_the_services_that_a_configuration_takes(tmp_path, tocsin):
    path = tmp_path / "tocsin.yml"
    path.write_text('''
channels:
  ops: {webhook: {url: "http://127.0.0.1:9/", body: '{"say": "{monitor} {label.team} {impact}"}'}}
ecs: {clusters: [{cluster: prod, region: us-east-1, services: ["web*"], labels: {team: shop}}]}
''')

    def preview(monitor):
        return tocsin("notify", "preview", "ops", "-c", path, "--monitor", monitor, "--event", "recover")

    for name in ("prod/web-1", "prod/web-1@eu-west-1/210987654321"):
        shown = preview(name)
        assert shown.returncode == 0, shown.stderr
        assert f'{{"say":"{name} shop partial"}}' in shown.stdout
    for name in ("prod/api", "stage/web", "prod", "prod/"):
        refused = preview(name)
        assert refused.returncode == 2 and f"has no monitor '{name}'" in refused.stderr


# --- who may ---
def test_a_reader_may_look_and_not_touch(daemon, tocsin):
    node = daemon({"auth": {"tokens": [{"name": "eye", "role": "read", "token": "read-t0ken"},
                                       {"name": "hand", "role": "write", "token": "write-t0ken"}]}})
    node.start()
    read = {"TOCSIN_URL": node.url, "TOCSIN_TOKEN": "read-t0ken"}
    write = {"TOCSIN_URL": node.url, "TOCSIN_TOKEN": "write-t0ken"}
    assert tocsin("silence", "list", env=read).returncode == 0
    refused = tocsin("silence", "add", "--all", "--for", "1h", env=read)
    assert refused.returncode == 1 and "403" in refused.stderr
    assert tocsin("silence", "add", "--all", "--for", "1h", env=write).returncode == 0
    [silence] = json.loads(tocsin("silence", "list", "--json", env=read).stdout)["items"]
    assert silence["by"] == "hand"
    assert tocsin("outbox", "retry", env=read).returncode == 1
    nobody = tocsin("outbox", "list", "--url", node.url)
    assert nobody.returncode == 1 and "401" in nobody.stderr
