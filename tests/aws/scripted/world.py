"""What there is at this AWS: accounts with keys and roles, their regions, clusters and load balancers."""

import secrets
import threading

from . import arns
from .clock import Clock
from .service import Service
from . import shapes


class Key:
    """Credentials. `expired` makes every request with them ExpiredTokenException."""

    def __init__(self, id_, secret, account, token=None, user="user/monitor", denied=()):
        self.id, self.secret, self.account, self.token, self.user = id_, secret, account, token, user
        self.expired = False
        self.denied = set(denied)  # operations without permission, such as "ecs:ListTasks"


class Role:
    """`trusts` are the accounts that may assume it, None: all."""

    def __init__(self, arn, external_id=None, trusts=None, denied=()):
        self.arn, self.external_id, self.trusts = arn, external_id, trusts
        self.account = arn.split(":")[4]
        self.denied = set(denied)


class Cluster:
    """`clock` is what its answers call now; a scenario that plays here has one of its own."""

    def __init__(self, place, name):
        self.place, self.name, self.clock = place, name, place.clock
        self.account, self.region = place.account, place.region
        self.arn = arns.ecs(self.region, self.account, f"cluster/{name}")
        self.services = {}
        self.container_instances = {}  # ARN -> document

    def arn_of(self, kind, name):
        return arns.ecs(self.region, self.account, f"{kind}/{self.name}/{name}")

    def now(self):
        return self.clock.now()

    def add(self, service):
        self.services[service.name] = service
        return service

    def add_service(self, name, **how):
        """A steady service that changes only by what its methods are told."""
        return self.add(Service.steady(self, name, **how))


class Place:
    """One account in one region."""

    def __init__(self, account, region, clock):
        self.account, self.region, self.clock = account, region, clock
        self.clusters, self.task_definitions, self.tags = {}, {}, {}
        self.target_groups, self.target_health = {}, {}  # ARN -> document, ARN -> descriptions
        self.rules, self.listeners = {}, {}              # ARN -> document
        self.service_deployments_supported = True

    def add_cluster(self, name):
        return self.clusters.setdefault(name, Cluster(self, name))

    def add_task_definition(self, name, image=None, tags=None):
        """`name` as web:1; returns its ARN."""
        arn = arns.ecs(self.region, self.account, f"task-definition/{name}")
        if arn not in self.task_definitions or image:
            image = image or f"registry.example.com/{name}"
            self.task_definitions[arn] = shapes.task_definition(arn, image)
        if tags is not None:
            self.tags[arn] = [{"key": k, "value": v} for k, v in tags.items()]
        return arn

    def image(self, task_definition):
        found = self.task_definitions.get(task_definition)
        return found["containerDefinitions"][0]["image"] if found else "registry.example.com/x:1"

    def add_target_group(self, name, targets=(), **more):
        """`targets`: (id, port, state, reason or None). Returns the ARN; call again to change."""
        arn = arns.elb(self.region, self.account,
                       f"targetgroup/{name}/{shapes.hexadecimal(name)[:16]}")
        self.target_groups[arn] = {
            "TargetGroupArn": arn, "TargetGroupName": name, "Protocol": "HTTP", "Port": 80,
            "TargetType": "ip", "HealthCheckEnabled": True, "IpAddressType": "ipv4", **more}
        self.target_health[arn] = [
            {"Target": {"Id": id_, "Port": port},
             "TargetHealth": {"State": state, **({"Reason": reason} if reason else {})}}
            for id_, port, state, reason in targets]
        return arn

    def add_rule(self, name, weights, listener="listener/app/lb/50dc6c495c0c9188/f2f7dc8efc522ab2"):
        """A listener with a rule that forwards by {target group ARN: weight}. Returns its ARN."""
        listener = arns.elb(self.region, self.account, listener)
        rule = listener.replace(":listener/", ":listener-rule/") + "/" + shapes.hexadecimal(name)[:16]
        groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()]
        forward = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
        self.listeners[listener] = {"ListenerArn": listener, "Port": 80, "Protocol": "HTTP",
                                    "DefaultActions": [forward]}
        self.rules[rule] = {"RuleArn": rule, "Priority": "1", "Conditions": [],
                            "Actions": [forward], "IsDefault": False}
        return rule


class World:
    """Everything. Places come into being when first asked for, keys and roles are added."""

    def __init__(self, base=None):
        self.clock = Clock(base)
        self.keys, self.roles, self.places = {}, {}, {}
        self._lock = threading.Lock()

    def place(self, account="123456789012", region="us-east-1"):
        with self._lock:
            where = (account, region)
            if where not in self.places:
                self.places[where] = Place(account, region, self.clock)
            return self.places[where]

    def add_key(self, id_, secret, account="123456789012", token=None, **more):
        self.keys[id_] = Key(id_, secret, account, token, **more)
        return self.keys[id_]

    def add_role(self, account, name="tocsin-watch", external_id=None, **more):
        """Returns the role's ARN."""
        arn = arns.role(account, name)
        self.roles[arn] = Role(arn, external_id, **more)
        return arn

    def assumed(self, role, session):
        """New credentials of the role."""
        name = role.arn.rsplit("/", 1)[-1]
        key = Key("ASIA" + secrets.token_hex(8).upper(), secrets.token_urlsafe(30), role.account,
                  secrets.token_urlsafe(120), f"assumed-role/{name}/{session}", role.denied)
        with self._lock:
            self.keys[key.id] = key
        return key
