"""Faults by rule: which requests, and what goes wrong with them.

    server.faults.add(throttle(retry_after_ms=1500), operation="DescribeServices", nth=2)
    server.faults.add(failure(503), probability=0.1, seed=7)
    rule = server.faults.add(slow(2.0), cluster="prod", times=3); ...; rule.remove()

A rule narrows by operation, service (an ECS service that the request names), cluster, account and
region; of the requests that match, it takes the nth (1 is the first; a number or several), each with a
probability, at most `times`. Several rules may take one request. A request that ends in an error, or is
cut, takes no poll of a scenario.
"""

import copy
import random
import threading

from . import arns, paging
from .wire import Answer, ApiError, Cut

LISTS = {"ListClusters": "clusterArns", "ListServices": "serviceArns", "ListTasks": "taskArns",
         "ListServiceDeployments": "serviceDeployments", "DescribeTargetGroups": "TargetGroups",
         "DescribeRules": "Rules", "DescribeListeners": "Listeners"}
DESCRIBED = {"DescribeServices": ("services", "serviceArn"), "DescribeTasks": ("tasks", "taskArn"),
             "DescribeClusters": ("clusters", "clusterArn"),
             "DescribeServiceDeployments": ("serviceDeployments", "serviceDeploymentArn"),
             "DescribeServiceRevisions": ("serviceRevisions", "serviceRevisionArn")}


class Effect:
    """What a fault does, at the moments of a request's life."""

    def before(self, call):
        """May raise ApiError or Cut, or return an Answer: the operation does not run."""

    def change(self, call, document, world):
        """The document as AWS may also give it: it must still be valid."""
        return document

    def distort(self, call, document):
        """A document that no model knows."""
        return document

    seconds = 0.0      # the answer waits so long
    drip = False       # and then comes in pieces over that time again
    inside = None      # the part of the answer after which the connection is cut
    date_offset = 0.0  # of the Date header


class throttle(Effect):
    def __init__(self, retry_after_ms=None):
        self.headers = {} if retry_after_ms is None else {"x-amz-retry-after": str(retry_after_ms)}

    def before(self, call):
        code = "ThrottlingException" if call.service == "ecs" else "Throttling"
        raise ApiError(code, "Rate exceeded", 400, self.headers,
                       kind="com.amazon.coral.availability#")


class failure(Effect):
    """An error; 502, 503 and 504 come as a load balancer's page, not in the API's own words."""

    def __init__(self, status=500, code="ServerException", message="Service Unavailable.",
                 as_xml=False):
        self.status, self.code, self.message, self.as_xml = status, code, message, as_xml

    def before(self, call):
        if self.status in (502, 503, 504) and self.code == "ServerException":
            return Answer(self.status, {"Content-Type": "text/html"},
                          b"<html><body><h1>" + str(self.status).encode() + b"</h1></body></html>")
        raise ApiError(self.code, self.message, self.status, as_xml=self.as_xml)


def xml_error(status=403, code="SignatureDoesNotMatch", message="The request signature is wrong"):
    """An XML error, also where JSON is spoken."""
    return failure(status, code, message, as_xml=True)


class garbage(Effect):
    """200 with a body that is nothing."""

    def __init__(self, body=b"<html>captive portal</html>"):
        self.body = body

    def before(self, call):
        return Answer(200, {"Content-Type": "text/html"}, self.body)


class cut_before(Effect):
    def before(self, call):
        raise Cut


class cut_inside(Effect):
    def __init__(self, part=0.5):
        self.inside = part


class slow(Effect):
    def __init__(self, seconds, drip=False):
        self.seconds, self.drip = seconds, drip


class date(Effect):
    """The Date header is this many seconds away from the truth."""

    def __init__(self, offset):
        self.date_offset = offset


class empty_page(Effect):
    """A page without items, and a token with which the items come."""

    def change(self, call, document, world):
        name = LISTS.get(call.operation)
        if not name:
            return document
        given = call.params.get("nextToken", call.params.get("Marker"))
        marker = "Marker" if call.service == "elbv2" else "nextToken"
        scope = _scope(call, world)
        again = paging.token(scope, paging.offset_of(given, scope))
        return {**document, name: [], "NextMarker" if marker == "Marker" else marker: again}


class repeated_token(Effect):
    """The token that came with the request comes back; on the first page, a token that leads there."""

    def __init__(self):
        self.tokens = {}

    def change(self, call, document, world):
        if call.operation not in LISTS:
            return document
        name = "NextMarker" if call.service == "elbv2" else "nextToken"
        given = call.params.get("Marker" if call.service == "elbv2" else "nextToken")
        scope = _scope(call, world)
        return {**document, name: given or paging.token(scope, 0)}


class stale(Effect):
    """Services as they were `back` changes ago."""

    def __init__(self, back=1):
        self.back = back

    def before(self, call):
        call.stale = self.back


class partial(Effect):
    """The named (all: None) parts of what is described come as failures instead."""

    def __init__(self, names=None, reason="MISSING"):
        self.names, self.reason = names, reason

    def change(self, call, document, world):
        if call.operation not in DESCRIBED:
            return document
        name, key = DESCRIBED[call.operation]
        kept, failed = [], []
        for item in document[name]:
            taken = self.names is None or arns.last(item[key]) in self.names
            (failed if taken else kept).append(item)
        return {**document, name: kept, "failures": document["failures"] + [
            {"arn": item[key], "reason": self.reason, "detail": "on purpose"} for item in failed]}


class shuffled(Effect):
    """No list is in the order that one would expect: AWS promises none."""

    def __init__(self, seed=0):
        self.random = random.Random(seed)

    def change(self, call, document, world):
        if isinstance(document, dict):
            return {k: self.change(call, v, world) for k, v in document.items()}
        if isinstance(document, list):
            found = [self.change(call, v, world) for v in document]
            return self.random.sample(found, len(found))
        return document


class _Everywhere(Effect):
    """Distorts every object of the answer, the outermost too."""

    def distort(self, call, document):
        return self._visit(copy.deepcopy(document))

    def _visit(self, value):
        if isinstance(value, dict):
            return self.object({k: self._visit(v) for k, v in value.items()})
        return [self._visit(v) for v in value] if isinstance(value, list) else value


class unknown_enum(_Everywhere):
    def __init__(self, keys=("launchType", "availabilityZoneRebalancing", "propagateTags"),
                 value="FROM_THE_FUTURE"):
        self.keys, self.value = keys, value

    def object(self, found):
        return {k: self.value if k in self.keys else v for k, v in found.items()}


class unknown_fields(_Everywhere):
    def object(self, found):
        return {**found, "futureText": "\u00fc\U0001f680", "futureObject": {"a": [1.5, None, {}]},
                "futureNull": None}


class nulls(_Everywhere):
    def __init__(self, keys=("events", "loadBalancers", "taskSets", "tags", "updatedAt",
                             "platformVersion", "rolloutStateReason")):
        self.keys = keys

    def object(self, found):
        return {k: None if k in self.keys else v for k, v in found.items()}


class without(_Everywhere):
    """Leaves members out."""

    def __init__(self, *keys):
        self.keys = keys

    def object(self, found):
        return {k: v for k, v in found.items() if k not in self.keys}


def _scope(call, world):
    """As the operations name their lists."""
    of = ""
    if call.operation in ("ListServices", "ListTasks", "ListServiceDeployments"):
        cluster = arns.named_cluster(call.params.get("cluster"))
        of = world.place(call.account, call.region).clusters[cluster].arn
    if call.operation == "ListServiceDeployments":
        of += " " + arns.last(call.params["service"])
    head = f"{call.account} {call.region} {call.operation}"
    return head if call.service == "elbv2" else f"{head} {of}"


class Rule:
    def __init__(self, faults, effect, operation=None, service=None, cluster=None, account=None,
                 region=None, nth=None, times=None, probability=1.0, seed=0):
        self.effect, self.operation, self.service = effect, operation, service
        self.cluster, self.account, self.region = cluster, account, region
        self.nth = {nth} if isinstance(nth, int) else set(nth) if nth else None
        self.times, self.probability = times, probability
        self.matched = self.taken = 0  # requests
        self._random, self._faults = random.Random(seed), faults

    def remove(self):
        self._faults.remove(self)

    def takes(self, call):
        params = call.params
        if self.operation and call.operation != self.operation:
            return False
        if (self.account and call.account != self.account
                or self.region and call.region != self.region):
            return False
        if self.cluster and arns.named_cluster(params.get("cluster")) != self.cluster:
            return False
        named = [*params.get("services", []), params.get("serviceName", params.get("service", ""))]
        if self.service and self.service not in map(arns.last, named):
            return False
        self.matched += 1
        if self.nth and self.matched not in self.nth:
            return False
        if self.times is not None and self.taken >= self.times:
            return False
        if self.probability < 1 and self._random.random() >= self.probability:
            return False
        self.taken += 1
        return True


class Faults:
    def __init__(self):
        self._rules, self._lock = [], threading.Lock()

    def add(self, effect, **narrowed):
        rule = Rule(self, effect, **narrowed)
        with self._lock:
            self._rules.append(rule)
        return rule

    def remove(self, rule):
        with self._lock:
            if rule in self._rules:
                self._rules.remove(rule)

    def clear(self):
        with self._lock:
            self._rules.clear()

    def of(self, call):
        """The effects that this request meets; it counts for every rule that it matches."""
        if not self._rules:
            return []
        with self._lock:
            return [rule.effect for rule in self._rules if rule.takes(call)]
