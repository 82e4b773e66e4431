"""The operations of ECS: limits, paging, failures[] and errors as AWS documents them."""

from . import arns, paging, shapes
from .service import brief
from .wire import ApiError, Mistake


def refused(message):
    return Mistake("InvalidParameterException", message)


def limited(items, most, name, least=1):
    if len(items) < least:
        raise refused(f"{name} cannot be empty.")
    if len(items) > most:
        raise refused(f"{name} can have at most {most} items.")
    return items


def page_size(params, default):
    size = params.get("maxResults", default)
    if not 1 <= size <= 100:
        raise refused("maxResults must be between 1 and 100.")
    return size


class Ecs:
    def __init__(self, world):
        self.world = world

    def place(self, call):
        return self.world.place(call.account, call.region)

    def cluster(self, call):
        name = arns.named_cluster(call.params.get("cluster"))
        found = self.place(call).clusters.get(name)
        if found is None:
            raise ApiError("ClusterNotFoundException", "Cluster not found.")
        call.clock = found.clock
        return found

    def missing(self, cluster, kind, text, place):
        made = text if text.startswith("arn:") else (
            cluster.arn_of(kind, text) if cluster else
            arns.ecs(place.region, place.account, f"{kind}/{text}"))
        return {"arn": made, "reason": "MISSING"}

    # --- clusters ---
    def ListClusters(self, call):
        place = self.place(call)
        found = [c.arn for _, c in sorted(place.clusters.items())]
        return self._page(call, "clusterArns", found, 100)

    def DescribeClusters(self, call):
        place = self.place(call)
        result = {"clusters": [], "failures": []}
        for text in limited(call.params.get("clusters", ["default"]), 100, "clusters"):
            found = place.clusters.get(arns.named_cluster(text))
            if found:
                result["clusters"].append(shapes.cluster(found))
            else:
                result["failures"].append(self.missing(None, "cluster", text, place))
        return result

    # --- services ---
    def ListServices(self, call):
        cluster, params = self.cluster(call), call.params
        found = []
        for name, service in sorted(cluster.services.items()):
            view = service.listing(call)
            if view is None:
                continue
            if all(view.get(k) == params[k] for k in ("launchType", "schedulingStrategy")
                   if k in params):
                found.append(view["serviceArn"])
        return self._page(call, "serviceArns", found, 10, cluster.arn)

    def DescribeServices(self, call):
        cluster = self.cluster(call)
        result = {"services": [], "failures": []}
        for text in limited(call.params["services"], 10, "services"):
            service = cluster.services.get(arns.named_service(text, cluster.name))
            view = service.answer(call) if service else None
            if view is None:
                result["failures"].append(self.missing(cluster, "service", text, None))
            elif "TAGS" in call.params.get("include", []):
                result["services"].append(view)
            else:
                result["services"].append({k: v for k, v in view.items() if k != "tags"})
        return result

    # --- tasks ---
    def ListTasks(self, call):
        cluster, params = self.cluster(call), call.params
        filters = {"startedBy", "serviceName", "family", "containerInstance"} & set(params)
        if "startedBy" in filters and (len(filters) > 1 or params.get("desiredStatus")):
            raise refused("startedBy must be the only filter.")
        if "serviceName" in params:
            service = cluster.services.get(arns.named_service(params["serviceName"], cluster.name))
            if service is None or service.view() is None:
                raise ApiError("ServiceNotFoundException", "Service not found.")
            services = [service]
        else:
            services = list(cluster.services.values())
        wanted = params.get("desiredStatus", "RUNNING")
        found = [t["taskArn"] for s in services for t in s.tasks()
                 if ("startedBy" in params and t["startedBy"] == params["startedBy"])
                 or ("startedBy" not in params and t["desiredStatus"] == wanted)]
        return self._page(call, "taskArns", found, 100, cluster.arn)

    def DescribeTasks(self, call):
        cluster = self.cluster(call)
        known = {t["taskArn"]: t for s in cluster.services.values() for t in s.tasks()}
        result = {"tasks": [], "failures": []}
        for text in limited(call.params["tasks"], 100, "tasks"):
            arn = text if text.startswith("arn:") else cluster.arn_of("task", text)
            if arn in known:
                result["tasks"].append(known[arn])
            else:
                result["failures"].append(self.missing(cluster, "task", text, None))
        return result

    def DescribeContainerInstances(self, call):
        cluster = self.cluster(call)
        result = {"containerInstances": [], "failures": []}
        for text in limited(call.params["containerInstances"], 100, "containerInstances"):
            arn = text if text.startswith("arn:") else cluster.arn_of("container-instance", text)
            if arn in cluster.container_instances:
                result["containerInstances"].append(cluster.container_instances[arn])
            else:
                result["failures"].append(
                    self.missing(cluster, "container-instance", text, None))
        return result

    def DescribeTaskDefinition(self, call):
        place, text = self.place(call), call.params["taskDefinition"]
        name = arns.last(text)
        if ":" not in name:  # a family alone: its newest revision
            revisions = [d for d in place.task_definitions.values() if d["family"] == name]
            found = max(revisions, key=lambda d: d["revision"], default=None)
        else:
            arn = arns.ecs(place.region, place.account, f"task-definition/{name}")
            found = place.task_definitions.get(arn)
        if found is None:
            raise ApiError("ClientException", "Unable to describe task definition.")
        if "TAGS" not in call.params.get("include", []):
            return {"taskDefinition": found}
        return {"taskDefinition": found, "tags": place.tags.get(found["taskDefinitionArn"], [])}

    # --- service deployments and revisions ---
    def _supported(self, call):
        if not self.place(call).service_deployments_supported:
            raise ApiError("UnsupportedFeatureException",
                           "The specified feature is not supported in this region.")

    def ListServiceDeployments(self, call):
        self._supported(call)
        cluster, params = self.cluster(call), call.params
        service = cluster.services.get(arns.named_service(params["service"], cluster.name))
        if service is None or service.view() is None:
            raise ApiError("ServiceNotFoundException", "Service not found.")
        created = params.get("createdAt", {})
        found = [brief(r) for r in service.service_deployments()
                 if (not params.get("status") or r["status"] in params["status"])
                 and created.get("after", 0) <= r["createdAt"] <= created.get("before", 1e12)]
        return self._page(call, "serviceDeployments", found, 20,
                          f"{cluster.arn} {service.name}")

    def _clusters_of(self, call):
        return self.place(call).clusters.values()

    def DescribeServiceDeployments(self, call):
        self._supported(call)
        known = {r["serviceDeploymentArn"]: (r, c) for c in self._clusters_of(call)
                 for s in c.services.values() for r in s.service_deployments()}
        result = {"serviceDeployments": [], "failures": []}
        for arn in limited(call.params["serviceDeploymentArns"], 20, "serviceDeploymentArns"):
            if arn in known:
                found, cluster = known[arn]
                call.clock = cluster.clock
                result["serviceDeployments"].append(found)
            else:
                result["failures"].append({"arn": arn, "reason": "MISSING"})
        return result

    def DescribeServiceRevisions(self, call):
        self._supported(call)
        known = {}
        for cluster in self._clusters_of(call):
            for service in cluster.services.values():
                known.update(service.revisions())
        result = {"serviceRevisions": [], "failures": []}
        for arn in limited(call.params["serviceRevisionArns"], 20, "serviceRevisionArns"):
            if arn in known:
                result["serviceRevisions"].append(known[arn])
            else:
                result["failures"].append({"arn": arn, "reason": "MISSING"})
        return result

    def _page(self, call, name, items, default, of=""):
        scope = f"{call.account} {call.region} {call.operation} {of}"
        found, token = paging.page(items, page_size(call.params, default),
                                   call.params.get("nextToken"), scope)
        return {name: found, **({"nextToken": token} if token else {})}
