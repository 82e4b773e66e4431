"""Checks deploy/ecs-monitor without AWS: the templates are valid, allow what they say and nothing else,
keep a second process off the store, let nobody in, and Terraform says the same.

usage: build/aws/python/bin/python check_deploy_monitor.py
"""

import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest

import boto3
import cfnlint.decode
import hcl2
import moto

ROOT = pathlib.Path(__file__).parents[2]
DEPLOY = ROOT / "deploy/ecs-monitor"
WATCH = {"ecs:Describe*", "ecs:List*"}
EXECUTION = {"logs:CreateLogStream", "logs:PutLogEvents", "ssm:GetParameters",
             "secretsmanager:GetSecretValue", "kms:Decrypt", "ecr:BatchCheckLayerAvailability",
             "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:GetAuthorizationToken"}
EVERYWHERE = WATCH | {"ecr:GetAuthorizationToken"}  # what may be about every resource


def as_list(value):
    return value if isinstance(value, list) else [value]


def template(name):
    found, problems = cfnlint.decode.decode(str(DEPLOY / name))
    assert not problems, problems
    return found


def objects(value):
    """Every object inside, also of the branches of Fn::If."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner)


def statements(role):
    """Of the role's policies, in every case of its conditions: (actions, resource)."""
    return [(set(as_list(s["Action"])), s["Resource"]) for s in objects(role["Properties"]["Policies"])
            if s.get("Effect") == "Allow"]


def terraform():
    """{("resource", type, name): body} of all files."""
    blocks = {}
    for path in [*DEPLOY.glob("terraform/*.tf"), *DEPLOY.glob("terraform/watched-account/*.tf")]:
        module = "watched " if path.parent.name == "watched-account" else ""
        with open(path) as file:
            parsed = hcl2.load(file)
        for kind in ("resource", "data"):
            for block in parsed.get(kind, []):
                for type_, named in block.items():
                    for name, body in named.items():
                        blocks[kind, type_.strip('"'), module + name.strip('"')] = body
    return blocks


def bare(value):
    return value.strip('"') if isinstance(value, str) else value


def policy_of(document):
    """(actions, resources) of a data block, its dynamic statements too."""
    found = list(document.get("statement", []))
    for dynamic in document.get("dynamic", []):
        for made in dynamic.values():
            found += made["content"]
    return [({bare(a) for a in s["actions"]}, s.get("resources")) for s in found]


class Templates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.monitor = template("cloudformation.yml")["Resources"]
        cls.watched = template("watched-account.yml")["Resources"]
        cls.container, = cls.monitor["Definition"]["Properties"]["ContainerDefinitions"]

    def test_the_templates_are_valid(self):
        lint = subprocess.run(
            [pathlib.Path(sys.executable).parent / "cfn-lint", "--regions", "eu-central-1", "--",
             DEPLOY / "cloudformation.yml", DEPLOY / "watched-account.yml"],
            capture_output=True, text=True)
        self.assertEqual(lint.returncode, 0, lint.stdout + lint.stderr)

    def test_the_process_may_read_ecs_and_assume_named_roles(self):
        found = statements(self.monitor["TaskRole"])
        self.assertEqual(found, [(WATCH, "*"),
                                 ({"sts:AssumeRole"}, {"Ref": "WatchedRoleArns"})])
        self.assertEqual(statements(self.watched["Role"]), [(WATCH, "*")])

    def test_nothing_else_has_a_wildcard(self):
        for role in (self.monitor["TaskRole"], self.monitor["ExecutionRole"], self.watched["Role"]):
            self.assertNotIn("ManagedPolicyArns", role["Properties"])
            for actions, resource in statements(role):
                self.assertEqual({a for a in actions if "*" in a} - WATCH, set())
                if not actions <= EVERYWHERE:
                    self.assertNotIn('"*"', json.dumps(resource))

    def test_ecs_may_start_it_and_no_more(self):
        allowed = set().union(*(a for a, _ in statements(self.monitor["ExecutionRole"])))
        self.assertEqual(allowed, EXECUTION)

    def test_a_watched_account_trusts_the_monitor_with_the_external_id_alone(self):
        trust, = self.watched["Role"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        self.assertEqual(trust["Principal"], {"AWS": {"Ref": "MonitorRoleArn"}})
        self.assertEqual(trust["Condition"],
                         {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}})

    def test_two_tasks_never_run_at_once(self):
        service = self.monitor["Service"]["Properties"]
        deployment = service["DeploymentConfiguration"]
        self.assertEqual((service["DesiredCount"], deployment["MinimumHealthyPercent"],
                          deployment["MaximumPercent"]), (1, 0, 100))
        self.assertEqual(service["AvailabilityZoneRebalancing"], "DISABLED")

    def test_nobody_gets_in(self):
        into = {name: r["Properties"] for name, r in self.monitor.items()
                if r["Type"] == "AWS::EC2::SecurityGroupIngress"}
        self.assertEqual(list(into), ["StoreFromTask"])
        rule = into["StoreFromTask"]
        self.assertEqual(rule["GroupId"], {"Fn::GetAtt": ["StoreGroup", "GroupId"]})
        self.assertEqual(rule["SourceSecurityGroupId"], {"Fn::GetAtt": ["TaskGroup", "GroupId"]})
        for resource in self.monitor.values():
            self.assertNotIn("SecurityGroupIngress", resource["Properties"])
            self.assertNotIn("LoadBalancers", resource["Properties"])
        self.assertNotIn("PortMappings", self.container)

    def test_the_store_is_kept_and_encrypted(self):
        files = self.monitor["Files"]
        self.assertEqual((files["DeletionPolicy"], files["UpdateReplacePolicy"]),
                         ("Retain", "Retain"))
        self.assertIs(files["Properties"]["Encrypted"], True)
        volume, = self.monitor["Definition"]["Properties"]["Volumes"]
        efs = volume["EFSVolumeConfiguration"]
        self.assertEqual(efs["TransitEncryption"], "ENABLED")
        self.assertEqual(efs["AuthorizationConfig"]["AccessPointId"], {"Ref": "Store"})
        mount, = self.container["MountPoints"]
        self.assertEqual(mount["ContainerPath"], self.container["WorkingDirectory"])

    def test_the_container_has_little(self):
        self.assertNotIn("0", self.container["User"].split(":"))
        self.assertIs(self.container["ReadonlyRootFilesystem"], True)
        self.assertEqual(self.container["LinuxParameters"]["Capabilities"], {"Drop": ["ALL"]})
        self.assertNotIn("Environment", self.container)  # the configuration is a secret
        self.assertTrue(30 <= self.container["StopTimeout"] <= 120)

    def test_moto_makes_the_role_of_a_watched_account(self):
        os.environ.update(AWS_ACCESS_KEY_ID="k", AWS_SECRET_ACCESS_KEY="s")
        with moto.mock_aws():
            monitor = "arn:aws:iam::123456789012:role/tocsin-task"
            stack = boto3.client("cloudformation", "eu-central-1")

            def create(external_id):
                stack.create_stack(
                    StackName="watched", Capabilities=["CAPABILITY_NAMED_IAM"],
                    TemplateBody=(DEPLOY / "watched-account.yml").read_text(),
                    Parameters=[{"ParameterKey": "MonitorRoleArn", "ParameterValue": monitor},
                                {"ParameterKey": "ExternalId", "ParameterValue": external_id}])

            create("shop-1")
            role = boto3.client("iam").get_role(RoleName="tocsin-watch")["Role"]
            trust, = role["AssumeRolePolicyDocument"]["Statement"]
            self.assertEqual(trust["Condition"], {"StringEquals": {"sts:ExternalId": "shop-1"}})
            self.assertEqual(trust["Principal"], {"AWS": monitor})


class Terraform(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.blocks = terraform()

    def policy(self, name):
        return policy_of(self.blocks["data", "aws_iam_policy_document", name])

    def test_it_allows_what_the_templates_allow(self):
        watch, others = self.policy("watch")
        self.assertEqual((watch[0], [bare(r) for r in watch[1]]), (WATCH, ["*"]))
        self.assertEqual(others, ({"sts:AssumeRole"}, "${var.watched_role_arns}"))
        self.assertEqual([a for a, _ in self.policy("watched watch")], [WATCH])
        start = self.policy("start")
        self.assertEqual(set().union(*(a for a, _ in start)), EXECUTION)
        for actions, resources in start:
            if not actions <= EVERYWHERE:
                self.assertNotIn('"*"', json.dumps(resources))

    def test_a_watched_account_trusts_with_the_external_id(self):
        trust, = self.blocks["data", "aws_iam_policy_document", "watched trust"]["statement"]
        condition, = trust["condition"]
        self.assertEqual((bare(condition["variable"]), condition["values"]),
                         ("sts:ExternalId", ["${var.external_id}"]))

    def test_two_tasks_never_run_at_once(self):
        service = self.blocks["resource", "aws_ecs_service", "tocsin"]
        self.assertEqual((service["desired_count"], service["deployment_minimum_healthy_percent"],
                          service["deployment_maximum_percent"]), (1, 0, 100))
        self.assertEqual(bare(service["availability_zone_rebalancing"]), "DISABLED")
        self.assertNotIn("load_balancer", service)

    def test_nobody_gets_in(self):
        into = [key for key in self.blocks if "ingress" in key[1]]
        self.assertEqual(into, [("resource", "aws_vpc_security_group_ingress_rule", "store")])
        rule = self.blocks[into[0]]
        self.assertEqual(rule["security_group_id"], "${aws_security_group.store.id}")
        self.assertEqual(rule["referenced_security_group_id"], "${aws_security_group.task.id}")
        for name in ("task", "store"):
            self.assertNotIn("ingress", self.blocks["resource", "aws_security_group", name])

    def test_the_store_is_kept_and_encrypted(self):
        files = self.blocks["resource", "aws_efs_file_system", "files"]
        self.assertIs(files["encrypted"], True)
        self.assertIs(files["lifecycle"][0]["prevent_destroy"], True)
        volume, = self.blocks["resource", "aws_ecs_task_definition", "tocsin"]["volume"]
        efs, = volume["efs_volume_configuration"]
        self.assertEqual(bare(efs["transit_encryption"]), "ENABLED")


class Commands(unittest.TestCase):
    """What the container runs, run here."""

    def setUp(self):
        container, = template("cloudformation.yml")["Resources"]["Definition"]["Properties"][
            "ContainerDefinitions"]
        _, parts = container["HealthCheck"]["Fn::If"][:2]
        self.starts = [container["Command"][0], self.joined("start")]
        self.alive = [parts["Command"][-1]["Fn::Sub"].replace("${HealthPort}", "PORT"),
                      self.joined("alive").replace("${local.port}", "PORT")]

    @staticmethod
    def joined(name):
        """What join() gives in main.tf; its texts escape as JSON's do."""
        source = (DEPLOY / "terraform/main.tf").read_text()
        lines = source.split(f"  {name} = join(\" && \", [\n")[1].split("  ])\n")[0]
        return " && ".join(json.loads("[" + lines.rstrip().rstrip(",") + "]"))

    def test_the_configuration_becomes_a_private_file_and_leaves_the_environment(self):
        for start in self.starts:
            with tempfile.TemporaryDirectory() as folder:
                program = pathlib.Path(folder, "program")
                program.write_text('#!/bin/sh\necho "$@"; env; stat -c %a tocsin.yml\n')
                program.chmod(0o755)
                text = "channels: {}\n# 100 % \\n \"quoted\" ${SLACK_WEBHOOK_URL}"
                ran = subprocess.run(
                    ["sh", "-c", start.replace("/usr/bin/tocsin", str(program))], cwd=folder,
                    env={"TOCSIN_YML": text, "PATH": os.environ["PATH"]}, capture_output=True,
                    text=True)
                self.assertEqual(ran.returncode, 0, ran.stderr)
                lines = ran.stdout.splitlines()
                self.assertEqual((lines[0], lines[-1]), ("run -c tocsin.yml", "600"))
                self.assertNotIn("TOCSIN_YML", ran.stdout)
                self.assertEqual(pathlib.Path(folder, "tocsin.yml").read_text(), text + "\n")

    def test_the_health_check_tells_alive_from_not(self):
        class Api(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                known = self.path == "/healthz" and self.headers["Host"].startswith("127.0.0.1:")
                self.send_response(self.server.status if known else 404)
                self.end_headers()

            def log_message(self, *_):
                pass

        api = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
        threading.Thread(target=api.serve_forever, args=(0.05,), daemon=True).start()
        for alive in self.alive:
            command = ["bash", "-c", alive.replace("PORT", str(api.server_port))]
            api.status = 200
            self.assertEqual(subprocess.run(command, timeout=10).returncode, 0)
            api.status = 503
            self.assertNotEqual(subprocess.run(command, timeout=10).returncode, 0)
        api.shutdown()
        api.server_close()
        for alive in self.alive:
            command = ["bash", "-c", alive.replace("PORT", str(api.server_port))]
            self.assertNotEqual(subprocess.run(command, timeout=10, capture_output=True).returncode,
                                0)


if __name__ == "__main__":
    unittest.main()
