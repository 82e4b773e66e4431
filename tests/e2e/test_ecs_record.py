"""`tocsin ecs record`: what it writes of a live cluster, `tocsin ecs replay` plays. The scripted AWS of
tests/aws plays the live cluster."""

import json
import os
import re
import signal
import subprocess

import pytest
import yaml

from conftest import clean_environment
from daemon import wait_until
from ecs_fixtures import aws  # noqa: F401
from ecs_world import (ACCOUNT, DEFAULTS, OTHER_ACCOUNT, REGIONS, SCENARIOS, environment, options_of)
from scripted.faults import failure


@pytest.fixture
def place(aws):
    return aws.world.place(ACCOUNT, REGIONS[0])


@pytest.fixture
def record(binary, tmp_path, aws):
    """record(*args) begins to record into tmp_path; the processes end with the test."""
    made = []

    def start(*args, env=None):
        process = subprocess.Popen(
            [binary, "ecs", "record", *map(str, args)], cwd=tmp_path, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=clean_environment({**environment(aws), **(env or {})}))
        made.append(process)
        return process

    yield start
    for process in made:
        process.kill()
        process.communicate()


def end(process, by=signal.SIGINT):
    if by:
        process.send_signal(by)
    out, err = process.communicate(timeout=20)
    return process.returncode, out, err


def calls_of(aws, operation):
    return sum(1 for call in aws.calls if call.operation == operation)


def read(path):
    return {one["name"]: one for one in json.loads(path.read_text())["scenarios"]}


# --- The round trip. ---
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_that_is_recorded_tells_the_same_when_it_is_replayed(
        name, aws, place, record, tocsin, tmp_path):
    scenario = SCENARIOS[name]
    script = aws.play(place.add_cluster("prod"), scenario, DEFAULTS, step=True)
    (tmp_path / "tocsin.yml").write_text(yaml.safe_dump(
        {"ecs": {"clusters": [{"cluster": "prod", "services": [scenario["service"]],
                               **options_of(scenario)}]}}))
    process = record("prod", "-c", "tocsin.yml", "--interval", "1s", "--output", "live.json")
    # Whoever records does not end where the scenario's program ends.
    script.run(restart=lambda: None)
    code, out, err = end(process)
    assert code == 0, err
    assert out.startswith("live.json: ")
    done = tocsin("ecs", "replay", "live.json", "--json")
    assert done.returncode == 0, done.stderr
    told = [script.names.short(json.loads(line)) for line in done.stdout.splitlines()]
    expected = scenario["expect"]
    assert [one["type"] for one in told] == [one["type"] for one in expected], done.stdout
    for found, wanted in zip(told, expected):
        for key, value in wanted.items():
            if key != "t":
                assert found.get(key) == value, (key, found)


# --- What is in the file. ---
def test_every_service_is_a_sequence_of_its_own(aws, place, record, tmp_path):
    prod = place.add_cluster("prod")
    for name in ("web", "api", "mail"):
        prod.add_service(name, desired=2)
    process = record("prod", "--interval", "1s", "--duration", "3s")
    code, out, err = end(process, by=None)
    assert code == 0, err
    assert "of 3 services" in out
    found = read(tmp_path / "ecs-prod.json")
    assert sorted(found) == ["api", "mail", "web"]
    polls = found["web"]["polls"]
    assert 2 <= len(polls) <= 4
    assert [p["t"] for p in polls] == sorted(p["t"] for p in polls)
    assert 0 <= polls[0]["t"] < 3
    assert found["web"]["config"]["timeoutSeconds"] == 900


def test_services_are_chosen_by_name_or_pattern(aws, place, record, tmp_path):
    prod = place.add_cluster("prod")
    for name in ("web", "web-admin", "api"):
        prod.add_service(name, desired=1)
    code, _, err = end(record("prod", "web*", "--interval", "1s", "--duration", "2s"), by=None)
    assert code == 0, err
    assert sorted(read(tmp_path / "ecs-prod.json")) == ["web", "web-admin"]


def test_no_account_and_no_secret_is_in_the_file(aws, place, record, tmp_path):
    prod = place.add_cluster("prod")
    prod.add_service("web", desired=2)
    # A refusal names who asked.
    aws.faults.add(failure(400, "AccessDeniedException", f"User: arn:aws:iam::{OTHER_ACCOUNT}:role/x "
                           "is not authorized to perform"), operation="DescribeServices", nth=2)
    role = aws.world.add_role(OTHER_ACCOUNT, external_id="shop-1")
    other = aws.world.place(OTHER_ACCOUNT, REGIONS[0]).add_cluster("prod")
    other.add_service("web", desired=2)
    code, out, err = end(record("prod", "--role-arn", role, "--external-id", "shop-1",
                                "--interval", "1s", "--duration", "3s"), by=None)
    assert code == 0, err
    text = (tmp_path / "ecs-prod.json").read_text()
    assert not re.search(r"(?<!\d)(?!0{12})\d{12}(?!\d)", text), "a number of an account"
    assert "the call is not allowed" in text
    for word in (ACCOUNT, OTHER_ACCOUNT, "AKID", "secret", "arn:aws", "shop-1", role):
        assert word not in text
    assert "ecs-svc/" in text


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_writes_what_was_seen(aws, place, record, tmp_path, by):
    place.add_cluster("prod").add_service("web", desired=2)
    (tmp_path / "seen.json").write_text("before")
    process = record("prod", "--interval", "1s", "--duration", "1h", "--output", "seen.json")
    wait_until(lambda: calls_of(aws, "DescribeServices") >= 3, 15, "three looks")
    assert (tmp_path / "seen.json").read_text() == "before"
    code, out, err = end(process, by)
    assert code == 0, err
    assert len(read(tmp_path / "seen.json")["web"]["polls"]) >= 2
    assert os.listdir(tmp_path) == ["seen.json"]


# --- What is refused. ---
def test_a_cluster_that_is_not_there_ends_it_at_once(aws, place, record, tmp_path):
    code, out, err = end(record("prd", "--duration", "1h"), by=None)
    assert code == 1
    assert "ClusterNotFound" in err
    assert os.listdir(tmp_path) == []


def test_when_nothing_was_seen_nothing_is_written(aws, place, record, tmp_path):
    place.add_cluster("prod")
    (tmp_path / "ecs-prod.json").write_text("before")
    code, out, err = end(record("prod", "--interval", "1s", "--duration", "2s"), by=None)
    assert code == 1
    assert "no service was seen in prod" in err
    assert (tmp_path / "ecs-prod.json").read_text() == "before"


def test_a_file_that_cannot_be_written_is_refused_before_it_begins(aws, place, record, tmp_path):
    place.add_cluster("prod").add_service("web", desired=2)
    for output in ("nowhere/x.json", "."):
        code, out, err = end(record("prod", "--duration", "1h", "--output", output), by=None)
        assert code == 2, err
    assert aws.calls == []


def test_a_cluster_that_the_configuration_does_not_have_is_named_with_a_near_one(record, tmp_path):
    (tmp_path / "tocsin.yml").write_text("ecs: {clusters: [{cluster: prod}]}\n")
    code, out, err = end(record("prdo", "-c", "tocsin.yml"), by=None)
    assert code == 2
    assert "did you mean prod?" in err


@pytest.mark.parametrize("args, said", [
    (("prod/web",), 'cluster: found "prod/web", expected the name of an ECS cluster'),
    (("prod", "api-["), 'services[0]: found "api-["'),
    (("prod", "--region", "mars"), 'region: found "mars", expected an AWS region'),
    (("prod", "--role-arn", "x"), 'role_arn: found "x", expected the ARN of an IAM role'),
    (("prod", "--external-id", "abc"), "external_id: expected role_arn beside it"),
    ((f"arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/prod", "--region", "us-east-1"),
     "region: expected eu-west-1, the region of the cluster's ARN"),
    ((f"arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/prod", "--role-arn",
      f"arn:aws:iam::{OTHER_ACCOUNT}:role/watch"), "expected a role of the cluster's account"),
])
def test_what_config_check_refuses_is_refused_before_aws_is_asked(aws, place, record, tmp_path,
                                                                  args, said):
    place.add_cluster("prod").add_service("web", desired=1)
    code, out, err = end(record(*args, "--interval", "1s", "--duration", "1h"), by=None)
    assert code == 2, err
    assert said in err
    assert aws.calls == [] and os.listdir(tmp_path) == []


# --- What never was there. ---
def test_a_service_that_never_was_there_is_named_and_is_nothing_seen(aws, place, record, tmp_path):
    place.add_cluster("prod").add_service("web", desired=1)
    code, out, err = end(record("prod", "nosuch", "--interval", "1s", "--duration", "2s"), by=None)
    assert code == 1, out
    assert err.count("prod has no service nosuch; it is looked for until the end") == 1
    assert "no service was seen in prod" in err and "nothing is written" in err
    assert os.listdir(tmp_path) == []


def test_what_was_there_is_written_without_what_never_was(aws, place, record, tmp_path):
    place.add_cluster("prod").add_service("web", desired=1)
    code, out, err = end(record("prod", "web", "nosuch", "--interval", "1s", "--duration", "2s"),
                         by=None)
    assert code == 0, err
    assert "of 1 service" in out
    assert "nothing was seen of nosuch: not in the file" in err
    assert sorted(read(tmp_path / "ecs-prod.json")) == ["web"]


# --- Several entries for one cluster. ---
@pytest.mark.parametrize("named, expected", [
    ((), {"batch": 2700, "web": 60}),
    (("batch", "mail"), {"batch": 2700, "mail": 2700}),
    (("*",), {"batch": 2700, "mail": 2700, "web": 60}),
])
def test_each_service_has_the_thresholds_of_the_entry_that_takes_it(aws, place, record, tmp_path,
                                                                    named, expected):
    prod = place.add_cluster("prod")
    for name in ("web", "batch", "mail"):
        prod.add_service(name, desired=1)
    (tmp_path / "tocsin.yml").write_text(yaml.safe_dump({"ecs": {"clusters": [
        {"cluster": "prod", "services": ["web"], "deploy_timeout": "1m"},
        {"cluster": "prod", "services": ["batch"], "deploy_timeout": "45m"}]}}))
    code, out, err = end(record("-c", "tocsin.yml", "prod", *named, "--interval", "1s",
                                "--duration", "2s"), by=None)
    assert code == 0, err
    found = read(tmp_path / "ecs-prod.json")
    assert {name: one["config"]["timeoutSeconds"] for name, one in found.items()} == expected
