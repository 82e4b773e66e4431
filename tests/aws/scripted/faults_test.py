"""Each fault as a client sees it, and which requests a rule takes."""

import http.client
import json
import time

import pytest
from botocore.exceptions import ClientError

from . import faults
from .accounts_test import raw

TARGET = "AmazonEC2ContainerServiceV20141113."


@pytest.fixture
def web(aws):
    return aws.prod.add_service("web", desired=2, tags={"team": "shop"})


def described(aws, **more):
    """The body of DescribeServices as bytes: no parser is in between."""
    return raw(aws, json.dumps({"cluster": "prod", "services": ["web"], "include": ["TAGS"],
                                **more}).encode(), **{"X-Amz-Target": TARGET + "DescribeServices"})


def failed(aws):
    with pytest.raises(ClientError) as caught:
        aws.names()
    return caught.value.response


def test_throttling_carries_the_wait_only_when_told_to(aws, web):
    rule = aws.faults.add(faults.throttle(retry_after_ms=1500))
    answer = failed(aws)
    assert answer["Error"]["Code"] == "ThrottlingException"
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-amz-retry-after"] == "1500"
    rule.remove()
    aws.faults.add(faults.throttle())
    assert "x-amz-retry-after" not in failed(aws)["ResponseMetadata"]["HTTPHeaders"]


def test_errors_have_the_status_that_they_are_given(aws, web):
    aws.faults.add(faults.failure(500), nth=1)
    aws.faults.add(faults.failure(503), nth=2)
    aws.faults.add(faults.failure(403, "AccessDeniedException", "no"), nth=3)
    assert described(aws)[0] == 500
    status, page = described(aws)
    assert status == 503 and page.startswith(b"<html>")
    assert failed(aws)["Error"]["Code"] == "AccessDeniedException"
    assert aws.names()["web"]["desiredCount"] == 2


def test_an_xml_error_comes_on_a_json_call(aws, web):
    aws.faults.add(faults.xml_error(), times=1)
    status, body = described(aws)
    assert status == 403 and b"<ErrorResponse><Error>" in body


def test_garbage_is_200(aws, web):
    aws.faults.add(faults.garbage(), times=1)
    assert described(aws) == (200, b"<html>captive portal</html>")


def test_the_connection_is_cut_before_and_inside_the_answer(aws, web):
    aws.faults.add(faults.cut_before(), nth=1)
    aws.faults.add(faults.cut_inside(), nth=2)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        described(aws)
    with pytest.raises(http.client.IncompleteRead):
        described(aws)
    assert described(aws)[0] == 200
    assert [c.status for c in aws.calls] == [0, 200, 200]


def test_slow_answers_wait_and_drip(aws, web):
    aws.faults.add(faults.slow(0.3), nth=1)
    aws.faults.add(faults.slow(0.2, drip=True), nth=2)
    for least in (0.3, 0.3):
        started = time.monotonic()
        assert json.loads(described(aws)[1])["services"]
        assert time.monotonic() - started >= least


def test_an_empty_page_leads_on(aws, web):
    aws.faults.add(faults.empty_page(), operation="ListServices", nth=1)
    ecs = aws.client()
    first = ecs.list_services(cluster="prod")
    assert first["serviceArns"] == []
    rest = ecs.list_services(cluster="prod", nextToken=first["nextToken"])
    assert len(rest["serviceArns"]) == 1 and "nextToken" not in rest


def test_a_repeated_token_comes_back(aws, web):
    aws.faults.add(faults.repeated_token(), operation="ListServices")
    ecs = aws.client()
    first = ecs.list_services(cluster="prod")["nextToken"]
    assert ecs.list_services(cluster="prod", nextToken=first)["nextToken"] == first


def test_a_stale_read_is_an_earlier_snapshot(aws, web):
    web.update(desiredCount=5)
    web.update(desiredCount=7)
    aws.faults.add(faults.stale(), nth=1)
    aws.faults.add(faults.stale(back=2), nth=2)
    assert [aws.names()["web"]["desiredCount"] for _ in range(3)] == [5, 2, 7]


def test_the_date_is_off_by_the_offset(aws, web):
    aws.world.clock.base = 1800000000.0
    aws.world.clock.set(0)
    aws.faults.add(faults.date(3600), times=1)
    ecs = aws.client()

    def date():
        return ecs.list_clusters()["ResponseMetadata"]["HTTPHeaders"]["date"]

    assert [date(), date()] == ["Fri, 15 Jan 2027 09:00:00 GMT", "Fri, 15 Jan 2027 08:00:00 GMT"]


def test_a_shuffled_answer_has_the_same_things_in_another_order(aws, web):
    names = [aws.prod.add_service(f"s{n}").name for n in range(9)]
    aws.faults.add(faults.shuffled())
    found = list(aws.names(names))
    assert sorted(found) == names and found != names


def test_partial_failures_leave_the_rest(aws, web):
    aws.prod.add_service("api")
    aws.faults.add(faults.partial(["web"]))
    found = aws.client().describe_services(cluster="prod", services=["web", "api"])
    assert [s["serviceName"] for s in found["services"]] == ["api"]
    assert found["failures"][0]["arn"] == web.wire["serviceArn"]


def test_answers_may_have_what_nobody_knows(aws, web):
    aws.faults.add(faults.unknown_enum(("status", "rolloutState")), nth=1)
    aws.faults.add(faults.unknown_fields(), nth=2)
    aws.faults.add(faults.nulls(), nth=3)
    aws.faults.add(faults.without("rolloutState", "events"), nth=4)
    found = [json.loads(described(aws)[1])["services"][0] for _ in range(4)]
    assert found[0]["deployments"][0]["rolloutState"] == "FROM_THE_FUTURE"
    assert found[1]["deployments"][0]["futureObject"] == {"a": [1.5, None, {}]}
    assert found[2]["events"] is None and found[2]["deployments"][0]["updatedAt"] is None
    assert "events" not in found[3] and "rolloutState" not in found[3]["deployments"][0]


def test_rules_take_what_they_are_narrowed_to(aws, web):
    aws.place.add_cluster("stage").add_service("web")
    aws.prod.add_service("api")
    ecs = aws.client()
    rules = [aws.faults.add(faults.slow(0), **how) for how in (
        {"operation": "ListClusters"}, {"service": "web"}, {"cluster": "stage"},
        {"region": "eu-west-1"}, {"account": "1"}, {"nth": [2, 3]}, {"times": 1},
        {"probability": 0.5, "seed": 3})]
    ecs.list_clusters()
    ecs.describe_services(cluster="prod", services=["web"])
    ecs.describe_services(cluster="stage", services=["web"])
    ecs.describe_services(cluster="prod", services=["api"])
    aws.client(region="eu-west-1").list_clusters()
    assert [r.taken for r in rules[:-1]] == [2, 2, 1, 1, 0, 2, 1]
    assert 0 < rules[-1].taken < 5
    aws.faults.clear()
    assert aws.faults.of(None) == []
