"""ECS services watched by the real daemon: the scripted AWS of tests/aws plays them."""

import concurrent.futures

import pytest

from conftest import clean_environment
from daemon import Daemon, wait_until
from ecs_world import (ACCOUNT, REGIONS, SCENARIOS, Hook, Played, assert_told_once, ecs, environment,
                       kill_counting, make_aws, play_together, settle)
from scripted import faults

RESTARTED = [n for n, s in SCENARIOS.items() if any(p.get("restart") for p in s["polls"])]
CALM = [n for n in SCENARIOS if n not in RESTARTED]


@pytest.fixture(scope="module")
def nodes(binary, tmp_path_factory):
    """As the fixture `daemon`, for what many tests look at."""
    made = []

    def make(config):
        made.append(Daemon(binary, tmp_path_factory.mktemp("node"), config, clean_environment()))
        return made[-1]

    yield make
    for each in made:
        each.kill()


# --- every given scenario ---
class Session:
    """Scenarios played at the same time to one daemon: what it told, and what else was seen."""

    def __init__(self, nodes, names, everywhere):
        self.aws, self.hook = make_aws(), Hook()
        self.played = {n: Played(self.aws, n, r) for n, r in zip(names, REGIONS)}
        self.node = nodes({"channels": {"hook": self.hook.channel()},
                           "ecs": ecs([p.entry() for p in self.played.values()])})
        env = environment(self.aws)
        self.restart = kill_counting(self.node, env)
        self.node.start(env={**env, "LIFE": "0"})
        play_together(self.played.values(), self.restart, everywhere)
        if everywhere:
            self.restart()
        self.node.wait_ready()
        settle(self.node, self.aws, 2 * len(names))
        self.stored = self.node.events()
        self.code = self.node.stop()
        self.violations = self.aws.take_violations()
        self.hook.close()
        self.aws.close()


@pytest.fixture(scope="module")
def calm(nodes):
    return Session(nodes, CALM, False)


@pytest.fixture(scope="module")
def restarted(nodes):
    return Session(nodes, RESTARTED, False)


@pytest.fixture(scope="module")
def killed(nodes):
    return Session(nodes, list(SCENARIOS), True)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_is_told_as_it_must_be(name, request):
    session = request.getfixturevalue("calm" if name in CALM else "restarted")
    session.played[name].check(session.hook)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_is_told_as_it_must_be_with_kill_9_at_every_poll_boundary(name, killed):
    killed.played[name].check(killed.hook)


@pytest.mark.parametrize("which", ["calm", "restarted", "killed"])
def test_nothing_is_told_twice_or_lost(which, request):
    session = request.getfixturevalue(which)
    assert_told_once(session.hook, session.restart.kills)
    if which == "calm":
        assert all(len(times) == 1 for times in session.hook.taken.values())
    stored = [e["id"] for e in session.stored if e["kind"] == "ecs"]
    assert sorted(stored) == sorted(e["id"] for e in session.hook.told())
    keys = [e["key"] for e in session.hook.told()]
    assert len(keys) == len(set(keys)), "one thing, two events"
    assert session.violations == [] and session.code == 0


# --- faults ---
# Polls 2 to 7 are the deployment, its failing tasks, the rollback. Of these only poll 5 says nothing new:
# that one may be lost.
LOOKS = {"operation": "DescribeServices"}
NULLS = faults.nulls(("events", "loadBalancers", "taskSets", "tags", "updatedAt", "platformVersion"))
FAULTS = {
    "none": [],
    "throttled": [(faults.throttle(), {**LOOKS, "nth": 3})],
    "throttled-for-a-time": [(faults.throttle(retry_after_ms=1500), {**LOOKS, "nth": 3})],
    "error-500": [(faults.failure(500), {**LOOKS, "nth": (1, 3, 5, 6)})],
    "error-503": [(faults.failure(503), {**LOOKS, "nth": (2, 4, 5, 6)})],
    "xml-error": [(faults.xml_error(500, "InternalFailure", "sorry"), {**LOOKS, "nth": (2, 5)})],
    "no-answer": [(faults.cut_before(), {**LOOKS, "nth": (1, 3, 4, 7)})],
    "half-an-answer": [(faults.cut_inside(), {**LOOKS, "nth": (2, 4, 5)})],
    "no-json": [(faults.garbage(), {**LOOKS, "nth": (3, 6)})],
    "slow": [(faults.slow(1.4), {**LOOKS, "nth": (2, 4)})],
    "drop-by-drop": [(faults.slow(0.7, drip=True), {**LOOKS, "nth": (3, 5)})],
    "slow-details": [(faults.slow(3.5), {"operation": "DescribeTaskDefinition", "nth": 1}),
                     (faults.slow(3.5), {"operation": "ListTasks", "nth": 1})],
    "no-details": [(faults.cut_before(), {"operation": "DescribeTaskDefinition"}),
                   (faults.failure(500), {"operation": "ListTasks"})],
    "empty-page": [(faults.empty_page(), {"operation": "ListServices", "nth": 1})],
    "no-list": [(faults.failure(500), {"operation": "ListServices", "nth": 1})],
    "same-token": [(faults.repeated_token(), {"operation": "ListServices"})],
    "stale": [(faults.stale(1), {**LOOKS, "nth": (3, 5, 8)}),
              (faults.stale(2), {**LOOKS, "nth": (10, 11)})],
    "once-missing": [(faults.partial(), {**LOOKS, "nth": 5})],
    "another-reason": [(faults.partial(reason="INTERNAL"), {**LOOKS, "nth": 5})],
    "shuffled": [(faults.shuffled(), {})],
    "future": [(faults.unknown_enum(), {}), (faults.unknown_fields(), {}), (NULLS, {})]}
# What of a service's state must not hang on faults.
LASTING = ("phase", "running", "desired", "deployment", "task_definition", "rollback")


class Faulty:
    """One scenario under every fault, each in a region of its own, seen by one daemon."""

    def __init__(self, nodes):
        self.aws, self.hook = make_aws(), Hook()
        self.played = {}
        for (fault, rules), region in zip(FAULTS.items(), REGIONS, strict=True):
            self.played[fault] = Played(self.aws, "circuit_breaker_rollback", region, fault,
                                        step=False)
            for effect, narrowed in rules:
                self.aws.faults.add(effect, region=region, **narrowed)
        self.node = nodes({"channels": {"hook": self.hook.channel()}, "self": {"notify": ["hook"]},
                           "ecs": ecs([p.entry() for p in self.played.values()])})
        self.node.start(env=environment(self.aws))
        with concurrent.futures.ThreadPoolExecutor(len(FAULTS)) as pool:
            list(pool.map(self.look, self.played.values()))
        wait_until(lambda: len(self.troubles()) > 1, 15, "troubles")
        self.code = self.node.stop()
        self.violations = self.aws.take_violations()
        self.hook.close()
        self.aws.close()

    def look(self, one):
        """At its end, which is when the request after the last poll is here and waits."""
        one.script.wait(60)
        wait_until(lambda: "finished" in self.hook.types(one.monitor), 10, one.monitor)
        name = one.monitor.replace("/", "%2F")
        one.end = self.node.monitor(name)
        one.deployments = self.node.get(f"/api/v1/monitors/{name}/deployments").json()["items"]
        one.names = one.script.names

    def lasting(self, fault):
        """How it ended, in the scenario's own names."""
        one = self.played[fault]
        values = one.end["last"]["values"]
        deployments = [{k: d.get(k) for k in ("id", "status", "rollback", "started_at", "ended_at")}
                       for d in one.deployments]
        return one.names.short({"state": one.end["state"], "deployments": deployments,
                                **{k: values.get(k) for k in LASTING}})

    def troubles(self):
        return [e["message"] for e in self.hook.told("tocsin")]


@pytest.fixture(scope="module")
def faulty(nodes):
    return Faulty(nodes)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_changes_nothing_that_is_told_or_known(fault, faulty):
    faulty.played[fault].check(faulty.hook)
    assert faulty.lasting(fault) == faulty.lasting("none")


def test_faults_that_pass_are_no_trouble_but_throttling_is_said(faulty):
    said = sorted(faulty.troubles())
    assert len(said) == 2 and all("AWS throttles the account" in text for text in said), said
    assert faulty.violations == [] and faulty.code == 0
