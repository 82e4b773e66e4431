"""Services of ECS that roll out in other ways than most: daemons, traffic that is shifted (blue/green,
linear, canary), no rollout state, no tasks at all, automatic scaling; each also with kill -9 in its
middle, and while AWS throttles."""

import pytest

from daemon import wait_until
from ecs_fixtures import aws, hook, prod  # noqa: F401
from ecs_world import assert_told_once, change, ecs, environment, finish, kill_counting
from scripted import faults


class Watched:
    """A daemon that watches the cluster prod and tells the hook, and what it told."""

    def __init__(self, node, aws, hook):
        self.node, self.hook = node, hook
        self.restart = kill_counting(node, environment(aws))

    def up(self, *services):
        names = [f"prod/{service}" for service in services]
        wait_until(lambda: {n: m["state"] for n, m in self.node.monitors().items()}
                   == dict.fromkeys(names, "up"), 20, f"{names} up, and no other")

    def looks(self, times=2):
        """Until each service was looked at so often again."""
        def counts():
            return [m["schedule"]["planned"] for m in self.node.monitors().values()]

        start = counts()
        wait_until(lambda: all(b >= a + times for a, b in zip(start, counts())), 15, "more looks")

    def tells(self, *types, service="web"):
        """Once as much was told of the service since the start: these, and no other."""
        def told():
            return self.hook.types(f"prod/{service}")

        wait_until(lambda: len(told()) >= len(types), 15, f"{types} of {service}")
        assert told() == list(types)
        return self.hook.told(f"prod/{service}", without=["tasks_stopped"])

    def quiet(self, times=2):
        """Each service is looked at so often again, and nothing is told."""
        before = self.hook.types()
        self.looks(times)
        wait_until(lambda: self.node.get("/api/v1/outbox").json()["items"] == [], 10, "an empty outbox")
        assert self.hook.types() == before

    def kill(self):
        self.restart()
        self.node.wait_ready()

    def deployments(self, service="web"):
        """Their outcomes, newest first."""
        answer = self.node.get(f"/api/v1/monitors/prod%2F{service}/deployments")
        return [one["status"] for one in answer.json()["items"]]


@pytest.fixture
def watch(daemon, aws, hook):
    """watch(ecs options) starts it."""
    def start(**more):
        node = daemon({"channels": {"hook": hook.channel()}, "self": {"notify": ["hook"]},
                       "ecs": ecs(["prod"], **{"notify": ["hook"], **more})})
        node.start(env=environment(aws))
        return Watched(node, aws, hook)

    return start


def shift(service, id_, status, **more):
    """The service deployment of this deployment is now so far."""
    service.records[id_].update(status=status, **more)


def configure(service, **more):
    """With other values of its deploymentConfiguration."""
    service.update(deploymentConfiguration={**service.wire["deploymentConfiguration"], **more})


# --- daemons ---
def test_tasks_of_a_daemon_on_instances_that_come_are_waited_for(prod, watch):
    agent = prod.add_service("agent", desired=3, scheduling="DAEMON")
    seen = watch()
    seen.up("agent")
    change(agent, desiredCount=5, pendingCount=2)
    seen.quiet()
    change(agent, runningCount=5, pendingCount=0)
    seen.quiet()
    change(agent, desiredCount=4, runningCount=4)
    seen.quiet()


def test_a_daemon_that_loses_tasks_is_told_after_two_looks_also_when_none_is_left(prod, watch):
    agent = prod.add_service("agent", desired=3, scheduling="DAEMON")
    seen = watch(partial_crash_polls=3)
    seen.up("agent")
    change(agent, runningCount=0)
    [lost] = seen.tells("recovering", service="agent")
    assert (lost["impact"], lost["running"], lost["desired"]) == ("outage", 0, 3)
    seen.kill()
    change(agent, runningCount=3)
    _, end = seen.tells("recovering", "finished", service="agent")
    assert (end["subject"], end["incident"]) == ("recover", lost["incident"])


def test_a_daemon_is_deployed_while_instances_come(prod, watch):
    agent = prod.add_service("agent", desired=2, scheduling="DAEMON")
    seen = watch()
    seen.up("agent")
    agent.deploy("agent:2", "second")
    seen.tells("deploy_started", service="agent")
    change(agent, desiredCount=4)
    seen.quiet(times=1)
    seen.kill()
    finish(agent)
    seen.tells("deploy_started", "finished", service="agent")
    assert seen.deployments("agent") == ["finished"]


# --- traffic that is shifted ---
def shifting(prod):
    """A service of each strategy, by its name."""
    return {strategy.lower(): prod.add_service(strategy.lower(), desired=2, strategy=strategy)
            for strategy in ("BLUE_GREEN", "LINEAR", "CANARY")}


def test_what_shifts_traffic_ends_when_its_service_deployment_does_over_kills_at_each_stage(
        prod, watch, hook):
    services = shifting(prod)
    seen = watch()
    seen.up(*services)
    ids = {name: one.deploy(f"{name}:2", "green", rollout=None) for name, one in services.items()}
    for name, id_ in ids.items():
        [started] = seen.tells("deploy_started", service=name)
        assert started["deployment"] == id_
    for stage in ("PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME"):
        for name, one in services.items():
            change(one, runningCount=2, pendingCount=0)
            shift(one, ids[name], "IN_PROGRESS", lifecycleStage=stage)
        seen.kill()
        seen.quiet(times=1)
    for one in services.values():
        finish(one, rollout=None)
    seen.quiet()
    for name, one in services.items():
        shift(one, ids[name], "SUCCESSFUL", lifecycleStage="CLEAN_UP")
    seen.kill()
    for name in services:
        started, end = seen.tells("deploy_started", "finished", service=name)
        assert not end.get("rollback") and end["incident"] == started["incident"]
        assert seen.deployments(name) == ["finished"]
    assert_told_once(hook, seen.restart.kills)


def test_what_shifts_traffic_back_is_told_with_the_reason_and_ends_as_a_rollback(prod, watch, hook):
    services = shifting(prod)
    seen = watch()
    seen.up(*services)
    ids = {name: one.deploy(f"{name}:2", "green", running=2, rollout=None)
           for name, one in services.items()}
    for name in services:
        seen.tells("deploy_started", service=name)
    why = {"reason": "Service deployment rolled back because of alarm errors", "startedAt": prod.now()}
    for name, one in services.items():
        shift(one, ids[name], "ROLLBACK_REQUESTED", rollback=why)
    for name in services:
        _, back = seen.tells("deploy_started", "rolled_back", service=name)
        assert (back["from"], back["reason"]) == (ids[name], why["reason"])
        shift(services[name], ids[name], "ROLLBACK_IN_PROGRESS")
    seen.kill()
    seen.quiet()
    for name, one in services.items():
        shift(one, ids[name], "ROLLBACK_SUCCESSFUL")
    for name in services:
        started, _, end = seen.tells("deploy_started", "rolled_back", "finished", service=name)
        assert end["rollback"] and end["incident"] == started["incident"]
        assert seen.deployments(name) == ["rolled_back"]
    assert_told_once(hook, seen.restart.kills)


def test_what_is_stopped_has_failed_until_the_next_one_is_live(prod, watch):
    ends = {"stopped": "STOPPED", "stuck": "ROLLBACK_FAILED"}
    services = {name: prod.add_service(name, desired=2, strategy="CANARY") for name in ends}
    told = {"stopped": ["deploy_started", "failed"], "stuck": ["deploy_started", "rolled_back", "failed"]}
    seen = watch()
    seen.up(*services)
    for name, one in services.items():
        id_ = one.deploy(f"{name}:2", "green", running=2, rollout=None)
        seen.tells("deploy_started", service=name)
        shift(one, id_, "STOP_REQUESTED")
    seen.quiet(times=1)
    for name, one in services.items():
        shift(one, one.deployment_id("green"), ends[name], statusReason="Stopped by ana")
    for name in services:
        assert seen.tells(*told[name], service=name)[-1]["reason"] == "Stopped by ana"
    seen.kill()
    prod.clock.advance(60)
    for name, one in services.items():
        next_ = one.deploy(f"{name}:3", "next", running=2, rollout=None)
        finish(one, rollout=None)
        shift(one, next_, "SUCCESSFUL")
    for name in services:
        seen.tells(*told[name], "deploy_started", "finished", service=name)


def test_a_pause_of_traffic_is_waited_for_and_bake_times_count(prod, watch):
    web = prod.add_service("web", desired=2, strategy="LINEAR")
    configure(web, bakeTimeInMinutes=5,
              linearConfiguration={"stepPercent": 25.0, "stepBakeTimeInMinutes": 1})
    seen = watch(deploy_timeout="10s")
    seen.up("web")
    id_ = web.deploy("web:2", "green", running=2, rollout=None)
    seen.tells("deploy_started")
    prod.clock.advance(9 * 60)  # 4 steps of a minute, 5 minutes, 10 seconds
    seen.quiet()
    hold = {"hookId": "h", "targetType": "PAUSE", "status": "AWAITING_ACTION"}
    shift(web, id_, "IN_PROGRESS", lifecycleHookDetails=[hold])
    prod.clock.advance(3600)
    seen.quiet()
    shift(web, id_, "IN_PROGRESS", lifecycleHookDetails=[{**hold, "status": "SUCCEEDED"}])
    late = seen.tells("deploy_started", "timeout")[-1]
    assert late["timeoutSeconds"] == 9 * 60 + 10 and late["age"] > 4000
    seen.kill()
    finish(web, rollout=None)
    shift(web, id_, "SUCCESSFUL")
    seen.tells("deploy_started", "timeout", "finished")


# --- services without a rollout state ---
def test_without_a_rollout_state_counts_decide(prod, watch):
    web = prod.add_service("web", desired=2)
    web.update(deployments=[{k: v for k, v in d.items() if not k.startswith("rollout")}
                            for d in web.wire["deployments"]])
    seen = watch()
    seen.up("web")
    web.deploy("web:2", "second", rollout=None)
    seen.tells("deploy_started")
    change(web, runningCount=2, pendingCount=0)  # the old ones run still
    seen.kill()
    seen.quiet(times=1)
    finish(web, rollout=None)
    seen.tells("deploy_started", "finished")
    assert seen.deployments() == ["finished"]


# --- no tasks, and as many as the load asks for ---
def test_a_service_that_wants_no_task_is_deployed_and_lacks_none(prod, watch):
    web = prod.add_service("web", desired=2)
    seen = watch()
    seen.up("web")
    change(web, desiredCount=0)
    seen.tells("scaled")
    change(web, runningCount=0)
    to_nothing = seen.tells("scaled", "finished")
    assert (to_nothing[0]["from"], to_nothing[0]["to"]) == (2, 0)
    seen.kill()
    seen.quiet(times=1)
    web.deploy("web:2", "second")
    finish(web)
    seen.tells("scaled", "finished", "deploy_started", "finished")
    change(web, desiredCount=2, pendingCount=2)
    seen.tells("scaled", "finished", "deploy_started", "finished", "scaled")
    finish(web)
    seen.tells("scaled", "finished", "deploy_started", "finished", "scaled", "finished")


def test_automatic_scaling_is_told_when_it_holds_once_from_first_to_last(prod, watch):
    web = prod.add_service("web", desired=2)
    seen = watch(scale_debounce="60s")
    seen.up("web")
    for desired in (4, 6, 2):  # there and back
        change(web, desiredCount=desired, runningCount=desired)
        seen.quiet(times=1)
    prod.clock.advance(61)
    seen.quiet(times=1)
    change(web, desiredCount=3, runningCount=3)
    seen.quiet(times=1)
    seen.kill()
    change(web, desiredCount=5, runningCount=3, pendingCount=2)
    seen.quiet(times=1)
    prod.clock.advance(61)
    [scaled] = seen.tells("scaled")
    assert (scaled["from"], scaled["to"]) == (2, 5)
    finish(web)
    seen.tells("scaled", "finished")


# --- when AWS throttles ---
def test_a_deployment_while_aws_throttles_is_told_whole_when_it_answers(prod, aws, watch):
    web = prod.add_service("web", desired=2)
    seen = watch()
    seen.up("web")
    rule = aws.faults.add(faults.throttle(), operation="DescribeServices")
    wait_until(lambda: rule.taken >= 2, 15, "two throttled looks")
    id_ = web.deploy("web:2", "second")
    finish(web)
    seen.kill()
    wait_until(lambda: rule.taken >= 4, 15, "two more")
    rule.remove()
    started, end = seen.tells("deploy_started", "finished")
    assert (started["deployment"], end["deployment"]) == (id_, id_)
    assert seen.deployments() == ["finished"]
