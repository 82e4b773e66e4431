"""Plays a snapshot sequence of tests/data/ecs-scenarios.json as one service, poll by poll.

Each DescribeServices request that names the service is answered with the next poll. While a request
waits for its answer nothing else of the sequence moves; a request whose client went away takes no poll,
and neither does one that a fault answers. At the end requests get 503, which is no observation.
"""

import dataclasses
import json
import pathlib
import re
import threading
import time

from . import shapes
from .service import Service
from .clock import Clock
from .wire import ApiError, Cut, Gone

LOOK_SECONDS = 0.02  # how often a held request is looked at: is its client still there
TEXTS = {"throttl": ("ThrottlingException", "Rate exceeded", 400),
         "access": ("AccessDeniedException", "not authorized", 403),
         "expired": ("ExpiredTokenException", "The security token is expired", 400)}


class Names:
    """A scenario's short names and those on the wire, both ways."""

    def __init__(self, service):
        self._service, self._wire, self._short = service, {}, {}

    def _both(self, short, wire):
        self._wire[short], self._short[wire] = wire, short
        return wire

    def deployment(self, short):
        return self._wire.get(short) or self._both(short, self._service.deployment_id(short))

    def task_definition(self, short):
        place = self._service.cluster.place
        return self._wire.get(short) or self._both(short, place.add_task_definition(short))

    def short(self, value):
        """`value` with every name of the wire replaced, also inside texts, lists and objects."""
        if isinstance(value, dict):
            return {k: self.short(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.short(v) for v in value]
        if isinstance(value, str):
            for wire, short in self._short.items():
                value = re.sub(re.escape(wire) + r"(?!\d)", short, value)
        return value


@dataclasses.dataclass
class Arrival:
    """A request that wants poll `index` is here and held: what came before it is dealt with.

    `restart`: the poll asks for a restart of the program; then restarted(). `finished`: all polls are
    answered and dealt with."""
    index: int
    poll: dict
    restart: bool
    finished: bool


class ScriptedService(Service):
    """Made by Server.play(). The harness calls wait(), release(), restarted(), run()."""

    def __init__(self, cluster, scenario, defaults=None, *, name=None, step=False, attempts=1,
                 base=None, scheduling="REPLICA", stop=None):
        """`attempts`: how many requests an {error} poll answers before the next poll's turn, for
        clients that try again. `stop`: how crashed tasks end, for shapes.stopped()."""
        self.scenario = scenario
        self.config = {**(defaults or {}), **scenario.get("config", {})}
        self.polls = scenario["polls"]
        self._index, self.step, self.attempts = 0, step, attempts
        self._released, self._errors, self._held, self._at_end = 0, 0, None, False
        self._moved = threading.Condition()
        self._scheduling = scheduling
        cluster.clock = Clock(base if base is not None else cluster.place.clock.base)
        cluster.clock.set(self._server_time(self.polls[0]))
        super().__init__(cluster, name or scenario["service"])
        self.stop = stop or {}
        self.names = Names(self)

    def _server_time(self, poll):
        return poll.get("serverT", poll["t"])

    # --- the harness's side ---
    @property
    def index(self):
        """The number of the poll that comes next, once what is being answered has been sent."""
        with self._moved:
            while self._held is not None and self._allowed():
                self._moved.wait(LOOK_SECONDS)
            return self._index

    @property
    def finished(self):
        """Whether every poll was answered."""
        return self.index >= len(self.polls)

    @property
    def _done(self):
        return self._index >= len(self.polls)

    def wait(self, timeout=15.0):
        """Until a request is held, or the end is reached; returns its Arrival. Without step mode
        requests are held only where a restart is asked for."""
        deadline = time.monotonic() + timeout
        with self._moved:
            while not self._at_end and not self._is_held():
                if time.monotonic() > deadline:
                    raise AssertionError(
                        f"{self.scenario['name']}: nobody asked for poll {self._index} of "
                        f"{len(self.polls)} within {timeout} s")
                self._moved.wait(LOOK_SECONDS)
            poll = {} if self._done else self.polls[self._index]
            return Arrival(self._index, poll, bool(poll.get("restart")), self._done)

    def _is_held(self):
        return self._held is not None and not self._allowed() and not self._held.gone()

    def release(self):
        """Lets the held request have its poll, and waits until the answer was sent or lost."""
        with self._moved:
            before = self._index, self._errors
            held = self._held
            self._released = self._index + 1
            self._moved.notify_all()
            while self._held is held and held is not None and (self._index, self._errors) == before:
                self._moved.wait(LOOK_SECONDS)

    def restarted(self):
        """The program was restarted as the poll asks: on to the next one."""
        with self._moved:
            assert self.polls[self._index].get("restart"), f"poll {self._index} is no restart"
            self._index += 1
            self._released = max(self._released, self._index)
            self._moved.notify_all()

    def skip(self, count=1):
        """Leaves polls out, for a client that rightly asks no more (a service that is gone)."""
        with self._moved:
            self._index += count
            self._moved.notify_all()

    def run(self, restart, everywhere=False, timeout=15.0):
        """Plays to the end. `restart()` kills and starts the program: where the scenario asks for it,
        and with `everywhere` before each poll too, which needs step=True."""
        assert self.step or not everywhere, "play(..., step=True)"
        while True:
            arrival = self.wait(timeout)
            if arrival.restart or everywhere:
                restart()
            if arrival.finished:
                if everywhere:
                    self._at_end = False
                    self.wait(timeout)
                return
            if arrival.restart:
                self.restarted()
                continue
            if everywhere:
                self.wait(timeout)
            self.release()

    # --- the server's side ---
    def listed(self):
        """As at the coming poll: the list is read before the service is described."""
        with self._moved:
            rest = self.polls[self._index:]
        poll = next((p for p in rest if not p.get("restart") and "error" not in p), None)
        if poll is None:
            return super().listed()
        if poll.get("absent") or poll.get("missing"):
            return False
        return poll.get("status", "ACTIVE") == "ACTIVE"

    def listing(self, call):
        with self._moved:
            absent = not self._done and self.polls[self._index].get("absent")
        if absent:  # seen by whichever request comes first
            self._take(call)
            return None
        if not self.listed():
            return None
        return self.wire or {"serviceArn": self.cluster.arn_of("service", self.name),
                             "launchType": "FARGATE", "schedulingStrategy": self._scheduling}

    def answer(self, call):
        if call.stale:
            return super().answer(call)
        poll = self._take(call)
        if poll is None:
            raise ApiError("ServerException", "the scenario is at its end", 503)
        return self._play(poll, call)

    def _take(self, call):
        """Holds the request until its poll may be answered; None after the last one."""
        with self._moved:
            while self._held is not None and self._held is not call:
                self._look(call)
            self._held = call
            self._moved.notify_all()
            try:
                while not self._allowed():
                    self._look(call)
            except Gone:
                self._let_go(call, False)
                raise
            if self._done:
                self._at_end = True
                self._moved.notify_all()
                call.when_sent.append(lambda: self._let_go(call, False))
                call.when_lost.append(lambda: self._let_go(call, False))
                return None
            call.when_sent.append(lambda: self._let_go(call, True))
            call.when_lost.append(lambda: self._let_go(call, False))
            return self.polls[self._index]

    def _look(self, call):
        if call.gone():
            raise Gone
        self._moved.wait(LOOK_SECONDS)

    def _allowed(self):
        if self._done:
            return True
        if self.polls[self._index].get("restart"):
            return False
        return not self.step or self._released > self._index

    def _let_go(self, call, taken):
        with self._moved:
            if self._held is not call:
                return
            self._held = None
            if taken:
                self._errors += 1
                if "error" not in self.polls[self._index] or self._errors >= self.attempts:
                    self._index, self._errors = self._index + 1, 0
            self._moved.notify_all()

    def _play(self, poll, call):
        self.cluster.clock.set(self._server_time(poll))
        if "error" in poll:
            self._fail(str(poll["error"]), call)
        if poll.get("missing") or poll.get("absent"):
            self.show(None)
        else:
            self.show(self._rendered(poll))
            self._overrule(poll)
        return self.wire

    def _fail(self, text, call):
        lower = text.lower()
        if "timeout" in lower or "cut" in lower or "connection" in lower:
            raise Cut
        for part, (code, message, status) in TEXTS.items():
            if part in lower:
                raise ApiError(code, message, status)
        raise ApiError("ServerException", text, 500)

    def _rendered(self, poll):
        base = self.cluster.clock.base
        text = self._translated
        deployments = [shapes.deployment(
            self.names.deployment(d["id"]), self.names.task_definition(d["taskDefinition"]),
            status=d["status"], desired=d["desired"], pending=d["pending"], running=d["running"],
            failed=d["failed"], created_at=base + d["createdAt"], rollout=d.get("rolloutState"),
            reason=text(d.get("rolloutStateReason"))) for d in poll["deployments"]]
        for made, given in zip(deployments, poll["deployments"]):
            if "rolloutStateReason" not in given:
                made.pop("rolloutStateReason", None)
        made = shapes.service(
            self.cluster, self.name, deployments, desired=poll["desiredCount"],
            running=poll["runningCount"], status=poll.get("status", "ACTIVE"),
            created_at=base + poll.get("serviceCreatedAt", -86400), scheduling=self._scheduling,
            strategy=self.config.get("strategy", "ROLLING"),
            events=[shapes.event(text(e["message"]), base + e["createdAt"])
                    for e in poll.get("events", [])])
        return made

    def _translated(self, text):
        """Short deployment ids inside a reason or an event, as on the wire."""
        known = sorted({d["id"] for p in self.polls for d in p.get("deployments", [])})
        if text is None or not known:
            return text
        pattern = r"\b(?:ecs-svc/)?(" + "|".join(map(re.escape, known)) + r")\b"
        return re.sub(pattern, lambda m: self.names.deployment(m.group(1)), text)

    def _overrule(self, poll):
        said = poll.get("serviceDeployment")
        record = said and self.records.get(self._primary)
        if record:
            record.update({k: said[k] for k in ("status", "lifecycleStage", "statusReason")
                           if k in said})


def load(path):
    """(defaults, {name: scenario}) of a file in the format of ecs-scenarios.json."""
    document = json.loads(pathlib.Path(path).read_text())
    return document["defaults"], {s["name"]: s for s in document["scenarios"]}
