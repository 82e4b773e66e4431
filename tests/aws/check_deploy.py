"""Checks deploy/timers-dynamodb without AWS: the template is valid and moto makes the table out of it,
Terraform says the same, and the policy allows what the code calls, no more and no less.

usage: build/aws/python/bin/python check_deploy.py
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

import boto3
import hcl2
import moto

ROOT = pathlib.Path(__file__).parents[2]
DEPLOY = ROOT / "deploy/timers-dynamodb"
TEMPLATE = DEPLOY / "cloudformation.yml"


def made_by_cloudformation():
    """The table and the policy's statements as moto makes them of the template."""
    os.environ.update(AWS_ACCESS_KEY_ID="k", AWS_SECRET_ACCESS_KEY="s")
    with moto.mock_aws():
        stack = boto3.client("cloudformation", "eu-central-1")
        stack.create_stack(StackName="timers", TemplateBody=TEMPLATE.read_text(),
                           Capabilities=["CAPABILITY_IAM"],
                           Parameters=[{"ParameterKey": "TableName", "ParameterValue": "t-1"}])
        outputs = {o["OutputKey"]: o["OutputValue"]
                   for o in stack.describe_stacks(StackName="timers")["Stacks"][0]["Outputs"]}
        dynamodb = boto3.client("dynamodb", "eu-central-1")
        table = dynamodb.describe_table(TableName=outputs["TableName"])["Table"]
        iam = boto3.client("iam")
        policy = iam.get_policy(PolicyArn=outputs["ServingPolicyArn"])["Policy"]
        version = iam.get_policy_version(PolicyArn=outputs["ServingPolicyArn"],
                                         VersionId=policy["DefaultVersionId"])
        document = version["PolicyVersion"]["Document"]
        document = json.loads(document) if isinstance(document, str) else document
        return table, document["Statement"]


def terraform():
    """Blocks of main.tf as {("resource", type, name): body}."""
    with open(DEPLOY / "terraform/main.tf") as file:
        parsed = hcl2.load(file)
    blocks = {}
    for kind in ("resource", "data"):
        for block in parsed[kind]:
            for type_, named in block.items():
                for name, body in named.items():
                    blocks[kind, type_.strip('"'), name.strip('"')] = body
    return blocks


def bare(value):
    return value.strip('"') if isinstance(value, str) else value


class Deploy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.table, cls.statements = made_by_cloudformation()
        cls.template = TEMPLATE.read_text()
        cls.terraform = terraform()

    def test_the_template_is_valid(self):
        lint = subprocess.run([pathlib.Path(sys.executable).parent / "cfn-lint", "--regions",
                               "eu-central-1", "--", TEMPLATE], capture_output=True, text=True)
        self.assertEqual(lint.returncode, 0, lint.stdout + lint.stderr)

    def test_the_table_is_what_the_store_looks_for(self):
        self.assertEqual(self.table["TableName"], "t-1")
        self.assertEqual(self.table["KeySchema"], [{"AttributeName": "Timer", "KeyType": "HASH"}])
        index, = self.table["GlobalSecondaryIndexes"]
        self.assertEqual(index["IndexName"], "Due")
        self.assertEqual(index["KeySchema"], [{"AttributeName": "DueShard", "KeyType": "HASH"},
                                              {"AttributeName": "Due", "KeyType": "RANGE"}])
        self.assertEqual(index["Projection"], {"ProjectionType": "ALL"})

    def test_expired_timers_are_deleted_by_their_attribute(self):
        self.assertIn("TimeToLiveSpecification: {AttributeName: Expires, Enabled: true}",
                      self.template)
        code = (ROOT / "src/adapters/timers_dynamodb/row.cpp").read_text()
        self.assertIn('"Expires"', code)

    def test_the_policy_allows_what_the_code_calls(self):
        code = (ROOT / "src/adapters/aws/operation.hpp").read_text()
        called = {"dynamodb:" + name for name in re.findall(r'\{kDynamoDb, "(\w+)"', code)}
        allowed = set()
        for statement in self.statements:
            actions = statement["Action"]
            allowed |= set(actions if isinstance(actions, list) else [actions])
            self.assertNotIn("*", json.dumps(statement["Resource"]))
        self.assertEqual(allowed, called)

    def test_only_the_index_is_queried(self):
        query, = [s for s in self.statements if "dynamodb:Query" in s["Action"]]
        self.assertTrue(query["Resource"].endswith("table/t-1/index/Due"), query)

    def test_terraform_makes_the_same_table(self):
        made = self.terraform["resource", "aws_dynamodb_table", "timers"]
        self.assertEqual(bare(made["hash_key"]), "Timer")
        self.assertEqual(bare(made["billing_mode"]), "PAY_PER_REQUEST")
        types = {bare(a["name"]): bare(a["type"]) for a in made["attribute"]}
        self.assertEqual(types, {a["AttributeName"]: a["AttributeType"]
                                 for a in self.table["AttributeDefinitions"]})
        index, = made["global_secondary_index"]
        self.assertEqual([bare(index[k]) for k in ("name", "hash_key", "range_key",
                                                   "projection_type")],
                         ["Due", "DueShard", "Due", "ALL"])
        ttl, = made["ttl"]
        self.assertEqual((bare(ttl["attribute_name"]), ttl["enabled"]), ("Expires", True))

    def test_terraform_allows_the_same(self):
        document = self.terraform["data", "aws_iam_policy_document", "serving"]
        of_terraform = {bare(s["sid"]): sorted(map(bare, s["actions"]))
                        for s in document["statement"]}
        of_template = {s["Sid"]: sorted(s["Action"] if isinstance(s["Action"], list)
                                        else [s["Action"]]) for s in self.statements}
        self.assertEqual(of_terraform, of_template)


if __name__ == "__main__":
    unittest.main()
