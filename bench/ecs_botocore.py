#!/usr/bin/python3
"""The looks of one sweep by botocore, what the AWS CLI and boto3 stand on: the reference of ecs.py.

usage: bench/ecs_botocore.py '{"url": ..., "key": ..., "secret": ..., "clusters": [...], "sweeps": 1}'

Ten services a call, one call after the other on kept connections, each answer parsed and the ids of
its deployments looked at: no rules, no store, no messages. Prints as JSON how many services it saw
and the CPU seconds of the sweeps; start, roles and lists are not counted.
"""

import json
import os
import pathlib
import sys

PACKAGES = pathlib.Path(__file__).resolve().parents[1].glob("build/aws/python/lib/python3*/site-packages")
sys.path += map(str, PACKAGES)

import botocore.session  # noqa: E402

BATCH = 10


class Places:
    """A client for each account and region, by the role that the cluster names."""

    def __init__(self, how):
        self.how, self.session, self.clients = how, botocore.session.Session(), {}

    def make(self, service, region, key, secret, token=None):
        return self.session.create_client(
            service, region_name=region, endpoint_url=self.how["url"], aws_access_key_id=key,
            aws_secret_access_key=secret, aws_session_token=token)

    def client(self, cluster):
        place = cluster["account"], cluster["region"]
        if place not in self.clients:
            self.clients[place] = self.make("ecs", cluster["region"], *self.credentials(cluster))
        return self.clients[place]

    def credentials(self, cluster):
        own = self.how["key"], self.how["secret"]
        if not cluster["role_arn"]:
            return own
        sts = self.make("sts", cluster["region"], *own)
        got = sts.assume_role(RoleArn=cluster["role_arn"], RoleSessionName="bench",
                              ExternalId=cluster["external_id"])["Credentials"]
        return got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"]


def batches(places, clusters):
    for cluster in clusters:
        client = places.client(cluster)
        pages = client.get_paginator("list_services").paginate(
            cluster=cluster["cluster"], PaginationConfig={"PageSize": 100})
        names = [arn.rsplit("/", 1)[1] for page in pages for arn in page["serviceArns"]]
        for start in range(0, len(names), BATCH):
            yield client, cluster["cluster"], names[start:start + BATCH]


def sweep(work):
    seen = set()
    for client, cluster, names in work:
        for service in client.describe_services(cluster=cluster, services=names,
                                                include=["TAGS"])["services"]:
            seen.update(d["id"] for d in service["deployments"])
    return len(seen)


def main():
    how = json.loads(sys.argv[1])
    work = list(batches(Places(how), how["clusters"]))
    sweep(work[:5])
    before = os.times()
    seen = sum(sweep(work) for _ in range(how["sweeps"]))
    after = os.times()
    cpu = after.user + after.system - before.user - before.system
    print(json.dumps({"seen": seen, "cpu": cpu}))


if __name__ == "__main__":
    main()
