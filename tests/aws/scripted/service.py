"""One ECS service: what DescribeServices says of it now, its tasks, its service deployments."""

import collections
import itertools
import threading

from . import arns, shapes

HISTORY = 20           # earlier snapshots that a stale read can give
STOPPED_SECONDS = 3600  # how long a stopped task stays visible
SUMMARY = ("serviceDeploymentArn", "serviceArn", "clusterArn", "createdAt", "startedAt",
           "finishedAt", "status", "statusReason")


class Service:
    """`wire` is the whole service of DescribeServices; None: MISSING. Change it through show()."""

    def __init__(self, cluster, name):
        self.cluster, self.name = cluster, name
        self.lock = threading.RLock()
        self.history = collections.deque(maxlen=HISTORY)
        self.task_list = []   # running first-come; stopped ones stay until they are too old
        self.records = {}     # deployment id -> service deployment, oldest first
        self.stop = {}        # how crashed tasks stop, for shapes.stopped()
        self._numbers = itertools.count(1)
        self._primary = None
        self.wire = None

    @classmethod
    def steady(cls, cluster, name, *, desired=1, task_definition=None, wire=None, **more):
        """One with all its tasks, since a day; `more` is for shapes.service()."""
        made = cls(cluster, name)
        created = cluster.now() - 86400
        arn = cluster.place.add_task_definition(task_definition or f"{name}:1")
        made.show(wire or shapes.service(
            cluster, name, [shapes.deployment(made.deployment_id("first"), arn, desired=desired,
                                              created_at=created)],
            created_at=created, **more))
        return made

    def deployment_id(self, text):
        return "ecs-svc/" + shapes.digits(f"{self.cluster.arn} {self.name} {text}")

    # --- what the operations ask ---
    def view(self):
        """The document of DescribeServices, or None when the service is MISSING."""
        return self.wire

    def answer(self, call):
        """As view(), for a DescribeServices request; a scripted service takes its next poll here."""
        if call.stale:
            past = list(self.history)
            return past[-1 - call.stale] if len(past) > call.stale else self.view()
        return self.view()

    def listing(self, call):
        """The document when a ListServices request names it, else None."""
        return self.view() if self.listed() else None

    def listed(self):
        """Whether ListServices would name it now."""
        found = self.view()
        return found is not None and found["status"] == "ACTIVE"

    def tasks(self):
        now = self.cluster.now()
        with self.lock:
            self.task_list = [t for t in self.task_list
                              if now - t.get("stoppedAt", now) < STOPPED_SECONDS]
            return list(self.task_list)

    def service_deployments(self):
        """Newest first."""
        with self.lock:
            found = {r["serviceDeploymentArn"]: r for r in self.records.values()}
            return sorted(found.values(), key=lambda r: -r["createdAt"])

    # --- what changes it ---
    def show(self, wire):
        """From now on this is the service. Its tasks and service deployments follow."""
        with self.lock:
            if wire is not None:
                for each in wire["deployments"]:
                    self._record(wire, each)
                self._follow(wire)
                primary = self._primary and self.records[self._primary]
                if primary:
                    wire = {**wire, "currentServiceDeployment": primary["serviceDeploymentArn"]}
                if not self.history or self.history[-1] != wire:
                    self.history.append(wire)
            self.wire = wire

    def update(self, **members):
        """show() with some members of the service replaced."""
        self.show({**self.wire, **members})

    def deploy(self, task_definition, text, *, running=0, rollout="IN_PROGRESS"):
        """A new PRIMARY beside what was there."""
        arn = self.cluster.place.add_task_definition(task_definition)
        desired = self.wire["desiredCount"]
        new = shapes.deployment(self.deployment_id(text), arn, desired=desired, running=running,
                                pending=desired - running, created_at=self.cluster.now(),
                                rollout=rollout)
        old = [{**d, "status": "ACTIVE"} for d in self.wire["deployments"]]
        self.update(deployments=[new, *old], taskDefinition=arn)
        return new["id"]

    # --- tasks: as many as each deployment says ---
    def _follow(self, wire):
        now = self.cluster.now()
        alive = collections.defaultdict(list)
        for each in self.task_list:
            if each["lastStatus"] == "RUNNING":
                alive[each["startedBy"]].append(each)
        ends = {}
        for each in wire["deployments"]:
            have = alive.pop(each["id"], [])
            surplus = len(have) - each["runningCount"]
            crashed = each["desiredCount"] >= len(have)
            for one in have[:max(surplus, 0)]:
                ends[one["taskArn"]] = self._ended(one, now, crashed, each["id"])
            for _ in range(-surplus):
                self.task_list.append(self._task(each, now))
        for id_, have in alive.items():
            ends.update((one["taskArn"], self._ended(one, now, False, id_)) for one in have)
        self.task_list = [ends.get(each["taskArn"], each) for each in self.task_list]

    def _task(self, of, now):
        number = next(self._numbers)
        started = max(of["createdAt"], now - 60)
        return shapes.task(self.cluster, f"{self.name} {number}", started_by=of["id"],
                           service_name=self.name, task_definition=of["taskDefinition"],
                           image=self.cluster.place.image(of["taskDefinition"]),
                           created_at=started, address=f"10.0.{number // 250}.{number % 250 + 1}")

    def _ended(self, task, now, crashed, id_):
        if crashed:
            return shapes.stopped(task, now, **self.stop)
        return shapes.stopped(task, now, "ServiceSchedulerInitiated",
                              f"Scaling activity initiated by (deployment {id_})", 0)

    # --- service deployments: one for each deployment but a rollback, which belongs to the failed one
    def _record(self, wire, each):
        if each["id"] in self.records:
            self._settle(self.records[each["id"]], each)
        else:
            self.records[each["id"]] = self._new_record(wire, each)
        if each["status"] == "PRIMARY":
            self._primary = each["id"]

    def _new_record(self, wire, each):
        reason = each.get("rolloutStateReason", "")
        failed = self.records.get(self._primary)
        if failed and "rolling back" in reason and each["status"] == "PRIMARY":
            failed["status"] = "ROLLBACK_IN_PROGRESS"
            failed["rollback"] = {"reason": reason, "startedAt": each["createdAt"],
                                  "serviceRevisionArn": self._revision(each)}
            self._settle(failed, each)
            return failed
        made = {"serviceDeploymentArn": self.cluster.arn_of(
                    "service-deployment", f"{self.name}/{shapes.digits(each['id'], 21)}"),
                "serviceArn": wire["serviceArn"], "clusterArn": wire["clusterArn"],
                "createdAt": each["createdAt"], "startedAt": each["createdAt"] + 1,
                "status": "IN_PROGRESS", "deploymentConfiguration": wire["deploymentConfiguration"],
                "targetServiceRevision": {"arn": self._revision(each)}}
        self._settle(made, each)
        return made

    def _settle(self, record, each):
        now = self.cluster.now()
        record["updatedAt"] = now
        record["targetServiceRevision"].update(
            requestedTaskCount=each["desiredCount"], runningTaskCount=each["runningCount"],
            pendingTaskCount=each["pendingCount"])
        rolling_back = record["status"].startswith("ROLLBACK")
        state = each.get("rolloutState")
        if state == "COMPLETED" and record["status"] in ("IN_PROGRESS", "ROLLBACK_IN_PROGRESS"):
            record["status"] = "ROLLBACK_SUCCESSFUL" if rolling_back else "SUCCESSFUL"
            record["finishedAt"] = now
        elif state == "FAILED" and record["status"] == "IN_PROGRESS":
            record["status"], record["stoppedAt"] = "STOPPED", now
            record["statusReason"] = each["rolloutStateReason"]

    def _revision(self, each):
        family, _, revision = arns.last(each["taskDefinition"]).partition(":")
        number = shapes.digits(f"{each['id']} {family} {revision}")
        return self.cluster.arn_of("service-revision", f"{self.name}/{number}")

    def revisions(self):
        """Service revisions by ARN."""
        made = {}
        with self.lock:
            for wire in self.history:
                for each in wire["deployments"]:
                    arn = self._revision(each)
                    image = self.cluster.place.image(each["taskDefinition"])
                    made[arn] = {
                        "serviceRevisionArn": arn, "serviceArn": wire["serviceArn"],
                        "clusterArn": wire["clusterArn"], "createdAt": each["createdAt"],
                        "taskDefinition": each["taskDefinition"], "launchType": "FARGATE",
                        "loadBalancers": wire["loadBalancers"], "containerImages": [{
                            "containerName": "app", "image": image,
                            "imageDigest": "sha256:" + shapes.hexadecimal(image) * 2}],
                        "resolvedConfiguration": {"loadBalancers": [
                            {"targetGroupArn": b["targetGroupArn"]}
                            for b in wire["loadBalancers"] if "targetGroupArn" in b]}}
        return made


def brief(record):
    """A service deployment as ListServiceDeployments gives it."""
    found = {name: record[name] for name in SUMMARY if name in record}
    return {**found, "targetServiceRevisionArn": record["targetServiceRevision"]["arn"]}
