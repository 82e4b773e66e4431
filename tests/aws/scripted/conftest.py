"""Fixtures for the tests of the scripted AWS itself: boto3 is the client."""

import boto3
import pytest
from botocore.config import Config

from . import Server

PLAIN = Config(retries={"total_max_attempts": 1}, read_timeout=10, connect_timeout=5,
               parameter_validation=False)


class Aws(Server):
    """With a key, a cluster `prod` and clients."""

    def __init__(self, **how):
        super().__init__(**how)
        self.world.add_key("AKID", "secret")
        self.place = self.world.place()
        self.prod = self.place.add_cluster("prod")

    def client(self, service="ecs", key="AKID", secret="secret", token=None, region="us-east-1"):
        session = boto3.session.Session()  # the default one may be used by one thread only
        return session.client(service, region_name=region, endpoint_url=self.url, config=PLAIN,
                              aws_access_key_id=key, aws_secret_access_key=secret,
                              aws_session_token=token)

    def names(self, services=("web",), **more):
        """What describe_services says, by name."""
        found = self.client().describe_services(cluster="prod", services=list(services), **more)
        return {s["serviceName"]: s for s in found["services"]}


@pytest.fixture
def aws():
    """With checks on; what a test leaves in `violations` fails it."""
    made = Aws()
    yield made
    made.close()
    assert made.take_violations() == []
