"""Fleets by seed: many services in many clusters over several account-regions.

    fleet = Fleet(aws.world, services=2000, clusters=20, account_regions=5, seed=1, calm=3600)
    fleet.clusters                     # [{account, region, cluster, role_arn, external_id}]
    fleet.deploy("fleet-3", "service-42")      # now; see plan.Plan for what happens by itself
    fleet.services[("fleet-3", "service-42")].plan.ledger

The services go by the world's clock: real time, or aws.world.clock.advance(seconds) at will. With
`step=30.0` every cluster has a clock of its own that goes on by so much from one sweep to the next: a
service is asked the second time. So a program that polls ten times a second sees five minutes of fleet
in one of its own; fleet.rest() ends the fleet's own acts, for what must hold once it is quiet. The first
account is the key's own; the others are reached by a role with an external id.
"""

import threading

from . import shapes
from .clock import Clock
from .plan import Plan
from .service import Service

REGIONS = ("us-east-1", "eu-central-1", "ap-southeast-2")
EXTERNAL_ID = "tocsin-fleet"


class Sweeps:
    """Moves a cluster's clock by `step` when a service is asked that was asked since the last move."""

    def __init__(self, clock, step):
        self.clock, self.step = clock, step
        self._asked, self._lock = set(), threading.Lock()

    def asked(self, name):
        with self._lock:
            if name in self._asked:
                self._asked.clear()
                self.clock.advance(self.step)
            self._asked.add(name)


class PlannedService(Service):
    """Shows what its plan says for the cluster's time; every snapshot is rendered once."""

    def __init__(self, cluster, name, plan, tags=None, sweeps=None, events=()):
        super().__init__(cluster, name)
        self.plan, self._tags, self._shown, self._sweeps = plan, tags, None, sweeps
        self._events = events
        self.view()

    def answer(self, call):
        if self._sweeps and not call.stale:
            self._sweeps.asked(self.name)
        return super().answer(call)

    def deployments(self):
        """What should be heard of so far: (id on the wire, started, outcome or None, ended or None),
        times on the scenario's clock. Outcomes: plan.OUTCOMES."""
        with self.lock:
            now = self.cluster.clock.relative()
            self.plan.at(now)
            found = []
            for row in self.plan.ledger:
                over = row.ended is not None and row.ended <= now
                if row.started <= now:
                    found.append((self.deployment_id(row.id), row.started,
                                  row.outcome if over else None, row.ended if over else None))
            return found

    def view(self):
        with self.lock:
            index = self.plan.at(self.cluster.clock.relative())
            moment = self.plan.moments[index]
            if self._shown is not moment:
                self._shown = moment
                self.show(self._rendered(moment) if moment else None)
            return self.wire

    def tasks(self):
        self.view()
        return super().tasks()

    def service_deployments(self):
        self.view()
        return super().service_deployments()

    def deploy_now(self):
        """Returns when it starts and when it will be complete, both epoch seconds."""
        with self.lock:
            start = self.cluster.clock.relative()
            end = self.plan.deploy_now(start)
            base = self.cluster.clock.base
            return base + self.plan.ledger[-1].started, base + end

    def _rendered(self, moment):
        base, place = self.cluster.clock.base, self.cluster.place
        deployments = [shapes.deployment(
            self.deployment_id(d.id), place.add_task_definition(d.task_definition),
            status=d.status, desired=d.desired, pending=d.pending, running=d.running,
            failed=d.failed, created_at=base + d.created, rollout=d.state,
            reason=self._translated(d.reason)) for d in moment.deployments]
        return shapes.service(self.cluster, self.name, deployments, desired=moment.desired,
                              status=moment.status, created_at=base + moment.created,
                              tags=self._tags, events=self._events)

    def _translated(self, reason):
        head, mark, id_ = (reason or "").partition("deploymentId ")
        return head + mark + self.deployment_id(id_.rstrip(".")) + "." if mark else reason


class Fleet:
    """`calm`: mean seconds between two acts of one service, None: nothing happens by itself.
    `events`: how long each service's log is, all of it old and the same for all; AWS keeps 100."""

    def __init__(self, world, *, services=100, clusters=5, account_regions=2, seed=1, calm=3600.0,
                 step=None, account="123456789012", external_id=EXTERNAL_ID, events=0):
        self.world, self.seed = world, seed
        self.clusters, self.services = [], {}
        made, sweeps = [], []
        log = [shapes.event("(service fleet) has reached a steady state.",
                            world.clock.base - 21600.0 * (n + 1)) for n in range(events)]
        for number in range(clusters):
            place = self._place(number % account_regions, account)
            cluster = place.add_cluster(f"fleet-{number}")
            made.append(cluster)
            if step is not None:
                cluster.clock = Clock(world.clock.base)
                cluster.clock.set(0)
            sweeps.append(step and Sweeps(cluster.clock, step))
            role = None
            if place.account != account:
                role = world.add_role(place.account, external_id=external_id)
            self.clusters.append({"account": place.account, "region": place.region,
                                  "cluster": cluster.name, "role_arn": role,
                                  "external_id": external_id if role else None})
        for number in range(services):
            cluster, name = made[number % clusters], f"service-{number}"
            tags = {"team": f"team-{number % 7}", "service": name}
            plan = Plan(name, f"{seed} {cluster.name}", calm)
            self.services[cluster.name, name] = cluster.add(
                PlannedService(cluster, name, plan, tags, sweeps[number % clusters], log))

    def _place(self, number, account):
        """Two regions an account."""
        own = account if number < 2 else str(int(account) + number // 2)
        return self.world.place(own, REGIONS[number % 2])

    def rest(self):
        """No service begins anything more by itself; returns when, on the clocks, all is at rest."""
        for service in self.services.values():
            with service.lock:
                service.plan.calm = None
        return max(service.plan.times[-1] for service in self.services.values())

    def deploy(self, cluster, name):
        return self.services[cluster, name].deploy_now()
