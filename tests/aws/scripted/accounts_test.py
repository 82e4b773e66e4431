"""Accounts, regions, roles, signatures and what the contract refuses."""

import http.client

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from .conftest import Aws


def code(call, **params):
    with pytest.raises(ClientError) as caught:
        call(**params)
    return caught.value.response["Error"]["Code"]


def test_the_key_tells_the_account_and_the_scope_the_region(aws):
    aws.world.add_key("OTHER", "other", account="210987654321")
    aws.world.place("210987654321", "eu-central-1").add_cluster("theirs")
    theirs = aws.client(key="OTHER", secret="other", region="eu-central-1")
    assert theirs.list_clusters()["clusterArns"] == [
        "arn:aws:ecs:eu-central-1:210987654321:cluster/theirs"]
    assert aws.client(region="eu-central-1").list_clusters()["clusterArns"] == []
    identity = aws.client("sts", "OTHER", "other").get_caller_identity()
    assert identity["Account"] == "210987654321"


def test_an_assumed_role_sees_its_own_account(aws):
    arn = aws.world.add_role("210987654321", external_id="shop-1")
    aws.world.place("210987654321").add_cluster("theirs")
    made = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="tocsin",
                                         ExternalId="shop-1")["Credentials"]
    theirs = aws.client("ecs", made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    assert theirs.list_clusters()["clusterArns"][0].endswith(":cluster/theirs")
    without = aws.client("ecs", made["AccessKeyId"], made["SecretAccessKey"])
    assert code(without.list_clusters) == "UnrecognizedClientException"
    aws.world.keys[made["AccessKeyId"]].expired = True
    assert code(theirs.list_clusters) == "ExpiredTokenException"
    assert [v.kind for v in aws.take_violations()] == ["signature"]  # the missing token


def test_a_role_is_denied_without_its_external_id_or_trust(aws):
    sts = aws.client("sts")
    arn = aws.world.add_role("210987654321", external_id="shop-1")
    assert code(sts.assume_role, RoleArn=arn, RoleSessionName="tocsin") == "AccessDenied"
    assert code(sts.assume_role, RoleArn=arn, RoleSessionName="tocsin",
                ExternalId="shop-2") == "AccessDenied"
    closed = aws.world.add_role("210987654321", "closed", trusts=["111111111111"])
    assert code(sts.assume_role, RoleArn=closed, RoleSessionName="tocsin") == "AccessDenied"


def test_a_denied_action_is_named(aws):
    aws.world.keys["AKID"].denied = {"ecs:ListTasks"}
    with pytest.raises(ClientError, match="not authorized to perform: ecs:ListTasks"):
        aws.client().list_tasks(cluster="prod")


def test_wrong_secrets_and_unknown_keys_are_refused(aws):
    wrong = aws.client(secret="wrong")
    assert code(wrong.list_clusters) == "InvalidSignatureException"
    assert [v.kind for v in aws.take_violations()] == ["signature"]
    assert code(aws.client(key="NOBODY").list_clusters) == "UnrecognizedClientException"
    assert code(aws.client("sts", key="NOBODY").get_caller_identity) == "InvalidClientTokenId"


def test_a_request_from_another_time_is_refused_when_asked_for():
    aws = Aws(most_skew=300)
    try:
        assert aws.client().list_clusters()
        aws.world.clock.offset = 900
        with pytest.raises(ClientError, match="Signature expired") as caught:
            aws.client().list_clusters()
        date = caught.value.response["ResponseMetadata"]["HTTPHeaders"]["date"]
        assert date != "" and aws.take_violations() == []
        assert code(aws.client("sts").get_caller_identity) == "SignatureDoesNotMatch"
    finally:
        aws.close()


def test_an_unsigned_request_is_no_request(aws):
    connection = http.client.HTTPConnection("127.0.0.1", aws.port, timeout=5)
    connection.request("POST", "/", b"{}", {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ListClusters"})
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("x-amzn-ErrorType")) == (
        403, "MissingAuthenticationToken")
    connection.close()
    assert [v.kind for v in aws.take_violations()] == ["protocol"]


@pytest.mark.parametrize("operation, params", [
    ("list_services", {"cluster": 7}),
    ("list_services", {"cluster": "prod", "launchType": "FAR_AWAY"}),
    ("list_services", {"cluster": "prod", "maxResults": "100"}),
    ("describe_services", {"cluster": "prod"}),
    ("describe_services", {"cluster": "prod", "services": ["a"], "include": ["EVERYTHING"]}),
])
def test_a_request_that_the_model_does_not_know_is_refused_and_recorded(aws, operation, params):
    ecs = aws.client()
    ecs.meta.config.parameter_validation = False
    assert code(getattr(ecs, operation), **params) == "InvalidParameterException"
    assert [v.kind for v in aws.take_violations()] == ["request"]


def raw(aws, body, **headers):
    """A signed request with a body of our own."""
    request = AWSRequest("POST", aws.url + "/", headers={
        "Content-Type": "application/x-amz-json-1.1", **headers}, data=body)
    name = "ecs" if "X-Amz-Target" in headers else "elasticloadbalancing"
    SigV4Auth(Credentials("AKID", "secret"), name, "us-east-1").add_auth(request)
    connection = http.client.HTTPConnection("127.0.0.1", aws.port, timeout=5)
    connection.request("POST", "/", body, dict(request.headers.items()))
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, text


def test_unknown_members_operations_and_bodies_are_recorded(aws):
    target = "AmazonEC2ContainerServiceV20141113."
    assert raw(aws, b'{"maxItems": 3}', **{"X-Amz-Target": target + "ListClusters"})[0] == 400
    assert raw(aws, b"{}", **{"X-Amz-Target": target + "DeleteService"})[0] == 400
    assert raw(aws, b"{", **{"X-Amz-Target": target + "ListClusters"})[0] == 400
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    found = raw(aws, b"Action=DescribeTargetGroups&Version=2015-12-01&PageSize=401&Colour=red",
                **form)
    assert found[0] == 400 and b"<Code>ValidationError</Code>" in found[1]
    sentences = [v.sentence for v in aws.take_violations()]
    assert len(sentences) == 5, sentences
    assert any("maxItems" in s for s in sentences) and any("401" in s for s in sentences)
    assert any("Colour" in s for s in sentences)


def test_an_answer_that_the_model_does_not_know_is_not_sent(aws):
    aws.prod.add_service("web").update(desiredCount="two", colour="red")
    assert code(aws.client().describe_services, cluster="prod",
                services=["web"]) == "ServerException"
    assert {v.kind for v in aws.take_violations()} == {"answer"}


def test_with_checks_off_everything_goes():
    aws = Aws(validate=False, check_signatures=False)
    try:
        aws.prod.add_service("web").update(colour="red")
        assert aws.client(secret="wrong").describe_services(cluster="prod", services=["web"])
        assert aws.take_violations() == []
    finally:
        aws.close()


def test_calls_are_counted_by_operation_account_and_region(aws):
    ecs = aws.client()
    ecs.list_clusters()
    ecs.list_clusters()
    aws.client(region="eu-west-1").list_clusters()
    assert aws.counts() == {("ListClusters", "123456789012", "us-east-1"): 2,
                            ("ListClusters", "123456789012", "eu-west-1"): 1}
