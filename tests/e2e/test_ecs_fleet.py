"""Clusters of ECS as people have them: accounts, regions, selections, reloads; what the API, the
commands, Slack and PagerDuty show of their services."""

import http.server
import json
import os
import random
import threading
import time

import pytest

import ecs_world
import test_api
from daemon import wait_until
from ecs_fixtures import HERE, aws, hook, prod  # noqa: F401
from ecs_world import (ACCOUNT, OTHER_ACCOUNT, Hook, PagerDuty, Played, Slack, assert_told_once, change,
                       crash, ecs, environment, finish, kill_counting, settle)
from scripted import faults, shapes
from scripted.service import Service


@pytest.fixture
def watch(daemon, aws, hook):
    """watch([entries], ecs options) starts a daemon that tells the hook everything."""
    def start(clusters, channels=None, **more):
        config = {"channels": {"hook": hook.channel(), **(channels or {})},
                  "self": {"notify": ["hook"]}, "ecs": ecs(clusters, **{"notify": ["hook"], **more})}
        return daemon(config).start(env=environment(aws))

    return start


def up(node, *names):
    wait_until(lambda: {n: m["state"] for n, m in node.monitors().items()}
               == dict.fromkeys(names, "up"), 20, f"{names} up, and no other")


def path(monitor):
    return monitor.replace("/", "%2F").replace("@", "%40")


def seen(node, monitor, times=2):
    """Until it was looked at so often again."""
    def count():
        return node.monitor(path(monitor))["schedule"]["planned"]

    start = count()
    wait_until(lambda: count() >= start + times, 15, "more looks")


def add_new(cluster, name, **more):
    """A service that is created at this moment, all its tasks running."""
    made = Service(cluster, name)
    now = cluster.now()
    definition = cluster.place.add_task_definition(f"{name}:1")
    made.show(shapes.service(cluster, name, [shapes.deployment(
        made.deployment_id("first"), definition, created_at=now)], created_at=now, **more))
    return cluster.add(made)


# --- accounts and regions ---
def test_clusters_of_one_name_in_two_accounts_and_regions(aws, prod, hook, watch):
    role = aws.world.add_role(OTHER_ACCOUNT, external_id="shop-1")
    far = aws.world.place(OTHER_ACCOUNT, "eu-west-1")
    prod.add_service("web")
    web = far.add_cluster("prod").add_service("web", desired=2)
    shop = far.add_cluster("shop")
    shop.add_service("cart")
    theirs = {"role_arn": role, "external_id": "shop-1"}
    node = watch([{"cluster": "prod", "region": HERE},
                  {"cluster": "prod", "region": "eu-west-1", **theirs}, {"cluster": shop.arn, **theirs}])
    ours, other = f"prod/web@{HERE}/{ACCOUNT}", f"prod/web@eu-west-1/{OTHER_ACCOUNT}"
    up(node, ours, other, "shop/cart")
    web.deploy("web:2", "second")
    wait_until(lambda: hook.types(other) == ["deploy_started"], what="the deployment")
    finish(web)
    wait_until(lambda: hook.types(other) == ["deploy_started", "finished"], what="its end")
    [started, _] = hook.told(other)
    assert (started["region"], started["account"]) == ("eu-west-1", OTHER_ACCOUNT)
    assert started["previousTaskDefinition"].endswith("web:1")
    assert len(hook.told()) == 2
    assert {a for op, a, _ in aws.counts() if op == "DescribeServices"} == {ACCOUNT, OTHER_ACCOUNT}
    assert aws.counts()["AssumeRole", ACCOUNT, "eu-west-1"] == 1


def test_a_role_that_refuses_is_a_trouble_that_names_it(aws, prod, hook, watch):
    role = aws.world.add_role(OTHER_ACCOUNT, external_id="shop-1")
    aws.world.place(OTHER_ACCOUNT, HERE).add_cluster("shop").add_service("cart")
    prod.add_service("web")
    node = watch([{"cluster": "shop", "role_arn": role, "external_id": "shop-2"}, "prod"])
    up(node, "prod/web")
    [trouble] = wait_until(lambda: hook.told("tocsin"), what="the trouble")
    assert trouble["type"] == "trouble_started" and trouble["reason"] == "ecs"
    assert "shop" in trouble["message"] and role in trouble["message"], trouble["message"]
    assert "AssumeRole" in trouble["message"], trouble["message"]


def test_what_a_policy_lacks_is_named_and_told_as_over_when_it_is_there(aws, prod, hook, watch):
    key = aws.world.keys["AKID"]
    key.denied = {"ecs:DescribeServices"}
    prod.add_service("web")
    node = watch(["prod"])
    [trouble] = wait_until(lambda: hook.told("tocsin"), what="the trouble")
    assert "ecs:DescribeServices" in trouble["message"], trouble["message"]
    node.kill()
    key.denied = set()
    node.start(env=environment(aws))
    up(node, "prod/web")
    wait_until(lambda: len(hook.told("tocsin")) == 2, what="the end of the trouble")
    assert hook.told("tocsin")[1]["type"] == "trouble_ended"
    assert hook.told("tocsin")[1]["incident"] == trouble["incident"]


def test_without_task_calls_crashes_are_told_all_the_same(aws, prod, hook, watch):
    aws.world.keys["AKID"].denied = {"ecs:ListTasks", "ecs:DescribeTaskDefinition"}
    web = prod.add_service("web")
    node = watch(["prod"])
    up(node, "prod/web")
    crash(web)
    wait_until(lambda: hook.types("prod/web") == ["recovering"], what="the outage")
    finish(web)
    wait_until(lambda: hook.types("prod/web") == ["recovering", "finished"], what="its end")
    web.deploy("web:2", "second")
    wait_until(lambda: hook.types("prod/web")[2:] == ["deploy_started"], what="the deployment")
    said = wait_until(lambda: len(hook.told("tocsin")) == 2 and hook.told("tocsin"), what="troubles")
    assert "lack the reasons of crashes" in said[0]["message"], said
    assert "lack images" in said[1]["message"], said


def test_a_cluster_that_is_not_there_is_said_at_once(aws, prod, hook, watch):
    prod.add_service("web")
    node = watch(["prod", "prdo"])
    up(node, "prod/web")
    [trouble] = wait_until(lambda: hook.told("tocsin"), what="the trouble")
    assert "prdo" in trouble["message"] and "ot found" in trouble["message"], trouble["message"]


def test_a_service_that_codedeploy_deploys_is_reported_once_as_not_covered(aws, prod, hook, watch):
    prod.add(Service(prod, "blue")).show(shapes.service(prod, "blue", [], desired=1, running=1,
                                                        controller="CODE_DEPLOY"))
    prod.add_service("web")
    node = watch(["prod"])
    wait_until(lambda: node.state("prod%2Fblue") == "unknown", what="prod/blue unknown")
    [trouble] = wait_until(lambda: hook.told("tocsin"), what="the trouble")
    assert "prod/blue is not covered" in trouble["message"] and "CODE_DEPLOY" in trouble["message"]
    seen(node, "prod/blue")
    assert len(hook.told()) == 1


def test_a_clock_that_is_an_hour_wrong_is_found_out_from_the_answers(hook, watch, daemon):
    wrong = ecs_world.Server(ecs_world.World(time.time() + 3600), most_skew=300)
    wrong.world.add_key("AKID", "secret", account=ACCOUNT)
    web = wrong.world.place(ACCOUNT, HERE).add_cluster("prod").add_service("web")
    node = daemon({"channels": {"hook": hook.channel()}, "self": {"notify": ["hook"]},
                   "ecs": ecs(["prod"], notify=["hook"], deploy_timeout="10m")})
    node.start(env={**environment(wrong), "AWS_MAX_ATTEMPTS": "2"})
    up(node, "prod/web")
    web.deploy("web:2", "second")
    wait_until(lambda: hook.types() == ["deploy_started"], what="the deployment")
    seen(node, "prod/web")
    finish(web)
    wait_until(lambda: hook.types() == ["deploy_started", "finished"], what="its end")
    assert hook.told()[1]["duration"] < 60
    assert wrong.take_violations() == []
    wrong.close()


def test_silence_of_aws_is_unknown_after_three_looks_and_what_is_found_then_is_called_late(
        aws, prod, hook, watch):
    web = prod.add_service("web")
    node = watch(["prod"])
    up(node, "prod/web")
    rule = aws.faults.add(faults.failure(503), operation="DescribeServices")
    wait_until(lambda: node.state("prod%2Fweb") == "unknown", what="prod/web unknown")
    assert rule.taken >= 3
    assert hook.told() == []
    prod.clock.advance(600)
    crash(web)
    rule.remove()
    node.wait_state("prod%2Fweb", "down")
    wait_until(lambda: hook.types() == ["recovering"], what="the outage")
    assert 590_000 <= hook.told()[0]["late_ms"] <= 630_000, hook.told()[0]


def test_blue_green_is_finished_when_its_service_deployment_says_so(aws, prod, hook, watch):
    web = prod.add_service("web", desired=2, strategy="BLUE_GREEN")
    node = watch(["prod"])
    up(node, "prod/web")
    id_ = web.deploy("web:2", "green", running=2, rollout=None)
    wait_until(lambda: hook.types() == ["deploy_started"], what="the deployment")
    web.records[id_].update(status="IN_PROGRESS", lifecycleStage="BAKE_TIME")
    finish(web, rollout=None)
    seen(node, "prod/web")
    assert hook.types() == ["deploy_started"]
    web.records[id_].update(status="SUCCESSFUL", lifecycleStage="CLEAN_UP")
    wait_until(lambda: hook.types() == ["deploy_started", "finished"], what="its end")


# --- which services ---
def test_patterns_tags_and_entries_select(aws, prod, hook, watch):
    for name, tags in {"api-one": {"team": "shop"}, "api-two": {"team": "shop-eu"}, "web": {},
                       "api-canary": {"team": "shop"}, "api-other": {"team": "mail"}}.items():
        prod.add_service(name, tags=tags)
    node = watch([{"cluster": "prod", "services": ["web"], "labels": {"who": "first"}},
                  {"cluster": "prod", "services": {"include": ["*"], "exclude": ["*-canary"],
                                                   "tags": {"team": "shop*"}}}])
    up(node, "prod/web", "prod/api-one", "prod/api-two")
    labels = node.monitor("prod%2Fweb")["labels"]
    assert labels == {"cluster": "prod", "service": "web", "who": "first"}
    assert node.monitor("prod%2Fapi-two")["labels"]["team"] == "shop-eu"
    assert hook.told() == []


def test_a_service_that_comes_later_is_found_told_and_forgotten_when_it_goes(aws, prod, hook, watch):
    prod.add_service("web")
    node = watch(["prod"])
    up(node, "prod/web")
    api = add_new(prod, "api", tags={"team": "shop"})
    up(node, "prod/web", "prod/api")
    wait_until(lambda: hook.types("prod/api")
               == ["service_created", "deploy_started", "finished"], what="its creation")
    assert hook.told("prod/api")[1]["initial"] and hook.told("prod/api")[0]["labels"]["team"] == "shop"
    api.update(status="DRAINING", desiredCount=0)
    up(node, "prod/web")
    wait_until(lambda: hook.types("prod/api")[3:] == ["service_deleted"], what="its deletion")
    assert [d["status"] for d in node.get("/api/v1/monitors/prod%2Fapi/deployments").json()["items"]] \
        == ["finished"]
    assert node.get("/api/v1/monitors/prod%2Fapi").status == 404
    assert hook.told("prod/web") == []


class Metadata(http.server.BaseHTTPRequestHandler):
    """A machine that is asked for its region: `status` is what it answers."""
    status = 500

    def do_GET(self):
        body = json.dumps({"TaskARN": f"arn:aws:ecs:{HERE}:{ACCOUNT}:task/prod/1"}).encode()
        self.send_response(type(self).status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_a_machine_that_could_not_tell_its_region_at_the_start_is_asked_again(aws, prod, hook, daemon):
    prod.add_service("web")
    Metadata.status = 500
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metadata) as machine:
        threading.Thread(target=machine.serve_forever, args=(0.05,), daemon=True).start()
        node = daemon({"channels": {"hook": hook.channel()}, "self": {"notify": ["hook"]},
                       "ecs": ecs(["prod"], notify=["hook"])})
        node.start(env={**environment(aws), "AWS_REGION": "", "ECS_CONTAINER_METADATA_URI_V4":
                        f"http://127.0.0.1:{machine.server_address[1]}"})
        [trouble] = wait_until(lambda: hook.told("tocsin"), what="the trouble")
        assert "it names no region" in trouble["message"], trouble["message"]
        Metadata.status = 200

        def followed():
            node.reload()  # as the minute does that passes
            return {n: m["state"] for n, m in node.monitors().items()} == {"prod/web": "up"}

        wait_until(followed, 20, "the region and what is there")
        wait_until(lambda: len(hook.told("tocsin")) == 2, what="the end of the trouble")
        machine.shutdown()


# --- reload ---
def test_a_reload_adds_and_removes_clusters_and_resolves_the_pages_of_what_it_removes(
        aws, prod, hook, watch):
    pager = PagerDuty()
    stage = aws.world.place(ACCOUNT, HERE).add_cluster("stage")
    web, other = prod.add_service("web"), stage.add_service("web")
    channels = {"pager": {"pagerduty": {"routing_key": "k", "url": pager.url}}}
    notify = ["hook", {"channel": "pager", "types": ["recovering", "finished", "recovered"]}]
    node = watch(["prod"], channels, notify=notify)
    up(node, "prod/web")
    crash(web)
    wait_until(lambda: pager.open, what="the page")
    assert node.state("prod%2Fweb") == "down"
    both = {"channels": {"hook": hook.channel(), **channels}, "self": {"notify": ["hook"]}}
    node.write_config({**both, "ecs": ecs(["prod", "stage"], notify=notify)})
    node.reload()
    wait_until(lambda: node.state("stage%2Fweb") == "up", what="stage/web up")
    assert node.state("prod%2Fweb") == "down" and len(pager.open) == 1
    node.write_config({**both, "ecs": ecs(["stage"], notify=notify)})
    node.reload()
    up(node, "stage/web")
    wait_until(lambda: not pager.open, what="the page resolved")
    assert hook.types() == ["recovering", "recovered"]
    assert hook.told()[-1]["reason"] == "monitor_removed"
    crash(other)
    wait_until(lambda: pager.open, what="the page of the other")
    aws.reset_calls()
    settle(node, aws, 4)
    assert node.metric("tocsin_config_reloads_total") == 2
    pager.close()


def test_a_reload_that_says_the_same_goes_on_and_one_without_ecs_ends_it(aws, prod, hook, watch):
    web = prod.add_service("web")
    node = watch(["prod"])
    up(node, "prod/web")
    web.deploy("web:2", "second")
    wait_until(lambda: hook.types() == ["deploy_started"], what="the deployment")
    lines = node.config_path.read_text()
    node.write_config(lines.replace("check_interval: 1s", "check_interval: 2s"))
    node.reload()
    wait_until(lambda: node.metric("tocsin_config_reloads_total") == 1, what="the reload")
    finish(web)
    wait_until(lambda: hook.types() == ["deploy_started", "finished"], what="its end")
    node.write_config({"channels": {"hook": hook.channel()}})
    node.reload()
    wait_until(lambda: node.monitors() == {}, what="no monitors")
    assert hook.types() == ["deploy_started", "finished"]


def test_the_start_is_announced_when_other_services_are_watched_than_before(aws, prod, hook, watch):
    prod.add_service("web")
    node = watch(["prod"], announce_start="changed")
    wait_until(lambda: hook.types() == ["monitor_started"], what="the announcement")
    node.kill()
    node.start(env=environment(aws))
    seen(node, "prod/web")
    assert hook.types() == ["monitor_started"]
    node.kill()
    prod.add_service("api")
    node.start(env=environment(aws))
    wait_until(lambda: len(hook.types()) == 2, what="the announcement")
    assert [e["services"] for e in hook.told()] == [["web"], ["api", "web"]]


# --- API and commands ---
def described(node, template, name, query=""):
    """The answer, which must be as docs/openapi.yaml says."""
    got = node.get(template.replace("{name}", path(name)) + query)
    assert got.status == 200, got.body
    test_api.check_answer(test_api.DOCUMENT["paths"][template]["get"], got)
    return got.json()


def test_api_and_commands_show_state_history_events_and_deployments(aws, prod, hook, watch, tocsin):
    web = prod.add_service("web", desired=2)
    prod.place.add_task_definition("web:2", image="registry.example.com/shop/web:v42")
    node = watch(["prod"])
    up(node, "prod/web")
    id_ = web.deploy("web:2", "second")
    wait_until(lambda: hook.types() == ["deploy_started"], what="the deployment")
    going = described(node, "/api/v1/monitors/{name}/deployments", "prod/web")["items"]
    assert [d["status"] for d in going] == ["in_progress"] and going[0]["ended_at"] is None
    prod.clock.advance(75)
    finish(web)
    wait_until(lambda: hook.types() == ["deploy_started", "finished"], what="its end")
    seen(node, "prod/web", 1)
    item = described(node, "/api/v1/monitors/{name}", "prod/web")
    assert (item["kind"], item["state"]) == ("ecs", "up")
    values = item["last"]["values"]
    assert (values["phase"], values["running"], values["desired"], values["deployment"],
            values["task_definition"]) == ("stable", 2, 2, id_, "web:2")
    assert "2 of 2 tasks run" in item["last"]["message"]
    assert len(described(node, "/api/v1/monitors/{name}/history", "prod/web")["items"]) >= 3
    [made] = described(node, "/api/v1/monitors/{name}/deployments", "prod/web")["items"]
    assert (made["id"], made["status"], made["rollback"]) == (id_, "finished", False)
    assert made["task_definition"].endswith("web:2")
    assert made["previous_task_definition"].endswith("web:1")
    assert made["images"] == [{"container": "app", "image": "registry.example.com/shop/web:v42"}]
    assert 74_000 <= made["duration_ms"] <= 80_000
    assert made["started_at"] < made["ended_at"]
    assert [e["type"] for e in node.events(monitor="prod%2Fweb")] == ["finished", "deploy_started"]
    got = node.get("/api/v1/events?monitor=prod%2Fweb")
    test_api.check_answer(test_api.DOCUMENT["paths"]["/api/v1/events"]["get"], got)
    env = {"TOCSIN_URL": node.url}
    shown = tocsin("deployments", "prod/web", env=env)
    assert shown.returncode == 0, shown.stderr
    assert "finished" in shown.stdout and "web:v42" in shown.stdout and "1 deployment" in shown.stdout
    assert json.loads(tocsin("deployments", "prod/web", "--json", env=env).stdout)["items"] == [made]
    assert "prod/web" in tocsin("status", env=env).stdout
    assert node.metric('tocsin_monitors{state="up"}') == 1


def test_a_paused_service_is_not_told_of_until_it_is_resumed(aws, prod, hook, watch):
    web = prod.add_service("web")
    node = watch(["prod"])
    up(node, "prod/web")
    assert node.post("/api/v1/monitors/prod%2Fweb/check").status == 409
    assert node.post("/api/v1/monitors/prod%2Fweb/pause").status == 200
    web.deploy("web:2", "second")
    seen(node, "prod/web")
    assert hook.told() == [] and node.monitor("prod%2Fweb")["paused"]
    node.kill()
    node.start(env=environment(aws))
    seen(node, "prod/web")
    assert hook.told() == []
    assert node.post("/api/v1/monitors/prod%2Fweb/resume").status == 200
    wait_until(lambda: hook.types() == ["deploy_started"], what="the deployment")


def test_an_outage_is_an_incident_that_people_acknowledge_and_silence(aws, prod, hook, watch, tocsin):
    boss = Hook()
    web, api = prod.add_service("web"), prod.add_service("api")
    node = watch(["prod"], {"boss": boss.channel()},
                 notify=["hook", {"channel": "boss", "after": "4s"}])
    up(node, "prod/web", "prod/api")
    env = {"TOCSIN_URL": node.url}
    assert tocsin("silence", "add", "--for", "30m", "service=api", env=env).returncode == 0
    crash(web)
    crash(api)
    wait_until(lambda: hook.types() == ["recovering"], what="the outage")
    wait_until(lambda: node.state("prod%2Fapi") == "down", what="prod/api down")
    assert {e["monitor"] for e in hook.told()} == {"prod/web"}
    done = tocsin("acknowledge", "prod/web", "--by", "ana", env=env)
    assert done.returncode == 0, done.stderr
    assert node.monitor("prod%2Fweb")["incident"]["acknowledged"]["by"] == "ana"
    seen(node, "prod/web", 5)
    assert boss.told() == []
    finish(web)
    wait_until(lambda: hook.types() == ["recovering", "finished"], what="the end")
    up_again = node.monitor("prod%2Fweb")
    assert up_again["state"] == "up" and not up_again["incident"]
    boss.close()


# --- Slack and PagerDuty ---
def test_a_slack_bot_keeps_one_thread_per_deployment_and_updates_its_first_message(
        aws, hook, watch, daemon):
    slack = Slack()
    good = Played(aws, "plain_rolling_deploy", HERE, "good", step=False)
    bad = Played(aws, "circuit_breaker_rollback", "eu-west-1", "bad", step=False)
    bot = {"slack": {"bot_token": "xoxb-1", "channel": "C024BE91L", "url": slack.url + "/api"},
           "rate": "100 per 1s", "group_wait": "0s"}
    node = watch([one.entry(notify=["bot"]) for one in (good, bad)], {"bot": bot})
    good.script.wait(30)
    bad.script.wait(30)
    wait_until(lambda: len(slack.updates) >= 4, 20, "the updates")
    settle_outbox(node)
    first = {post["ts"]: post["text"] for post in slack.posts if "thread_ts" not in post}
    of = {cluster: ts for ts, text in first.items() for cluster in ("good/", "bad/") if cluster in text}
    assert len(first) == 2 and set(of) == {"good/", "bad/"}, first
    threads = slack.threads()
    assert len(threads[of["good/"]]) == 1 and "finished" in threads[of["good/"]][0]
    steps = threads[of["bad/"]]
    assert len(steps) == 3, steps
    for words, text in zip(("keep failing", "rolled back", "rollback"), steps):
        assert words in text, steps
    last = {update["ts"]: update["text"] for update in slack.updates}
    assert "finished" in last[of["good/"]] and "rollback of web:1" in last[of["bad/"]], last
    assert last[of["good/"]].startswith("🟢") and last[of["bad/"]].startswith("🟡"), last
    slack.close()


def settle_outbox(node):
    wait_until(lambda: node.get("/api/v1/outbox").json()["items"] == [], 20, "an empty outbox")


def test_pagerduty_is_triggered_by_an_outage_and_resolved_by_its_end_or_by_a_deployment(
        aws, prod, hook, watch):
    pager = PagerDuty()
    web, api = prod.add_service("web"), prod.add_service("api")
    channel = {"pagerduty": {"routing_key": "k", "url": pager.url}}
    node = watch(["prod"], {"pager": channel},
                 notify=["hook", {"channel": "pager", "types": ["recovering", "failed", "finished"]}])
    up(node, "prod/web", "prod/api")
    crash(web)
    crash(api)
    wait_until(lambda: len(pager.open) == 2, what="the pages")
    assert {p["severity"] for p in pager.open.values()} == {"critical"}
    [outage] = [key for key in pager.open if "/web/" in key]
    finish(api)
    wait_until(lambda: list(pager.open) == [outage], what="the page of api resolved")
    web.deploy("web:2", "second")
    wait_until(lambda: "deploy_started" in hook.types("prod/web"), what="the deployment")
    finish(web)
    wait_until(lambda: not pager.open, what="the page of web resolved")
    assert outage in pager.resolved
    told = hook.told("prod/web")
    [end] = [e for e in told if outage in e.get("closed_incidents", [])]
    assert (end["type"], end["subject"]) == ("finished", "deploy"), end
    pager.close()


def test_what_failed_pages_until_a_later_deployment_finishes(aws, prod, hook, watch):
    pager = PagerDuty()
    web = prod.add_service("web")
    channel = {"pagerduty": {"routing_key": "k", "url": pager.url}}
    node = watch(["prod"], {"pager": channel},
                 notify=["hook", {"channel": "pager", "types": ["failed", "finished"]}])
    up(node, "prod/web")
    web.deploy("web:2", "second")
    wait_until(lambda: hook.types() == ["deploy_started"], what="the deployment")
    change(web, rolloutState="FAILED", rolloutStateReason="ECS deployment circuit breaker: tasks "
                                                          "failed to start.")
    wait_until(lambda: len(pager.open) == 1, what="the page")
    [failed] = pager.open
    time.sleep(0.01)  # a later creation time
    web.deploy("web:3", "third")
    finish(web)
    wait_until(lambda: not pager.open, what="the page resolved")
    assert pager.resolved == [failed]


# --- a section for mona ---
def test_monas_names_directly_under_ecs(aws, prod, hook, daemon, receiver):
    web, slack = prod.add_service("web"), receiver()
    channels = {"hook": hook.channel(),
                "slack": {"slack": {"webhook_url": slack.url}, "group_wait": "0s"}}
    texts = {"monitorDeploy": "{cluster} is watched", "deploy": "{service} gets {taskDef}",
             "deployTimeout": "{service}: {runningCount} of {desiredCount}, {success}"}
    node = daemon({"channels": channels, "templates": {"events": texts},
                   "defaults": {"notify": ["hook", "slack"]}, "ecs": {
        "ecsCluster": "prod", "AWSRegion": HERE, "serviceNamesOverride": [], "secondsUntilAlert": 10,
        "checkIntervalSeconds": 1, "refreshServicesInterval": 10, "logInterval": 2}})
    node.start(env=environment(aws))
    up(node, "prod/web")
    wait_until(lambda: hook.types() == ["monitor_started"], what="the announcement")
    assert hook.told()[0]["services"] == ["web"]
    node.wait_output("prod: 1 services: 1 stable")
    web.deploy("web:2", "second")
    prod.clock.advance(11)
    wait_until(lambda: hook.types()[1:] == ["deploy_started", "timeout"], what="the timeout")
    wait_until(lambda: len(slack.requests) == 3, 20, "Slack")
    said = [json.loads(body)["text"] for _, _, body in slack.requests]
    for text, words in zip(said, ("prod is watched", "web gets web:2", "web: 0 of 1, false")):
        assert words in text, said
    node.kill()
    node.start(env=environment(aws))
    wait_until(lambda: hook.types()[3:] == ["monitor_started"], what="the announcement again")


# --- kills at any moment ---
SEED = int(os.environ.get("TOCSIN_SEED", "20265"))
OVER = ("finished", "superseded", "rolled_back", "failed", "service_deleted")


def turn(service, chance, number):
    """One thing that happens to a service."""
    [primary] = [d for d in service.wire["deployments"] if d["status"] == "PRIMARY"]
    whole = primary["runningCount"] == primary["desiredCount"]
    what = chance.choice(["deploy", "finish", "finish", "crash", "scale"])
    if what == "deploy":
        service.deploy(f"{service.name}:{number}", f"number {number}")
    elif what == "finish":
        finish(service)
    elif what == "crash" and whole and primary["rolloutState"] == "COMPLETED":
        crash(service)
    elif what == "scale" and whole:
        change(service, desiredCount=1 + number % 5)


def test_kills_at_any_moment_lose_and_repeat_nothing(aws, prod, hook, watch):
    chance = random.Random(SEED)
    services = [prod.add_service(f"s{i}", desired=2) for i in range(12)]
    names = [f"prod/{s.name}" for s in services]
    node = watch(["prod"], flap_threshold=1000)
    up(node, *names)
    restart = kill_counting(node, environment(aws))
    for number in range(2, 62):
        for service in chance.sample(services, 4):
            turn(service, chance, number)
        time.sleep(chance.uniform(0.05, 0.5))
        if number % 2 == 0:
            restart()
    for service in services:
        finish(service)
    node.wait_ready()
    wait_until(lambda: all(m["last"]["values"].get("phase") == "stable"
                           and m["last"]["detail"] == "stable"
                           for m in node.monitors().values()), 20, "everything stable")
    aws.reset_calls()
    settle(node, aws, 6)
    assert_told_once(hook, restart.kills)
    stored = [e["id"] for e in node.events() if e["kind"] == "ecs"]
    assert sorted(stored) == sorted(e["id"] for e in hook.told())
    assert len({e["key"] for e in hook.told()}) == len(hook.told())
    for name in names:
        told = hook.told(name, without=["tasks_stopped"])
        began = [e["deployment"] for e in told if e["type"] == "deploy_started"]
        assert len(began) == len(set(began))
        ended = [e["deployment"] for e in told if e["type"] == "finished" and e["subject"] == "deploy"]
        ended += [e["supersedes"] for e in told if "supersedes" in e]
        assert sorted(began) == sorted(ended), name
        rows = node.get(f"/api/v1/monitors/{path(name)}/deployments?limit=100").json()["items"]
        skipped = [id_ for e in told for id_ in e.get("skipped", [])]
        assert sorted(r["id"] for r in rows) == sorted(began + skipped), (name, told)
        assert all(r["status"] in OVER for r in rows), rows
        shortages = [e["incident"] for e in told if e["type"] == "recovering"]
        closed = [e["incident"] for e in told if e["type"] == "finished"]
        closed += [i for e in told for i in e.get("closed_incidents", [])]
        assert set(shortages) <= set(closed), name
    print(f"seed {SEED}: {len(hook.told())} events, {len(restart.kills)} kills")
