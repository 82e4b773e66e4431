"""`tocsin ecs replay`: sequences of polls through the rules, printed instead of told."""

import json
import os
import pathlib
import time

import pytest

SCENARIOS = pathlib.Path(__file__).parents[1] / "data/ecs-scenarios.json"
GIVEN = json.loads(SCENARIOS.read_text())["scenarios"]


def replay(tocsin, file, *args, **how):
    done = tocsin("ecs", "replay", file, "--json", *args, **how)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def tasks(name, created, *, status="PRIMARY", running=2, state="COMPLETED", definition="web:1"):
    return {"id": name, "status": status, "taskDefinition": definition, "desired": 2, "pending": 0,
            "running": running, "failed": 0, "createdAt": created, "rolloutState": state}


def poll(t, *deployments, **more):
    return {"t": t, "deployments": deployments, "desiredCount": 2,
            "runningCount": sum(d["running"] for d in deployments), **more}


def write(folder, *polls, name="mine", config=None):
    path = folder / "sequences.json"
    path.write_text(json.dumps({"scenarios": [{"name": name, "config": config or {},
                                               "polls": polls}]}))
    return path


# --- What is told. ---
@pytest.mark.parametrize("scenario", GIVEN, ids=lambda s: s["name"])
def test_every_given_sequence_tells_exactly_what_it_expects(tocsin, scenario):
    told = replay(tocsin, SCENARIOS, "--scenario", scenario["name"])
    assert {one["scenario"] for one in told} == {scenario["name"]}
    assert len(told) == len(scenario["expect"]), told
    for found, wanted in zip(told, scenario["expect"]):
        assert {key: found.get(key) for key in wanted} == wanted


def test_all_sequences_are_played_in_the_order_of_the_file(tocsin):
    told = replay(tocsin, SCENARIOS)
    wanted = [(s["name"], e["t"], e["type"]) for s in GIVEN for e in s["expect"]]
    assert [(one["scenario"], one["t"], one["type"]) for one in told] == wanted


def test_a_restart_before_every_poll_changes_nothing(tocsin, tmp_path):
    file = json.loads(SCENARIOS.read_text())
    for scenario in file["scenarios"]:
        scenario["polls"] = [one for poll in scenario["polls"]
                             for one in ({"t": poll["t"], "restart": True}, poll)]
    path = tmp_path / "restarts.json"
    path.write_text(json.dumps(file))
    assert replay(tocsin, path) == replay(tocsin, SCENARIOS)


def test_a_restart_forgets_what_was_not_seen_yet(tocsin, tmp_path):
    """With nothing in the store what goes on is told as found, not as new."""
    going = tasks("dB", 10, running=1, state="IN_PROGRESS")
    path = write(tmp_path, {"t": 0, "error": "throttled"}, {"t": 15, "restart": True},
                 poll(30, going))
    [told] = replay(tocsin, path)
    assert (told["type"], told["inProgress"]) == ("deploy_started", True)


def test_thresholds_of_a_sequence_are_its_own(tocsin, tmp_path):
    polls = [poll(0, tasks("dA", -1000)), poll(30, tasks("dA", -1000, running=1)),
             poll(60, tasks("dA", -1000, running=1))]
    assert [one["t"] for one in replay(tocsin, write(tmp_path, *polls))] == [60]
    path = write(tmp_path, *polls, config={"partialCrashPolls": 1})
    assert [one["t"] for one in replay(tocsin, path)] == [30]


def test_without_json_it_is_a_readable_line_each(tocsin):
    done = tocsin("ecs", "replay", SCENARIOS, "--scenario", "crash_outage")
    assert done.returncode == 0, done.stderr
    lines = [line.split(None, 2) for line in done.stdout.splitlines()]
    assert lines[0] == ["crash_outage"]
    assert lines[1] == ["30s", "recovering", "no task runs, 1 wanted"]
    assert lines[2] == ["1m30s", "finished", "its task runs again after 1m"]
    assert done.stdout.splitlines()[-1].split() == ["2", "notifications", "from", "4", "polls"]


def test_it_is_quick_and_leaves_nothing_behind(tocsin, tmp_path):
    stores = tmp_path / "stores"
    stores.mkdir()
    began = time.monotonic()
    replay(tocsin, SCENARIOS, env={"TMPDIR": str(stores)})
    assert time.monotonic() - began < 10  # a second, on a machine that has nothing else to do
    assert os.listdir(stores) == []


# --- What is refused. ---
def refused(tocsin, path, *args):
    done = tocsin("ecs", "replay", path, "--json", *args)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == ""
    assert str(path) in done.stderr
    return done.stderr


@pytest.mark.parametrize("text, words", [
    ("", ["empty"]),
    ("{\"scenarios\": [", ["byte"]),
    ("[]", ["no list `scenarios`"]),
    ('{"scenarios": {}}', ["no list `scenarios`"]),
    ('{"defaults": {"timeotSeconds": 5}, "scenarios": []}',
     ["defaults", "timeotSeconds", "did you mean timeoutSeconds"]),
    ('{"scenarios": [{"name": "a", "config": {"colour": 1}, "polls": []}]}',
     ["scenario a", "no option colour"]),
    ('{"scenarios": [{"name": "a", "config": {"timeoutSeconds": "5m"}, "polls": []}]}',
     ["scenario a, timeoutSeconds", "5m", "no number of seconds"]),
    ('{"scenarios": [{"name": "a"}]}', ["scenario a", "polls is missing"]),
    ('{"scenarios": [{"name": "a", "polls": [{"t": 0, "missing": true}, {"t": "soon"}]}]}',
     ["scenario a, poll 1", "t is \"soon\"", "seconds"]),
    ('{"scenarios": [{"name": "a", "polls": [{"t": 9, "deployments": [{"id": "d"}]}]}]}',
     ["scenario a, poll 0, deployment 0", "createdAt is missing"]),
    ('{"scenarios": [{"name": "a", "polls": [{"t": 9, "deployments": [], "desiredCount": -1}]}]}',
     ["poll 0", "desiredCount is -1"]),
    ('{"scenarios": [{"name": "a", "polls": [{"t": 9}]}]}', ["poll 0", "restart"]),
])
def test_a_broken_file_is_refused_with_the_place(tocsin, tmp_path, text, words):
    path = tmp_path / "broken.json"
    path.write_text(text)
    message = refused(tocsin, path)
    for word in words:
        assert word in message


def test_an_unknown_scenario_is_refused_with_near_ones(tocsin):
    assert "did you mean clock_skew?" in refused(tocsin, SCENARIOS, "--scenario", "clock_skw")
    assert "there are plain_rolling_deploy, " in refused(tocsin, SCENARIOS, "--scenario", "zebra")


def test_a_file_that_cannot_be_read_is_refused(tocsin, tmp_path):
    refused(tocsin, tmp_path / "nowhere.json")
    refused(tocsin, tmp_path)
    large = tmp_path / "large.json"
    with open(large, "wb") as file:
        file.truncate((64 << 20) + 1)
    refused(tocsin, large)


def test_without_a_place_for_its_stores_it_fails(tocsin, tmp_path):
    done = tocsin("ecs", "replay", SCENARIOS, env={"TMPDIR": str(tmp_path / "nowhere")})
    assert done.returncode == 1
    assert "TMPDIR" in done.stderr


@pytest.mark.parametrize("args", [[], ["replay"], ["rehearse"], ["record"],
                                  ["record", "prod", "--interval", "often"],
                                  ["record", "prod", "--interval", "10ms"],
                                  ["record", "prod", "--duration", "30d"],
                                  ["replay", "a.json", "b.json"]])
def test_wrong_usage_exits_2(tocsin, args):
    done = tocsin("ecs", *args)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout + done.stderr
