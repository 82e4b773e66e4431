"""Each operation as boto3 sees it, paging, limits and errors."""

import pytest
from botocore.exceptions import ClientError

from . import shapes


def refused(call, **params):
    with pytest.raises(ClientError) as caught:
        call(**params)
    return caught.value.response["Error"]["Code"]


def all_pages(call, name, **params):
    found, tokens, token = [], [], None
    while True:
        page = call(**params, **({"nextToken": token} if token else {}))
        found.append(page[name])
        token = page.get("nextToken")
        if not token:
            return found
        assert token not in tokens
        tokens.append(token)


def test_clusters_are_listed_and_described_with_what_is_missing(aws):
    ecs = aws.client()
    assert ecs.list_clusters()["clusterArns"] == [aws.prod.arn]
    aws.prod.add_service("web", desired=3)
    found = ecs.describe_clusters(clusters=["prod", "nope"])
    cluster, = found["clusters"]
    assert (cluster["runningTasksCount"], cluster["activeServicesCount"]) == (3, 1)
    assert found["failures"][0]["reason"] == "MISSING"


def test_services_are_listed_ten_a_page_unless_asked_for_more(aws):
    for number in range(23):
        aws.prod.add_service(f"s{number:02}")
    ecs = aws.client()
    pages = all_pages(ecs.list_services, "serviceArns", cluster="prod")
    assert [len(p) for p in pages] == [10, 10, 3]
    pages = all_pages(ecs.list_services, "serviceArns", cluster="prod", maxResults=100)
    assert [len(p) for p in pages] == [23]
    assert ecs.list_services(cluster="prod", schedulingStrategy="DAEMON")["serviceArns"] == []


def test_tags_come_only_when_asked_for(aws):
    aws.prod.add_service("web", tags={"team": "shop"})
    assert "tags" not in aws.names()["web"]
    assert aws.names(include=["TAGS"])["web"]["tags"] == [{"key": "team", "value": "shop"}]


def test_what_is_unknown_is_missing_and_what_is_deleted_is_inactive(aws):
    gone = aws.prod.add_service("gone")
    gone.update(status="INACTIVE", deployments=[], desiredCount=0, runningCount=0)
    elsewhere = aws.place.add_cluster("stage").add_service("web").wire["serviceArn"]
    ecs = aws.client()
    found = ecs.describe_services(cluster="prod", services=["gone", "never", elsewhere])
    assert [s["status"] for s in found["services"]] == ["INACTIVE"]
    assert [f["reason"] for f in found["failures"]] == ["MISSING", "MISSING"]
    assert found["failures"][1]["arn"] == elsewhere
    assert ecs.list_services(cluster="prod")["serviceArns"] == []


def test_tasks_are_joined_to_their_deployment_by_started_by(aws):
    web = aws.prod.add_service("web", desired=2)
    new = web.deploy("web:2", "second", running=1)
    ecs = aws.client()
    arns = ecs.list_tasks(cluster="prod", serviceName="web")["taskArns"]
    tasks = ecs.describe_tasks(cluster="prod", tasks=arns + ["gone"])
    assert sorted(t["startedBy"] == new for t in tasks["tasks"]) == [False, False, True]
    assert {t["group"] for t in tasks["tasks"]} == {"service:web"}
    assert tasks["failures"][0]["reason"] == "MISSING"
    assert len(ecs.list_tasks(cluster="prod", startedBy=new)["taskArns"]) == 1


def test_a_lost_task_is_a_crash_and_a_scaled_one_is_the_schedulers(aws):
    web = aws.prod.add_service("web", desired=2)
    web.stop = {"exit_code": 137, "container_reason": "OutOfMemoryError: container killed"}

    def lost(desired, running):
        one = {**web.wire["deployments"][0], "desiredCount": desired, "runningCount": running}
        web.update(deployments=[one], desiredCount=desired, runningCount=running)
        ecs = aws.client()
        arns = ecs.list_tasks(cluster="prod", serviceName="web", desiredStatus="STOPPED")
        found = ecs.describe_tasks(cluster="prod", tasks=arns["taskArns"])["tasks"]
        return sorted((t["stopCode"], t["containers"][0]["exitCode"]) for t in found)

    assert lost(2, 1) == [("EssentialContainerExited", 137)]
    assert lost(0, 0) == [("EssentialContainerExited", 137), ("ServiceSchedulerInitiated", 0)]


def test_stopped_tasks_vanish_after_an_hour(aws):
    web = aws.prod.add_service("web", desired=1)
    aws.world.clock.set(0)
    web.update(deployments=[{**web.wire["deployments"][0], "runningCount": 0}], runningCount=0)
    ecs = aws.client()
    stopped = {"cluster": "prod", "serviceName": "web", "desiredStatus": "STOPPED"}
    aws.world.clock.advance(3599)
    assert len(ecs.list_tasks(**stopped)["taskArns"]) == 1
    aws.world.clock.advance(2)
    assert ecs.list_tasks(**stopped)["taskArns"] == []


def test_task_definitions_have_images(aws):
    arn = aws.place.add_task_definition("web:7", "registry.example.com/web:v1.2")
    ecs = aws.client()
    for name in ("web:7", arn, "web"):
        found = ecs.describe_task_definition(taskDefinition=name)["taskDefinition"]
        assert found["containerDefinitions"][0]["image"] == "registry.example.com/web:v1.2"
    aws.place.add_task_definition("web:7", tags={"git": "main"})
    tagged = ecs.describe_task_definition(taskDefinition="web:7", include=["TAGS"])
    assert tagged["tags"] == [{"key": "git", "value": "main"}] and "tags" not in found
    assert refused(ecs.describe_task_definition, taskDefinition="web:8") == "ClientException"


def test_service_deployments_follow_a_rollback(aws):
    web = aws.prod.add_service("web", desired=2)
    first = web.wire["deployments"][0]
    failing = web.deploy("web:2", "bad")
    back = shapes.deployment(web.deployment_id("back"), first["taskDefinition"], desired=2,
                             created_at=aws.world.clock.now(), rollout="IN_PROGRESS",
                             reason=f"ECS deployment circuit breaker: rolling back to {first['id']}")
    bad = {**web.wire["deployments"][0], "status": "ACTIVE"}
    web.update(deployments=[back, bad])
    ecs = aws.client()
    brief = ecs.list_service_deployments(cluster="prod", service="web")["serviceDeployments"]
    assert [b["status"] for b in brief] == ["ROLLBACK_IN_PROGRESS", "SUCCESSFUL"]
    web.update(deployments=[{**back, "rolloutState": "COMPLETED"}])
    assert failing in web.records
    arn = aws.names()["web"]["currentServiceDeployment"]
    whole, = ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
    assert whole["status"] == "ROLLBACK_SUCCESSFUL"
    assert "rolling back" in whole["rollback"]["reason"]
    revision = whole["rollback"]["serviceRevisionArn"]
    found = ecs.describe_service_revisions(serviceRevisionArns=[revision, revision + "9"])
    assert found["serviceRevisions"][0]["taskDefinition"] == first["taskDefinition"]
    assert found["serviceRevisions"][0]["containerImages"][0]["imageDigest"].startswith("sha256:")
    assert len(found["failures"]) == 1


def test_service_deployments_are_filtered_and_can_be_unsupported(aws):
    web = aws.prod.add_service("web")
    web.deploy("web:2", "second")
    ecs = aws.client()
    params = {"cluster": "prod", "service": "web"}
    assert len(ecs.list_service_deployments(**params, status=["IN_PROGRESS"])[
        "serviceDeployments"]) == 1
    assert ecs.list_service_deployments(
        **params, createdAt={"after": aws.world.clock.now() + 5})["serviceDeployments"] == []
    aws.place.service_deployments_supported = False
    assert refused(ecs.list_service_deployments, **params) == "UnsupportedFeatureException"


def test_container_instances_are_described(aws):
    arn = aws.prod.arn_of("container-instance", "c1")
    aws.prod.container_instances[arn] = {"containerInstanceArn": arn, "ec2InstanceId": "i-1"}
    found = aws.client().describe_container_instances(cluster="prod", containerInstances=[arn, "x"])
    assert found["containerInstances"][0]["ec2InstanceId"] == "i-1"
    assert len(found["failures"]) == 1


def test_names_that_are_not_there_are_errors_of_their_own(aws):
    ecs = aws.client()
    assert refused(ecs.describe_services, cluster="x",
                   services=["web"]) == "ClusterNotFoundException"
    assert refused(ecs.list_services) == "ClusterNotFoundException"  # no cluster `default`
    assert refused(ecs.list_tasks, cluster="prod",
                   serviceName="web") == "ServiceNotFoundException"


@pytest.mark.parametrize("operation, params", [
    ("describe_services", {"cluster": "prod", "services": ["s"] * 11}),
    ("describe_services", {"cluster": "prod", "services": []}),
    ("describe_tasks", {"cluster": "prod", "tasks": ["t"] * 101}),
    ("describe_tasks", {"cluster": "prod", "tasks": []}),
    ("describe_clusters", {"clusters": ["c"] * 101}),
    ("describe_service_deployments", {"serviceDeploymentArns": ["a"] * 21}),
    ("describe_service_revisions", {"serviceRevisionArns": ["a"] * 21}),
    ("list_services", {"cluster": "prod", "maxResults": 101}),
    ("list_clusters", {"maxResults": 0}),
    ("list_tasks", {"cluster": "prod", "startedBy": "x", "serviceName": "web"}),
    ("list_services", {"cluster": "prod", "nextToken": "no token of ours"}),
])
def test_a_limit_is_refused_and_recorded(aws, operation, params):
    assert refused(getattr(aws.client(), operation), **params) == "InvalidParameterException"
    assert [v.kind for v in aws.take_violations()] == ["request"]


def test_target_health_is_told_for_groups_and_for_targets(aws):
    arn = aws.place.add_target_group("web", [("10.0.0.1", 8080, "healthy", None),
                                             ("10.0.0.2", 8080, "initial",
                                              "Elb.InitialHealthChecking")])
    elb = aws.client("elbv2")
    found = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    assert [d["TargetHealth"]["State"] for d in found] == ["healthy", "initial"]
    asked = elb.describe_target_health(TargetGroupArn=arn, Targets=[{"Id": "10.0.0.9"}])
    assert asked["TargetHealthDescriptions"][0]["TargetHealth"] == {
        "State": "unused", "Reason": "Target.NotRegistered"}
    assert refused(elb.describe_target_health, TargetGroupArn=arn + "x") == "TargetGroupNotFound"
    group, = elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    assert (group["TargetType"], group["HealthCheckEnabled"]) == ("ip", True)


def test_rules_tell_the_weights_of_their_groups(aws):
    blue = aws.place.add_target_group("blue")
    green = aws.place.add_target_group("green")
    arn = aws.place.add_rule("web", {blue: 0, green: 100})
    elb = aws.client("elbv2")
    rule, = elb.describe_rules(RuleArns=[arn])["Rules"]
    groups = rule["Actions"][0]["ForwardConfig"]["TargetGroups"]
    assert {g["TargetGroupArn"]: g["Weight"] for g in groups} == {blue: 0, green: 100}
    listener = next(iter(aws.place.listeners))
    assert elb.describe_rules(ListenerArn=listener)["Rules"] == [rule]
    assert elb.describe_listeners(ListenerArns=[listener])["Listeners"][0]["Port"] == 80
    assert refused(elb.describe_rules, RuleArns=[arn + "x"]) == "RuleNotFound"
