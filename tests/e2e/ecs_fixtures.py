"""The fixtures of the tests with ECS services: import those that are needed."""

import pytest

from ecs_world import ACCOUNT, Hook, make_aws

HERE = "us-east-1"


@pytest.fixture
def aws():
    """A scripted AWS; every request that it gets must be as AWS wants them."""
    made = make_aws()
    yield made
    made.close()
    assert made.take_violations() == []


@pytest.fixture
def hook():
    made = Hook()
    yield made
    made.close()


@pytest.fixture
def prod(aws):
    return aws.world.place(ACCOUNT, HERE).add_cluster("prod")
