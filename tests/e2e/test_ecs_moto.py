"""ECS watched with keys and policies that are really checked: by moto, which verifies signatures and IAM."""

import importlib.util
import json
import pathlib
import urllib.request

import pytest

from daemon import OPENER, wait_until
from ecs_world import Hook, ecs

import boto3  # of build/aws, where ecs_world looks for it  # isort: skip
from botocore.config import Config  # isort: skip

SERVERS = pathlib.Path(__file__).parents[1] / "aws/servers.py"
REGION = "eu-west-1"
WATCH = {"Effect": "Allow", "Action": ["ecs:Describe*", "ecs:List*"], "Resource": "*"}
SERVICES = [f"s{i:02}" for i in range(12)]  # two batches


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Moto:
    """A cluster `prod` in an account whose keys and policies count; `keys` by user."""

    def __init__(self):
        spec = importlib.util.spec_from_file_location("servers", SERVERS)
        servers = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(servers)
        self.server = servers.moto()
        self.url = self.server.url
        self.fill()
        self.keys = {"watcher": self.user("watcher", WATCH),
                     "lister": self.user("lister", {**WATCH, "Action": ["ecs:List*"]})}
        self.role = self.client("iam").create_role(
            RoleName="tocsin-watch", AssumeRolePolicyDocument=policy(
                {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}),
        )["Role"]["Arn"]
        self.client("iam").put_role_policy(RoleName="tocsin-watch", PolicyName="watch",
                                           PolicyDocument=policy(WATCH))
        self.keys["assumer"] = self.user(
            "assumer", {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"})
        self.check_everybody()

    def client(self, service):
        return boto3.client(service, endpoint_url=self.url, region_name=REGION,
                            aws_access_key_id="setup", aws_secret_access_key="setup",
                            config=Config(proxies={}))

    def fill(self):
        client = self.client("ecs")
        client.create_cluster(clusterName="prod")
        client.register_task_definition(family="web", containerDefinitions=[
            {"name": "app", "image": "registry.example.com/web:v1", "memory": 128}])
        for name in SERVICES:
            client.create_service(cluster="prod", serviceName=name, taskDefinition="web:1",
                                  desiredCount=0, tags=[{"key": "team", "value": "shop"}])

    def user(self, name, statement):
        iam = self.client("iam")
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(statement))
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return made["AccessKeyId"], made["SecretAccessKey"]

    def check_everybody(self):
        """From now on signatures and policies count."""
        with OPENER.open(urllib.request.Request(
                self.url + "/moto-api/reset-auth", b"0",
                {"Content-Type": "application/octet-stream"}), timeout=10) as answer:
            assert answer.status == 200

    def environment(self, user, secret=None):
        id_, true_secret = self.keys[user]
        return {"AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": id_,
                "AWS_SECRET_ACCESS_KEY": secret or true_secret, "AWS_MAX_ATTEMPTS": "1",
                "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture(scope="module")
def moto():
    made = Moto()
    yield made
    made.server.stop()


@pytest.fixture
def watch(daemon):
    """watch(environment, entry) starts a daemon; .hook has what it tells."""
    hook = Hook()

    def start(environment, **entry):
        node = daemon({"channels": {"hook": hook.channel()}, "self": {"notify": ["hook"]},
                       "ecs": ecs([{"cluster": "prod", "notify": ["hook"], **entry}])})
        node.hook = hook
        return node.start(env=environment)

    yield start
    hook.close()


def sees_all(node):
    def judged():
        found = node.monitors()
        return (sorted(found) == [f"prod/{name}" for name in SERVICES]
                and all(item["state"] != "new" for item in found.values()) and found)

    return wait_until(judged, 20, "all services and a state of each")


def trouble(node):
    [said] = wait_until(lambda: node.hook.told("tocsin"), 20, "a trouble")
    assert (said["type"], said["reason"]) == ("trouble_started", "ecs")
    return said["message"]


def test_a_cluster_is_watched_with_a_key_that_may_describe_and_list(moto, watch):
    node = watch(moto.environment("watcher"))
    for item in sees_all(node).values():
        assert (item["kind"], item["state"]) == ("ecs", "up"), item
        assert item["labels"]["team"] == "shop"
    assert node.hook.told("tocsin") == []


def test_a_cluster_is_watched_with_an_assumed_role(moto, watch):
    node = watch(moto.environment("assumer"), role_arn=moto.role)
    sees_all(node)
    assert node.hook.told("tocsin") == []


def test_a_wrong_secret_is_a_trouble_that_says_so(moto, watch):
    said = trouble(watch(moto.environment("watcher", secret="not-the-secret")))
    assert "prod" in said and "SignatureDoesNotMatch" in said, said
    assert "not-the-secret" not in said


def test_a_policy_that_lacks_an_action_is_a_trouble_that_names_it(moto, watch):
    node = watch(moto.environment("lister"))
    assert "ecs:DescribeServices" in trouble(node)
    assert moto.keys["lister"][1] not in node.output()


def test_a_key_without_a_policy_is_told_what_it_may_not(moto, watch):
    assert "ecs:ListServices" in trouble(watch(moto.environment("assumer")))
