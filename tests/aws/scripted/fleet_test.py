"""Fleets: their plans, the process of their own, and its speed."""

import http.client
import json
import threading
import time

import boto3

from . import Server, contract
from .fleet import Fleet
from .plan import Plan
from .process import FleetProcess


def test_a_plan_is_the_same_for_the_same_seed_however_it_is_asked():
    one, two, other = Plan("web", 1), Plan("web", 1), Plan("web", 2)
    for t in range(0, 100000, 500):
        one.at(t)
    two.at(100000)
    other.at(100000)
    assert one.moments == two.moments and one.ledger == two.ledger
    assert other.moments != one.moments


def test_every_deployment_of_a_plan_ends_once_and_one_is_primary():
    outcomes = set()
    for seed in range(40):
        plan = Plan("web", seed, calm=300)
        last = plan.at(200000)
        assert plan.times == sorted(plan.times)
        for moment in plan.moments[:last + 1]:
            if moment is not None:
                assert [d.status for d in moment.deployments].count("PRIMARY") == 1
                assert all(d.running >= 0 and d.pending >= 0 for d in moment.deployments)
        ended = [d for d in plan.ledger if d.started < 100000]
        assert all(d.outcome and d.ended >= d.started for d in ended)
        outcomes |= {d.outcome for d in ended}
    assert outcomes == {"finished", "superseded", "rolled_back", "failed", "deleted"}


def test_what_a_fleet_shows_is_what_the_model_knows():
    server = Server()
    try:
        fleet = Fleet(server.world, services=20, clusters=4, account_regions=3, calm=300)
        shape = contract.model("ecs").shape_for("Service")
        for t in range(0, 20000, 400):
            server.world.clock.set(t)
            for service in fleet.services.values():
                if view := service.view():
                    assert contract.problems(shape, view) == []
                    running = [x for x in service.tasks() if x["lastStatus"] == "RUNNING"]
                    assert len(running) == view["runningCount"]
        assert {c["region"] for c in fleet.clusters} == {"us-east-1", "eu-central-1"}
        assert len({c["account"] for c in fleet.clusters}) == 2
    finally:
        server.close()


def test_a_deployment_on_demand_starts_now_even_in_the_middle_of_another():
    server = Server()
    try:
        fleet = Fleet(server.world, services=1, clusters=1, account_regions=1, calm=None)
        service, = fleet.services.values()
        first = service.view()["deployments"][0]["id"]
        server.world.clock.set(10)
        fleet.deploy("fleet-0", "service-0")
        second = service.view()["deployments"][0]["id"]
        server.world.clock.set(20)
        started, complete = fleet.deploy("fleet-0", "service-0")
        third = service.view()["deployments"][0]
        assert len({first, second, third["id"]}) == 3 and third["createdAt"] == started
        assert [d.outcome for d in service.plan.ledger] == ["superseded", "finished"]
        server.world.clock.set(complete - server.world.clock.base + 1)
        assert service.view()["deployments"][0]["rolloutState"] == "COMPLETED"
    finally:
        server.close()


def test_a_fleet_may_go_by_sweeps_and_come_to_rest():
    server = Server()
    try:
        server.world.add_key("AKID", "secret")
        fleet = Fleet(server.world, services=4, clusters=1, account_regions=1, calm=200, step=30.0)
        client = boto3.session.Session().client(
            "ecs", region_name="us-east-1", endpoint_url=server.url, aws_access_key_id="AKID",
            aws_secret_access_key="secret")
        cluster = server.world.place().clusters["fleet-0"]
        names = sorted(s.name for s in fleet.services.values())

        def sweep():
            for batch in (names[:2], names[2:]):
                found = client.describe_services(cluster="fleet-0", services=batch)["services"]
            return found

        for number in range(60):
            sweep()
            assert cluster.clock.relative() == 30.0 * number
        end = fleet.rest()
        for _ in range(60, int(end / 30) + 2):
            sweep()
        heard = [d for s in fleet.services.values() for d in s.deployments()]
        assert len(heard) > 4 and all(outcome for _, _, outcome, _ in heard)
        before = [s.view() for s in fleet.services.values()]
        cluster.clock.advance(100000)
        assert [s.view() for s in fleet.services.values()] == before
        assert server.take_violations() == []
    finally:
        server.close()


def ask(fleet, seconds, counts):
    """DescribeServices of ten, again and again; the signature is not looked at."""
    connection = http.client.HTTPConnection("127.0.0.1", int(fleet.url.rsplit(":", 1)[1]))
    body = json.dumps({"cluster": "fleet-0", "include": ["TAGS"],
                       "services": [f"service-{20 * n}" for n in range(10)]})
    headers = {"Content-Type": "application/x-amz-json-1.1",
               "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.DescribeServices",
               "Authorization": f"AWS4-HMAC-SHA256 Credential={fleet.key}/20260101/us-east-1/ecs/"
                                f"aws4_request, SignedHeaders=host, Signature={'0' * 64}"}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        assert answer.status == 200 and len(json.loads(answer.read())["services"]) == 10
        counts.append(1)
    connection.close()


def test_a_fleet_of_thousands_answers_hundreds_of_requests_a_second():
    fleet = FleetProcess(services=2000, clusters=20, account_regions=5, calm=None, validate=False)
    try:
        counts = []
        clients = [threading.Thread(target=ask, args=(fleet, 1.0, counts)) for _ in range(4)]
        for each in clients:
            each.start()
        for each in clients:
            each.join()
        assert fleet.calls() == [["DescribeServices", "123456789012", "us-east-1", len(counts)]]
        assert len(counts) > 300  # by far more on a machine that does nothing else
        told = fleet.deploy("fleet-3", "service-3")
        assert told["complete"] > told["started"] and fleet.violations() == []
        fleet.reset()
        assert fleet.calls() == []
    finally:
        fleet.close()
