"""ARNs and short names, both ways."""

import re

PARTITIONS = (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"))


def partition(region):
    return next((name for prefix, name in PARTITIONS if region.startswith(prefix)), "aws")


def ecs(region, account, resource):
    return f"arn:{partition(region)}:ecs:{region}:{account}:{resource}"


def elb(region, account, resource):
    return f"arn:{partition(region)}:elasticloadbalancing:{region}:{account}:{resource}"


def role(account, name):
    return f"arn:aws:iam::{account}:role/{name}"


def last(arn_or_name):
    """`web` of `web`, of `...:service/prod/web` and of the old `...:service/web`."""
    return arn_or_name.rsplit("/", 1)[-1]


def resource(arn, kind):
    """["prod", "web"] of `arn:...:service/prod/web` for kind `service`; None for anything else."""
    found = re.fullmatch(rf"arn:[^:]+:ecs:[^:]+:\d{{12}}:{kind}/(.+)", arn)
    return found.group(1).split("/") if found else None


def named_cluster(text):
    """The name of a cluster given by name or ARN; `default` when nothing is given; None when the
    ARN is of something else."""
    if not text:
        return "default"
    if not text.startswith("arn:"):
        return text
    parts = resource(text, "cluster")
    return parts[0] if parts else None


def named_service(text, cluster):
    """The name of a service given by name or ARN; None when the ARN names another cluster."""
    if not text.startswith("arn:"):
        return text
    parts = resource(text, "service")
    if not parts or (len(parts) == 2 and parts[0] != cluster):
        return None
    return parts[-1]
