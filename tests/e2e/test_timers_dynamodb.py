"""Timers in a DynamoDB table, served by the real binary: alone as the service before it was started, and
by several daemons that share the table. DynamoDB is moto, from tests/aws."""

import importlib.util
import json
import pathlib
import signal
import subprocess
import time
import urllib.error
import urllib.request

import pytest

import targets
from conftest import clean_environment
from daemon import OPENER, Answer, free_port, wait_until

SERVERS = pathlib.Path(__file__).parents[1] / "aws/servers.py"
KEYS = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret-word"}


@pytest.fixture(scope="module")
def moto():
    spec = importlib.util.spec_from_file_location("servers", SERVERS)
    servers = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(servers)
    server = servers.moto()
    yield server
    server.stop()


def dynamodb(moto, operation, **body):
    request = urllib.request.Request(
        moto.url, json.dumps(body).encode(),
        {"X-Amz-Target": f"DynamoDB_20120810.{operation}",
         "Content-Type": "application/x-amz-json-1.0",
         "Authorization": "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/dynamodb/aws4_request, "
                          "SignedHeaders=host, Signature=0"})
    with OPENER.open(request, timeout=10) as answer:
        return json.loads(answer.read())


def item(moto, table, timer):
    return dynamodb(moto, "GetItem", TableName=table, Key={"Timer": {"S": timer}})["Item"]


def create_table(moto, name, index):
    keys = [{"AttributeName": "Timer", "KeyType": "HASH"}]
    types = [{"AttributeName": "Timer", "AttributeType": "S"}]
    more = {}
    if index:
        types += [{"AttributeName": "DueShard", "AttributeType": "S"},
                  {"AttributeName": "Due", "AttributeType": "N"}]
        more["GlobalSecondaryIndexes"] = [{
            "IndexName": "Due", "Projection": {"ProjectionType": "ALL"},
            "KeySchema": [{"AttributeName": "DueShard", "KeyType": "HASH"},
                          {"AttributeName": "Due", "KeyType": "RANGE"}]}]
    dynamodb(moto, "CreateTable", TableName=name, KeySchema=keys, AttributeDefinitions=types,
             BillingMode="PAY_PER_REQUEST", **more)


def ask(url, method="GET"):
    try:
        with OPENER.open(urllib.request.Request(url, method=method), timeout=10) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())


def answers(url):
    try:
        return ask(url).status == 200
    except (urllib.error.URLError, ConnectionError):
        return False


@pytest.fixture
def timers(binary, moto, tmp_path):
    """timers("table") runs `tocsin timers us-east-1 table PORT` and gives its URL and process."""
    running = []

    def start(table, **environment):
        port = free_port()
        log = open(tmp_path / f"timers.{port}", "wb")
        process = subprocess.Popen(
            [binary, "timers", "us-east-1", table, str(port)], stdout=log, stderr=log, cwd=tmp_path,
            env=clean_environment({"AWS_ENDPOINT_URL": moto.url, **KEYS, **environment}))
        process.log_path = tmp_path / f"timers.{port}"
        running.append(process)
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(url + "/"), 15, url)
        return url, process

    yield start
    for process in running:
        process.kill()
        process.wait(10)


def test_serves_a_table_of_the_service_before_it_without_a_configuration(timers, moto):
    create_table(moto, "old", index=False)
    now = int(time.time())
    dynamodb(moto, "PutItem", TableName="old",
             Item={"Timer": {"S": "theirs"}, "StartTime": {"N": str(now)}, "Seconds": {"N": "600"}})
    dynamodb(moto, "PutItem", TableName="old",
             Item={"Timer": {"S": "over"}, "StartTime": {"N": str(now - 60)}, "Seconds": {"N": "5"}})
    url, process = timers("old")
    assert ask(url + "/").json() == {"Status": "OK"}
    shown = ask(url + "/theirs").json()
    assert (shown["TimerId"], shown["StartTime"], shown["Seconds"]) == ("theirs", now, 600)
    over = ask(url + "/over")
    assert (over.status, over.json()) == (504, {"Message": "Timer expired"})
    unknown = ask(url + "/unknown")
    assert (unknown.status, unknown.json()) == (404, {"Message": "Timer not found"})
    assert ask(url + "/ours%2Fa/30").status == 200
    item = dynamodb(moto, "GetItem", TableName="old", Key={"Timer": {"S": "ours/a"}})["Item"]
    assert item["Seconds"] == {"N": "30"}
    assert ask(url + "/ours%2Fa", "DELETE").status == 204
    assert ask(url + "/ours%2Fa").status == 404
    process.send_signal(signal.SIGTERM)
    assert process.wait(15) == 0


def test_two_processes_see_each_others_arms_at_once(timers, moto):
    create_table(moto, "shared", index=True)
    one, _ = timers("shared")
    two, _ = timers("shared")
    for seconds in range(100, 110):
        assert ask(f"{one}/job/{seconds}").status == 200
        assert ask(f"{two}/job").json()["Seconds"] == seconds


def test_what_cannot_be_served_is_said_and_is_no_404(timers, moto):
    url, process = timers("nowhere")
    refused = ask(url + "/job")
    assert (refused.status, refused.json()) == (503, {"Message": "Internal error"})
    wait_until(lambda: b"there is no table 'nowhere'" in process.log_path.read_bytes(), 10, "the log")
    assert b"secret-word" not in process.log_path.read_bytes()


def test_an_outage_is_503_with_retry_after(timers, moto):
    create_table(moto, "outage", index=True)
    port = free_port()
    url, _ = timers("outage", AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}", AWS_MAX_ATTEMPTS="2")
    for path in ("/job", "/job/30"):
        refused = ask(url + path)
        assert refused.status == 503
        assert refused.headers["Retry-After"]


def test_an_expiry_is_announced_once_by_daemons_that_share_a_table(daemon, moto, receiver):
    create_table(moto, "announced", index=True)
    hook = receiver()
    daemons = []
    for name in ("one", "two"):
        made = daemon({
            "channels": {"hook": {"webhook": {"url": hook.url}}},
            "timers": {"listen": f"127.0.0.1:{free_port()}",
                       "store": {"dynamodb": {"table": "announced", "region": "us-east-1",
                                              "endpoint": moto.url}},
                       "rules": [{"match": "job-*", "notify": ["hook"]}]}}, name)
        made.start(env=KEYS)
        daemons.append(made)
    armed = daemons[0].post("/api/v1/timers/job-1/2")
    assert armed.status in (200, 201), (armed.status, armed.body)
    wait_until(lambda: hook.events, 20, "an announcement")
    # Recorded as told: from here on no process may claim it.
    wait_until(lambda: "DeliveredAt" in item(moto, "announced", "job-1"), 20, "the record of it")
    again = daemons[1].post("/api/v1/timers/job-1/600")
    assert again.status in (200, 201), (again.status, again.body)
    wait_until(lambda: len(hook.events) > 1, 20, "the recovery")
    wait_until(lambda: "MissedDeadline" not in item(moto, "announced", "job-1"), 20, "its record")
    assert [kind for kind, _ in hook.events] == ["timer_expired", "timer_rearmed"]


def test_a_region_that_nobody_names_is_that_of_the_task(daemon, moto, target):
    create_table(moto, "in-a-task", index=True)
    metadata = target(targets.answer(200, json.dumps(
        {"Cluster": "prod", "TaskARN": "arn:aws:ecs:us-east-1:1:task/prod/a"})))
    port = free_port()
    node = daemon({"timers": {"listen": f"127.0.0.1:{port}",
                              "store": {"dynamodb": {"table": "in-a-task"}}}})
    task = {"AWS_ENDPOINT_URL": moto.url, "ECS_CONTAINER_METADATA_URI_V4": metadata.url + "/v4/a",
            **KEYS}
    node.start(env=task)
    assert ask(f"http://127.0.0.1:{port}/job/60").status == 200
    assert node.stop() == 0
    node.start(ready=False, env={**task, "ECS_CONTAINER_METADATA_URI_V4": "",
                                 "AWS_EC2_METADATA_DISABLED": "true"})
    assert node.process.wait(20) != 0
    assert "names no region, and there is no AWS region" in node.output()
