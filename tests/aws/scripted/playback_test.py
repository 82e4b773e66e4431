"""Scenarios: polls in order, step mode, restarts, absence, clocks, and the way back of names."""

import json
import pathlib
import socket
import threading
import time

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError

from . import faults, load

DATA = pathlib.Path(__file__).parents[2] / "data/ecs-scenarios.json"
DEFAULTS, SCENARIOS = load(DATA)


class Poller:
    """What a daemon does: asks again as soon as it has dealt with an answer. kill() takes away what
    it waits for, and what it remembers is what it had `stored`."""

    def __init__(self, aws, stored, service="web"):
        self.stored = stored
        self.body = json.dumps({"cluster": "prod", "services": [service]})
        self.aws, self.socket, self.stopped = aws, None, False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.stopped:
            request = AWSRequest("POST", self.aws.url + "/", data=self.body, headers={
                "Content-Type": "application/x-amz-json-1.1",
                "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.DescribeServices"})
            SigV4Auth(Credentials("AKID", "secret"), "ecs", "us-east-1").add_auth(request)
            self.socket = socket.create_connection(("127.0.0.1", self.aws.port))
            head = "".join(f"{k}: {v}\r\n" for k, v in request.headers.items())
            try:
                self.socket.sendall(f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{self.aws.port}\r\n{head}"
                                    f"Content-Length: {len(self.body)}\r\nConnection: close\r\n\r\n"
                                    f"{self.body}".encode())
                text = b""
                while piece := self.socket.recv(65536):
                    text += piece
            except OSError:
                continue
            if self.stopped:
                return
            status, _, rest = text.partition(b"\r\n")
            self.stored.append((status.split()[1:2], rest.partition(b"\r\n\r\n")[2]))
            time.sleep(0.001 if self.stored[-1][0] == [b"200"] else 0.05)

    def kill(self):
        self.stopped = True
        while self.socket is None:
            time.sleep(0.001)
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join(5)
        self.socket.close()


def shown(script, body):
    """An answer as the scenario writes a poll, so far as it writes it."""
    document = json.loads(body)
    if not document["services"]:
        return {"missing": True}
    service = document["services"][0]
    base = script.cluster.clock.base
    rows = []
    for each in service["deployments"]:
        row = {"id": each["id"], "status": each["status"], "desired": each["desiredCount"],
               "taskDefinition": each["taskDefinition"], "pending": each["pendingCount"],
               "running": each["runningCount"], "failed": each["failedTasks"],
               "createdAt": each["createdAt"] - base}
        row.update({k: each[k] for k in ("rolloutState", "rolloutStateReason") if k in each})
        rows.append(row)
    return script.names.short({"deployments": rows, "desiredCount": service["desiredCount"],
                               "runningCount": service["runningCount"]})


def wanted(scenario):
    polls = [p for p in scenario["polls"] if not p.get("restart")]
    return [{"missing": True} if p.get("missing") or p.get("absent") else
            {k: p[k] for k in ("deployments", "desiredCount", "runningCount")} for p in polls]


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("how", ["freely", "stepwise", "killed"])
def test_a_client_sees_every_poll_once_and_in_order(aws, name, how):
    script = aws.play(aws.prod, SCENARIOS[name], DEFAULTS, step=how != "freely")
    stored = []
    pollers = [Poller(aws, stored)]
    restarts = []

    def restart():
        pollers[-1].kill()
        restarts.append(script.index)
        pollers.append(Poller(aws, stored))

    script.run(restart, everywhere=how == "killed")
    pollers[-1].kill()
    seen = [shown(script, body) for status, body in stored if status == [b"200"]]
    assert seen == wanted(SCENARIOS[name])
    asked = [i for i, p in enumerate(script.polls) if p.get("restart")]
    assert restarts == (list(range(len(script.polls) + 1)) if how == "killed" else asked)


def test_the_date_is_the_scenarios_server_time(aws):
    script = aws.play(aws.prod, SCENARIOS["clock_skew"], DEFAULTS, base=1800000000)
    ecs = aws.client()
    dates = [ecs.describe_services(cluster="prod", services=["web"])["ResponseMetadata"][
        "HTTPHeaders"]["date"] for _ in script.polls]
    assert dates == ["Fri, 15 Jan 2027 08:00:00 GMT", "Fri, 15 Jan 2027 08:00:30 GMT",
                     "Fri, 15 Jan 2027 08:01:00 GMT"]
    with pytest.raises(ClientError, match="at its end"):
        ecs.describe_services(cluster="prod", services=["web"])
    assert script.finished


def scenario(*polls, **more):
    """A made-up one: numbers are running tasks of two."""
    made = []
    for t, poll in enumerate(polls):
        if isinstance(poll, int):
            poll = {"desiredCount": 2, "runningCount": poll, "deployments": [{
                "id": "dA", "status": "PRIMARY", "taskDefinition": "web:1", "desired": 2,
                "pending": 0, "running": poll, "failed": 0, "createdAt": -1000,
                "rolloutState": "COMPLETED"}], **more}
        made.append({"t": t * 30, **poll})
    return {"name": "made up", "service": "web", "polls": made, "expect": []}


def test_an_absent_service_is_seen_by_the_list_or_by_its_description(aws):
    script = aws.play(aws.prod, scenario({"absent": True}, 2, {"absent": True}, 1), DEFAULTS)
    ecs = aws.client()
    assert ecs.list_services(cluster="prod")["serviceArns"] == []
    assert len(ecs.list_services(cluster="prod")["serviceArns"]) == 1
    assert script.index == 1  # a list takes no other poll
    assert aws.names()["web"]["runningCount"] == 2
    assert aws.names() == {}
    assert aws.names()["web"]["runningCount"] == 1


def test_an_error_poll_answers_as_many_attempts_as_it_is_told(aws):
    aws.play(aws.prod, scenario({"error": "throttled"}, 2, {"error": "timeout"},
                                {"error": "HTTP 500"}, 1), DEFAULTS, attempts=2)
    found = []
    for _ in range(8):
        try:
            found.append(aws.names()["web"]["runningCount"])
        except ClientError as error:
            found.append(error.response["Error"]["Code"])
        except BotoCoreError:
            found.append("cut")
    assert found == ["ThrottlingException"] * 2 + [2] + ["cut"] * 2 + ["ServerException"] * 2 + [1]


def test_a_fault_takes_no_poll(aws):
    script = aws.play(aws.prod, scenario(2, 1, 0), DEFAULTS)
    aws.faults.add(faults.throttle(), nth=1)
    aws.faults.add(faults.cut_inside(), nth=3)
    aws.faults.add(faults.stale(), nth=5)
    found = []
    for _ in range(6):
        try:
            found.append(aws.names()["web"]["runningCount"])
        except (ClientError, BotoCoreError, KeyError):  # half a document is {} to botocore
            found.append(None)
    assert found == [None, 2, None, 1, 2, 0] and script.finished


def test_a_held_request_has_no_answer_until_it_is_released(aws):
    script = aws.play(aws.prod, scenario(2, 1), DEFAULTS, step=True)
    stored = []
    poller = Poller(aws, stored)
    assert script.wait().index == 0
    time.sleep(0.1)
    assert stored == []
    script.release()
    assert script.wait().index == 1 and len(stored) == 1
    poller.kill()
    with pytest.raises(AssertionError, match="nobody asked for poll 1"):
        script.wait(timeout=0.2)


def test_a_crash_is_seen_in_the_tasks(aws):
    aws.play(aws.prod, scenario(2, 1, 2), DEFAULTS, stop={"exit_code": 137})
    ecs = aws.client()
    aws.names()
    aws.names()
    stopped = ecs.list_tasks(cluster="prod", serviceName="web", desiredStatus="STOPPED")
    task, = ecs.describe_tasks(cluster="prod", tasks=stopped["taskArns"])["tasks"]
    assert (task["stopCode"], task["containers"][0]["exitCode"]) == (
        "EssentialContainerExited", 137)


def test_a_service_deployment_is_told_as_the_poll_says(aws):
    polls = scenario(2, serviceDeployment={"status": "IN_PROGRESS", "lifecycleStage": "BAKE_TIME"})
    aws.play(aws.prod, {**polls, "config": {"strategy": "BLUE_GREEN"}}, DEFAULTS)
    service = aws.names()["web"]
    assert service["deploymentConfiguration"]["strategy"] == "BLUE_GREEN"
    found, = aws.client().describe_service_deployments(
        serviceDeploymentArns=[service["currentServiceDeployment"]])["serviceDeployments"]
    assert (found["status"], found["lifecycleStage"]) == ("IN_PROGRESS", "BAKE_TIME")


def test_events_and_reasons_carry_the_names_of_the_wire(aws):
    script = aws.play(aws.prod, SCENARIOS["circuit_breaker_rollback"], DEFAULTS)
    reasons = []
    while not script.finished:
        for each in aws.names()["web"]["deployments"]:
            reasons.append(each.get("rolloutStateReason", ""))
    told = next(r for r in reasons if "rolling back" in r)
    assert script.names.deployment("dA") in told and "dA" not in told
    assert script.names.short(told).endswith("rolling back to deploymentId dA.")
