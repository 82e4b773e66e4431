"""A scripted AWS on loopback: ECS (JSON 1.1), ELBv2 and STS (query/XML) on one port.

    import sys; sys.path.insert(0, "tests/aws")
    from scripted import Server, load
    from scripted.faults import throttle, slow, cut_inside

    aws = Server()                                       # listens; aws.url
    aws.world.add_key("AKID", "secret", account="123456789012")
    prod = aws.world.place("123456789012", "us-east-1").add_cluster("prod")
    prod.add_service("api", desired=2)                   # steady; .update(), .deploy(), .show()

Run the daemon with AWS_ENDPOINT_URL=aws.url, AWS_ACCESS_KEY_ID=AKID, AWS_SECRET_ACCESS_KEY=secret,
AWS_REGION=us-east-1 and AWS_MAX_ATTEMPTS=1. The key tells the account, the credential scope the region.
Other accounts: `aws.world.add_role("210987654321", external_id="x")` gives the ARN of a role that
AssumeRole gives keys of.

Scenarios (tests/data/ecs-scenarios.json), one service per cluster; the cluster has the scenario's clock,
and so has the Date header of every answer about it:

    defaults, scenarios = load(DATA / "ecs-scenarios.json")
    script = aws.play(prod, scenarios["crash_outage"], defaults, step=True)
    script.run(restart=kill_and_start)                   # to its end; restarts where it asks for one
    script.run(restart=kill_and_start, everywhere=True)  # kill -9 before every poll
    script.names.short(notification)                     # ecs-svc/123... -> dA, task definitions, texts

or by hand: `arrival = script.wait()` returns when the program asks for poll arrival.index, which proves
that it has dealt with the one before; then script.release(), or script.restarted() when
arrival.restart, until arrival.finished. Without step=True requests are held at restarts only. An
{absent} poll is taken by the ListServices or the DescribeServices request that comes first. {error}
polls answer `attempts` requests (1). script.skip() leaves out what a program rightly never asks for.

Faults: scripted.faults. Record: aws.calls, aws.counts(). At the end of every test:
`assert aws.take_violations() == []`: requests that botocore's model does not know, that break a limit,
that are signed wrongly, and answers of this server that the model does not know (never sent).

Fleets of thousands, by seed: scripted.fleet; in a process of their own: scripted.process.
"""

import pathlib
import sys

# botocore is not Debian's: tools/install-deps test puts it below build/aws.
_PACKAGES = pathlib.Path(__file__).parents[3].glob("build/aws/python/lib/python3*/site-packages")
sys.path += [str(p) for p in _PACKAGES if str(p) not in sys.path]

from .playback import load  # noqa: E402
from .server import Server  # noqa: E402
from .world import World  # noqa: E402

__all__ = ["Server", "World", "load"]
