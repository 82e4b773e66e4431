"""Documents of ECS in full, as DescribeServices and DescribeTasks give them, from the few things that
a test cares about. Times are epoch seconds."""

import hashlib

from . import arns


def digits(text, length=19):
    """Stable decimal digits for a name, never with a leading zero."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    return str(1 + number % 9) + str(number)[-(length - 1):].zfill(length - 1)


def hexadecimal(text):
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def network():
    return {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d"], "securityGroups": ["sg-0a1b2c3d"],
                                    "assignPublicIp": "DISABLED"}}


def deployment(id_, task_definition, *, status="PRIMARY", desired=1, pending=0, running=None,
               failed=0, created_at=0.0, updated_at=None, rollout="COMPLETED", reason=None):
    """One of a service's deployments; `rollout` None leaves rolloutState out."""
    made = {"id": id_, "status": status, "taskDefinition": task_definition,
            "desiredCount": desired, "pendingCount": pending,
            "runningCount": desired if running is None else running, "failedTasks": failed,
            "createdAt": created_at, "updatedAt": updated_at or created_at,
            "launchType": "FARGATE", "platformVersion": "1.4.0", "platformFamily": "Linux",
            "networkConfiguration": network()}
    if rollout is not None:
        made["rolloutState"] = rollout
        made["rolloutStateReason"] = reason or {
            "COMPLETED": f"ECS deployment {id_} completed.",
            "IN_PROGRESS": f"ECS deployment {id_} in progress.",
            "FAILED": "ECS deployment circuit breaker: tasks failed to start."}[rollout]
    return made


def service(cluster, name, deployments, *, desired=None, running=None, created_at=0.0,
            status="ACTIVE", events=(), strategy="ROLLING", scheduling="REPLICA",
            load_balancers=(), tags=None, controller="ECS"):
    """A whole service; counts that are not given are added up over its deployments."""
    primary = next((d for d in deployments if d["status"] == "PRIMARY"), None)
    made = {
        "serviceArn": cluster.arn_of("service", name), "serviceName": name,
        "clusterArn": cluster.arn, "loadBalancers": list(load_balancers), "serviceRegistries": [],
        "status": status,
        "desiredCount": sum(d["desiredCount"] for d in deployments) if desired is None else desired,
        "runningCount": sum(d["runningCount"] for d in deployments) if running is None else running,
        "pendingCount": sum(d["pendingCount"] for d in deployments),
        "launchType": "FARGATE", "platformVersion": "LATEST", "platformFamily": "Linux",
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": True, "rollback": True}, "maximumPercent": 200,
            "minimumHealthyPercent": 100, "strategy": strategy},
        "deployments": list(deployments), "roleArn": arns.role(cluster.account, "ecs-service"),
        "events": list(events), "createdAt": created_at, "placementConstraints": [],
        "placementStrategy": [], "networkConfiguration": network(),
        "healthCheckGracePeriodSeconds": 0, "schedulingStrategy": scheduling,
        "deploymentController": {"type": controller}, "enableECSManagedTags": True,
        "propagateTags": "NONE", "enableExecuteCommand": False,
        "availabilityZoneRebalancing": "ENABLED",
        "tags": [{"key": k, "value": v} for k, v in (tags or {}).items()]}
    if primary:
        made["taskDefinition"] = primary["taskDefinition"]
    return made


def event(message, at):
    return {"id": hexadecimal(f"{at} {message}"), "createdAt": at, "message": message}


def task(cluster, number, *, started_by, service_name, task_definition, image, created_at,
         status="RUNNING", address="10.0.0.1", health="HEALTHY"):
    """A task on Fargate. `number` makes its ARN; see stopped() for how it ends."""
    id_ = hexadecimal(f"{cluster.arn} {number}")
    arn = cluster.arn_of("task", id_)
    attachment = f"eni-{id_[:8]}"
    return {
        "attachments": [{"id": attachment, "type": "ElasticNetworkInterface", "status": "ATTACHED",
                         "details": [{"name": "subnetId", "value": "subnet-0a1b2c3d"},
                                     {"name": "privateIPv4Address", "value": address}]}],
        "availabilityZone": cluster.region + "a", "clusterArn": cluster.arn,
        "connectivity": "CONNECTED", "connectivityAt": created_at + 5,
        "containers": [{
            "containerArn": cluster.arn_of("container", f"{id_}/1"), "taskArn": arn, "name": "app",
            "image": image, "lastStatus": status, "healthStatus": health, "networkBindings": [],
            "imageDigest": "sha256:" + hexadecimal(image) * 2,
            "networkInterfaces": [{"attachmentId": attachment, "privateIpv4Address": address}]}],
        "cpu": "256", "memory": "512", "createdAt": created_at, "startedAt": created_at + 10,
        "desiredStatus": "RUNNING", "group": f"service:{service_name}", "healthStatus": health,
        "lastStatus": status, "launchType": "FARGATE", "platformVersion": "1.4.0",
        "startedBy": started_by, "taskArn": arn, "taskDefinitionArn": task_definition,
        "version": 2}


def stopped(task_, at, code="EssentialContainerExited", reason="Essential container in task exited",
            exit_code=1, container_reason=None):
    """The task as it is after its end."""
    container = {**task_["containers"][0], "lastStatus": "STOPPED"}
    if exit_code is not None:
        container["exitCode"] = exit_code
    if container_reason:
        container["reason"] = container_reason
    return {**task_, "lastStatus": "STOPPED", "desiredStatus": "STOPPED", "stopCode": code,
            "stoppedReason": reason, "stoppingAt": at, "stoppedAt": at, "executionStoppedAt": at,
            "containers": [container]}


def task_definition(arn, image):
    family, _, revision = arns.last(arn).partition(":")
    return {"taskDefinitionArn": arn, "family": family, "revision": int(revision),
            "status": "ACTIVE", "networkMode": "awsvpc", "cpu": "256", "memory": "512",
            "requiresCompatibilities": ["FARGATE"], "volumes": [], "placementConstraints": [],
            "containerDefinitions": [{
                "name": "app", "image": image, "cpu": 0, "essential": True, "environment": [],
                "portMappings": [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}],
                "mountPoints": [], "volumesFrom": []}]}


def cluster(of):
    active = [s for s in of.services.values() if s.listed()]
    seen = [s.view() for s in active]
    return {"clusterArn": of.arn, "clusterName": of.name, "status": "ACTIVE",
            "registeredContainerInstancesCount": len(of.container_instances),
            "runningTasksCount": sum(v["runningCount"] for v in seen if v),
            "pendingTasksCount": sum(v["pendingCount"] for v in seen if v),
            "activeServicesCount": len(active), "statistics": [], "settings": [],
            "capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": [], "tags": []}
