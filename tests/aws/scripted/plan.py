"""What a service does over time, by seed: deployments that roll out, fail, are rolled back or
superseded, scaling, crashes, deletion and a new start.

A Plan extends itself as far as it is asked: moments (t, snapshot or None) on the fake's clock, t in
seconds relative to its base. It keeps a ledger of what should be heard of: Deployed rows.
"""

import bisect
import dataclasses
import random

OUTCOMES = ("finished", "superseded", "rolled_back", "failed", "deleted")
STAGE = (15.0, 60.0)  # seconds between the stages of a rollout


@dataclasses.dataclass
class Deployed:
    """One deployment: its outcome (None: still going on) and when it had it."""
    id: str
    task_definition: str
    started: float
    outcome: str = None
    ended: float = None


@dataclasses.dataclass
class Rollout:
    """A deployment as a snapshot shows it; names are short, as in scenarios."""
    id: str
    task_definition: str
    created: float
    desired: int
    running: int
    pending: int = 0
    failed: int = 0
    status: str = "PRIMARY"
    state: str = "COMPLETED"
    reason: str = None


@dataclasses.dataclass
class Snapshot:
    desired: int
    deployments: list
    created: float
    status: str = "ACTIVE"


class Plan:
    """`calm`: mean seconds between two acts of the service; None: it does nothing by itself."""

    ACTS = (("deploy", 8), ("fail", 1), ("rollback", 2), ("supersede", 1), ("scale", 4),
            ("dip", 2), ("outage", 1), ("delete", 0.2), ("abandon", 0.2))

    def __init__(self, name, seed, calm=3600.0):
        self.name, self.calm = name, calm
        self.random = random.Random(f"{seed} {name}")
        self.times, self.moments, self.ledger = [], [], []
        self._count, self._revision = 0, 1
        self._created = -self.random.uniform(1e5, 1e7)
        first = self._deployment(self._created, self.random.choice((1, 2, 2, 3, 4, 8)))
        first.running = first.desired
        self.ledger.clear()  # from before anybody watched
        self._say(-1e9, [first])
        self._next = self._pause(0.0)

    def at(self, t):
        """The number of the moment that holds at t, for moments[]."""
        while self.calm is not None and self._next <= t:
            start, act = self._next, self._drawn()
            self._next = self._pause(max(getattr(self, "_" + act)(start), start))
        return bisect.bisect_right(self.times, t) - 1

    def deploy_now(self, t):
        """Forgets what was to come after t and deploys; returns when it will be complete."""
        keep = self.at(t) + 1
        cut_short = len(self.times) > keep
        del self.times[keep:], self.moments[keep:]
        if cut_short:  # the deployments that never came, and those that lost their end
            self.ledger = [d for d in self.ledger if d.started <= t]
        for each in self.ledger:
            if each.ended is None or each.ended > t:
                each.outcome, each.ended = "superseded", t
        end = self._deploy(t)
        self._next = self._pause(end)
        return end

    # --- parts of acts ---
    def _pause(self, t):
        return t + self.random.expovariate(1 / self.calm) if self.calm else t

    def _drawn(self):
        names, weights = zip(*self.ACTS)
        return self.random.choices(names, weights)[0]

    def _stage(self, t):
        return t + self.random.uniform(*STAGE)

    @property
    def _now(self):
        return self.moments[-1]

    def _primary(self):
        return dataclasses.replace(self._now.deployments[0])

    def _say(self, t, deployments, status="ACTIVE"):
        t = max(t, self.times[-1] + 0.001) if self.times else t
        self.times.append(t)
        kept = [dataclasses.replace(d) for d in deployments]
        self.moments.append(
            Snapshot(kept[0].desired, kept, self._created, status) if kept else None)

    def _deployment(self, t, desired, task_definition=None, reason=None):
        self._count += 1
        if task_definition is None:
            task_definition = f"{self.name}:{self._revision}"
            self._revision += 1
        made = Rollout(f"d{self._count}", task_definition, t, desired, 0, reason=reason)
        self.ledger.append(Deployed(made.id, task_definition, t))
        return made

    def _ended(self, deployment, outcome, t):
        row = next((d for d in self.ledger if d.id == deployment.id), None)
        if row and row.ended is None:
            row.outcome, row.ended = outcome, t

    def _roll(self, t, new, old):
        """Old tasks give way to new ones, until the deployment is complete."""
        new.state = "IN_PROGRESS"
        old = [dataclasses.replace(d, status="ACTIVE") for d in old if d.running > 0]
        self._start(t, new, old)
        while new.running < new.desired:
            t = self._stage(t)
            new.running = min(new.desired, new.running + max(1, new.desired // 2))
            new.pending = new.desired - new.running
            for each in old:
                each.desired = each.running = max(0, min(each.running, new.pending))
            self._say(t, [new, *[d for d in old if d.running]])
        t = self._stage(t)
        new.state, new.reason = "COMPLETED", None
        self._say(t, [new])
        self._ended(new, "finished", t)
        return t

    def _start(self, t, new, old):
        new.pending = new.desired - new.running
        self._say(t, [new, *old])

    # --- acts: each begins at t and returns when it is over ---
    def _deploy(self, t):
        if self._now is None or self._now.status != "ACTIVE":
            return self._create(t)
        old = self._now.deployments
        return self._roll(t, self._deployment(t, self._now.desired), old)

    def _supersede(self, t):
        if self._now is None:
            return self._create(t)
        old = self._now.deployments
        first = self._deployment(t, self._now.desired)
        first.state = "IN_PROGRESS"
        self._start(t, first, [dataclasses.replace(d, status="ACTIVE") for d in old])
        t = self._stage(t)
        self._ended(first, "superseded", t)
        return self._roll(t, self._deployment(t, first.desired), old)

    def _failing(self, t):
        old = [dataclasses.replace(d, status="ACTIVE") for d in self._now.deployments]
        new = self._deployment(t, self._now.desired)
        new.state = "IN_PROGRESS"
        self._start(t, new, old)
        for failures in (1, 2, 4):
            t = self._stage(t)
            new.failed = failures
            self._say(t, [new, *old])
        return self._stage(t), new, old

    def _fail(self, t):
        if self._now is None or self._now.desired == 0:
            return self._deploy(t)
        t, new, old = self._failing(t)
        new.state = "FAILED"
        new.reason = "ECS deployment circuit breaker: tasks failed to start."
        self._say(t, [new, *old])
        self._ended(new, "failed", t)
        return self._deploy(t + self.random.uniform(120, 900))

    def _rollback(self, t):
        if self._now is None or self._now.desired == 0:
            return self._deploy(t)
        t, new, old = self._failing(t)
        self._ended(new, "rolled_back", t)
        back = self._deployment(t, new.desired, old[0].task_definition,
                                "ECS deployment circuit breaker: rolling back to deploymentId "
                                f"{old[0].id}.")
        back.state, back.running, new.status = "IN_PROGRESS", old[0].running, "ACTIVE"
        self._start(t, back, [new])
        t = self._stage(t)
        new.state = "FAILED"
        new.reason = "ECS deployment circuit breaker: tasks failed to start."
        self._say(t, [back, new])
        t = self._stage(t)
        back.state, back.reason = "COMPLETED", None
        self._say(t, [back])
        self._ended(back, "finished", t)
        return t

    def _scale(self, t):
        if self._now is None:
            return self._create(t)
        one = self._primary()
        one.desired = self.random.choice([n for n in (0, 1, 2, 3, 4, 6) if n != one.desired])
        one.pending = max(0, one.desired - one.running)
        self._say(t, [one])
        while one.running != one.desired:
            t = self._stage(t)
            one.running += 1 if one.running < one.desired else -1
            one.pending = max(0, one.desired - one.running)
            self._say(t, [one])
        return t

    def _crash(self, t, left):
        one = self._primary()
        if not 0 <= left < one.desired:
            return t
        one.running, one.pending = left, one.desired - left
        self._say(t, [one])
        t = self._stage(self._stage(t))
        one.running, one.pending = one.desired, 0
        self._say(t, [one])
        return t

    def _dip(self, t):
        return self._create(t) if self._now is None else self._crash(t, self._now.desired - 1)

    def _outage(self, t):
        return self._create(t) if self._now is None else self._crash(t, 0)

    def _abandon(self, t):
        """Deleted in the middle of a deployment."""
        if self._now is None:
            return self._create(t)
        new = self._deployment(t, self._now.desired)
        new.state = "IN_PROGRESS"
        self._start(t, new, [dataclasses.replace(d, status="ACTIVE")
                             for d in self._now.deployments])
        t = self._stage(t)
        self._ended(new, "deleted", t)
        return self._delete(t)

    def _delete(self, t):
        if self._now is None:
            return self._create(t)
        one = self._primary()
        one.desired = one.running = one.pending = 0
        self._say(t, [one], "DRAINING")
        self._say(self._stage(t), [one], "INACTIVE")
        end = t + 600
        self._say(end, [])
        return end

    def _create(self, t):
        self._created = t
        return self._roll(t, self._deployment(t, self.random.choice((1, 2, 3))), [])
