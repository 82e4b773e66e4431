"""The operations of ELBv2 and STS, which speak the query protocol."""

import secrets
import time

from . import paging
from .wire import ApiError, Mistake


class Elbv2:
    def __init__(self, world):
        self.world = world

    def place(self, call):
        return self.world.place(call.account, call.region)

    def DescribeTargetHealth(self, call):
        place, arn = self.place(call), call.params["TargetGroupArn"]
        if arn not in place.target_health:
            raise ApiError("TargetGroupNotFound", "One or more target groups not found")
        known = place.target_health[arn]
        asked = call.params.get("Targets")
        if asked is None:
            return {"TargetHealthDescriptions": known}
        found = []
        for target in asked:
            match = [d for d in known if d["Target"]["Id"] == target["Id"]
                     and target.get("Port", d["Target"]["Port"]) == d["Target"]["Port"]]
            found += match or [{"Target": target, "TargetHealth": {
                "State": "unused", "Reason": "Target.NotRegistered"}}]
        return {"TargetHealthDescriptions": found}

    def DescribeTargetGroups(self, call):
        place, params = self.place(call), call.params
        known = list(place.target_groups.values())
        found = self._chosen(place.target_groups, params.get("TargetGroupArns"),
                             "TargetGroupNotFound", "target groups")
        if names := params.get("Names"):
            found = [g for g in known if g["TargetGroupName"] in names]
        if balancer := params.get("LoadBalancerArn"):
            found = [g for g in known if balancer in g.get("LoadBalancerArns", [])]
        return self._page(call, "TargetGroups", found)

    def DescribeRules(self, call):
        place, params = self.place(call), call.params
        if ("ListenerArn" in params) == ("RuleArns" in params):
            raise Mistake("ValidationError", "Give either a listener or rules")
        if "ListenerArn" in params:
            if params["ListenerArn"] not in place.listeners:
                raise ApiError("ListenerNotFound", "One or more listeners not found")
            inside = params["ListenerArn"].replace(":listener/", ":listener-rule/") + "/"
            return self._page(call, "Rules", [r for arn, r in place.rules.items()
                                              if arn.startswith(inside)])
        return self._page(call, "Rules", self._chosen(place.rules, params["RuleArns"],
                                                      "RuleNotFound", "rules"))

    def DescribeListeners(self, call):
        place, params = self.place(call), call.params
        if "LoadBalancerArn" not in params and "ListenerArns" not in params:
            raise Mistake("ValidationError", "Give a load balancer or listeners")
        return self._page(call, "Listeners",
                          self._chosen(place.listeners, params.get("ListenerArns"),
                                       "ListenerNotFound", "listeners"))

    def _chosen(self, known, wanted, code, what):
        if wanted is None:
            return list(known.values())
        if any(arn not in known for arn in wanted):
            raise ApiError(code, f"One or more {what} not found")
        return [known[arn] for arn in wanted]

    def _page(self, call, name, items):
        scope = f"{call.account} {call.region} {call.operation}"
        found, token = paging.page(items, call.params.get("PageSize", 400),
                                   call.params.get("Marker"), scope)
        return {name: found, **({"NextMarker": token} if token else {})}


class Sts:
    """Credentials end at the real time plus their duration: the client's clock is the real one."""

    def __init__(self, world):
        self.world = world

    def AssumeRole(self, call):
        params = call.params
        role = self.world.roles.get(params["RoleArn"])
        caller = self.world.keys[call.key]
        who = f"arn:aws:iam::{caller.account}:{caller.user}"
        denied = ApiError("AccessDenied", f"User: {who} is not authorized to perform: "
                          f"sts:AssumeRole on resource: {params['RoleArn']}", 403)
        if role is None or (role.trusts is not None and call.account not in role.trusts):
            raise denied
        if role.external_id is not None and params.get("ExternalId") != role.external_id:
            raise denied
        key = self.world.assumed(role, params["RoleSessionName"])
        end = int(time.time() + params.get("DurationSeconds", 3600))
        return {"Credentials": {"AccessKeyId": key.id, "SecretAccessKey": key.secret,
                                "SessionToken": key.token, "Expiration": end},
                "AssumedRoleUser": {"AssumedRoleId": f"AROA{secrets.token_hex(8).upper()}:"
                                                     f"{params['RoleSessionName']}",
                                    "Arn": f"arn:aws:sts::{key.account}:{key.user}"},
                "PackedPolicySize": 1}

    def GetCallerIdentity(self, call):
        caller = self.world.keys[call.key]
        return {"UserId": caller.id, "Account": caller.account,
                "Arn": f"arn:aws:iam::{caller.account}:{caller.user}"}
