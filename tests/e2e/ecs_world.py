"""ECS for end-to-end tests: the scripted AWS of tests/aws, scenarios of tests/data played to a daemon
that polls it, and a webhook receiver that knows which life of the daemon told what."""

import collections
import datetime
import itertools
import json
import pathlib
import sys
import threading
import time

from daemon import wait_until
from receiver import Receiver

TESTS = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(TESTS / "aws"))

from scripted import Server, World, load  # noqa: E402, F401

DEFAULTS, SCENARIOS = load(TESTS / "data/ecs-scenarios.json")
ACCOUNT, OTHER_ACCOUNT = "123456789012", "210987654321"
# One region each for what is played at the same time: a budget of calls, and no fault of another.
REGIONS = ("us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-west-3",
           "eu-central-1", "eu-north-1", "eu-south-1", "ap-south-1", "ap-south-2", "ap-northeast-1",
           "ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
           "sa-east-1", "me-south-1", "af-south-1")
OPTIONS = {"timeoutSeconds": ("deploy_timeout", "s"), "scaleDebounceSeconds": ("scale_debounce", "s"),
           "partialCrashPolls": ("partial_crash_polls", ""),
           "deployFailedTasksAlert": ("deploy_failed_tasks", ""),
           "flapWindowSeconds": ("flap_window", "s"), "flapThreshold": ("flap_threshold", ""),
           "flapQuietSeconds": ("flap_quiet", "s"), "missingPolls": ("missing_polls", ""),
           "coldStart": ("cold_start", "")}
# Events of kind ecs use these names for something else.
FIELDS = {"kind": "subject", "severity": "impact"}
LIFE = "X-Life"
# A delivery that is not recorded when the kill comes is younger than this: one group commit.
UNRECORDED_S = 3.0


def make_aws():
    aws = Server()
    aws.world.add_key("AKID", "secret", account=ACCOUNT)
    return aws


def environment(aws):
    """What a daemon needs to reach it; attempts are the daemon's own polls."""
    return {"AWS_ENDPOINT_URL": aws.url, "AWS_ACCESS_KEY_ID": "AKID",
            "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": REGIONS[0], "AWS_MAX_ATTEMPTS": "1",
            "AWS_EC2_METADATA_DISABLED": "true"}


def ecs(clusters, **more):
    """The section, quick to look and silent about its own start."""
    return {"check_interval": "1s", "refresh_services_interval": "10s", "announce_start": "never",
            "clusters": clusters, **more}


def options_of(scenario):
    """A scenario's config in the words of the configuration."""
    wanted = {**DEFAULTS, **scenario.get("config", {})}
    return {name: f"{wanted[key]}{unit}" if unit else wanted[key]
            for key, (name, unit) in OPTIONS.items()}


class Hook(Receiver):
    """A webhook that notes which life of the daemon sent what, and when."""

    def __init__(self):
        super().__init__()
        self.order = []                             # events as first taken
        self.taken = collections.defaultdict(list)  # Idempotency-Key -> (life, time)
        self.lock = threading.Lock()

    def channel(self, **more):
        return {"webhook": {"url": self.url + "/", "headers": {LIFE: "${LIFE:-0}"}, **more}}

    def respond(self, path, headers, body):
        status = super().respond(path, headers, body)
        if status == 200:
            with self.lock:
                key = headers["Idempotency-Key"]
                if key not in self.taken:
                    self.order.append(json.loads(body))
                self.taken[key].append((int(headers[LIFE]), time.monotonic()))
        return status

    def told(self, monitor=None, without=()):
        """Events in their order, each once."""
        with self.lock:
            return [e for e in self.order
                    if monitor in (None, e["monitor"]) and e["type"] not in without]

    def types(self, monitor=None, without=("tasks_stopped",)):
        return [e["type"] for e in self.told(monitor, without)]


def kill_counting(node, env):
    """restart() for play_together(): kill -9 and start; restart.kills says when."""
    def restart():
        node.kill()
        restart.kills.append(time.monotonic())
        node.start(ready=False, env={**env, "LIFE": str(len(restart.kills))})

    restart.kills = []
    return restart


def assert_told_once(hook, kills):
    """No key twice, unless a kill fell between a delivery and its record."""
    for key, times in hook.taken.items():
        for (life, first), (next_life, _) in zip(times, times[1:]):
            assert life < next_life, f"{key} came twice, and no kill fell between"
            assert kills[life] - first < UNRECORDED_S, \
                f"{key} came again in life {next_life}: life {life} had " \
                f"{kills[life] - first:.1f} s to record it"


class Played:
    """A scenario that is a service of its own cluster, in its own region."""

    def __init__(self, aws, name, region, cluster=None, step=True):
        """Without `step` it plays as fast as it is asked, and whoever asks beyond the last poll waits:
        what is there then, stays."""
        self.scenario, self.region = SCENARIOS[name], region
        if not step:
            polls = self.scenario["polls"]
            end = {"t": polls[-1]["t"], "restart": True}  # which holds requests
            self.scenario = {**self.scenario, "polls": [*polls, end]}
        self.cluster_name = cluster or name
        self.cluster = aws.world.place(ACCOUNT, region).add_cluster(self.cluster_name)
        self.script = aws.play(self.cluster, self.scenario, DEFAULTS, step=step)
        self.monitor = f"{self.cluster_name}/{self.scenario['service']}"
        self.error = None

    def entry(self, **more):
        made = {"cluster": self.cluster_name, "region": self.region, "notify": ["hook"],
                **options_of(self.scenario)}
        if any(poll.get("absent") for poll in self.scenario["polls"]):
            made["services"] = [self.scenario["service"]]  # so that {absent} is a look, not a list
        return {**made, **more}

    def heard(self, hook):
        """What was told of it, with the scenario's own names."""
        return [self.script.names.short(event) for event in hook.told(self.monitor)]

    def check(self, hook):
        """Exactly the expected notifications, in their order."""
        assert self.error is None, self.error
        heard = self.heard(hook)
        self._check_stops(heard)
        heard = [event for event in heard if event["type"] != "tasks_stopped"]
        expected = self.scenario["expect"]
        said = "\n".join(event["message"] for event in heard)
        assert [e["type"] for e in heard] == [e["type"] for e in expected], said
        for event, wanted in zip(heard, expected):
            for key, value in wanted.items():
                if key not in ("t", "type"):
                    assert event.get(FIELDS.get(key, key)) == value, (key, event)
            assert abs(self._seconds(event["at"]) - self._server_time(wanted["t"])) <= 1, event

    def _seconds(self, at):
        """On the scenario's clock."""
        return datetime.datetime.fromisoformat(at).timestamp() - self.cluster.clock.base

    def _server_time(self, t):
        return next(p.get("serverT", t) for p in self.scenario["polls"] if p["t"] == t)

    def _check_stops(self, heard):
        """Why tasks stopped is said at most once, after the shortage that it explains."""
        short = []
        for event in heard:
            if event["type"] == "recovering":
                short.append(event["incident"])
            if event["type"] == "tasks_stopped":
                assert event["incident"] in short, event
                short.remove(event["incident"])


def play_together(played, restart=None, everywhere=False, timeout=15.0):
    """Plays all of them to their ends, poll by poll, to one daemon.

    `restart()` is called where a scenario asks for it and with `everywhere` before every poll. One
    that nobody asks for is left out with its error, and does not keep the others."""
    rest = list(played)

    def arrivals():
        found = []
        for one in list(rest):
            try:
                found.append((one, one.script.wait(timeout)))
            except AssertionError as error:
                one.error = error
                rest.remove(one)
        return found

    while rest:
        here = arrivals()
        again = [one for one, arrival in here if arrival.restart]
        if everywhere or again:
            restart()
            for one in again:
                one.script.restarted()
        for one, arrival in here:
            if arrival.finished:
                rest.remove(one)
        if everywhere or again:
            here = [(one, arrival) for one, arrival in arrivals() if one not in again]
        for one, _ in here:
            if one in rest:
                one.script.release()


def settle(node, aws, polls=2):
    """Until the daemon has polled again and has told everything that it has to tell."""
    before = len(aws.calls)
    wait_until(lambda: len(aws.calls) >= before + polls, 20, "more polls")
    wait_until(lambda: node.get("/api/v1/outbox").json()["items"] == [], 20, "an empty outbox")


def change(service, **more):
    """The service of the scripted AWS with other values of its PRIMARY, which its counts follow."""
    rest = [d for d in service.wire["deployments"] if d["status"] != "PRIMARY"]
    [primary] = [d for d in service.wire["deployments"] if d["status"] == "PRIMARY"]
    primary = {**primary, **more}
    made = [primary, *rest]
    service.update(deployments=made, desiredCount=primary["desiredCount"],
                   runningCount=sum(d["runningCount"] for d in made),
                   pendingCount=sum(d["pendingCount"] for d in made))


def crash(service):
    change(service, runningCount=0)


def finish(service, rollout="COMPLETED"):
    """The PRIMARY runs all that it wants, and nothing else runs."""
    [primary] = [d for d in service.wire["deployments"] if d["status"] == "PRIMARY"]
    service.update(deployments=[primary])
    said = {"rolloutState": rollout, "rolloutStateReason": "completed."} if rollout else {}
    change(service, runningCount=primary["desiredCount"], pendingCount=0, **said)


class Slack(Receiver):
    """The Web API, as far as a bot uses it."""

    def __init__(self):
        self.local = threading.local()
        self.numbers = itertools.count(1)
        self.posts, self.updates = [], []  # what was asked; posts with the `ts` that they got
        super().__init__()

    @property
    def body(self):
        return self.local.answer

    @body.setter
    def body(self, value):
        pass

    def respond(self, path, headers, body):
        asked = json.loads(body)
        assert headers["Authorization"] == "Bearer xoxb-1"
        if path == "/api/chat.postMessage":
            asked["ts"] = f"1700000000.{next(self.numbers):06}"
            self.posts.append(asked)
        else:
            assert path == "/api/chat.update", path
            self.updates.append(asked)
        self.local.answer = json.dumps({"ok": True, "channel": "C024BE91L",
                                        "ts": asked["ts"]}).encode()
        return 200

    def threads(self):
        """{ts of the first message: texts of its answers}."""
        made = {p["ts"]: [] for p in self.posts if "thread_ts" not in p}
        for post in self.posts:
            if "thread_ts" in post:
                made[post["thread_ts"]].append(post["text"])
        return made


class PagerDuty(Receiver):
    """Events API v2: `open` are the alerts that nobody resolved."""

    def __init__(self):
        self.open, self.resolved = {}, []
        super().__init__(status=202, body=b'{"status": "success", "message": "Event processed"}')

    def respond(self, path, headers, body):
        asked = json.loads(body)
        if path == "/v2/enqueue" and asked["event_action"] == "trigger":
            self.open[asked["dedup_key"]] = asked["payload"]
        elif path == "/v2/enqueue":
            if self.open.pop(asked["dedup_key"], None):
                self.resolved.append(asked["dedup_key"])
        return self.status
