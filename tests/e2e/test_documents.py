"""The closed lists in docs/ are those of the program."""

import pathlib
import re

ROOT = pathlib.Path(__file__).parents[2]


def read(path):
    return (ROOT / path).read_text()


def test_every_reason_is_documented_with_its_state_and_no_other():
    code = read("src/check/outcome.cpp")
    listed = code[code.index("kReasons{{"):code.index("}};")]
    reasons = set(re.findall(r'Reason::\w+, "(\w+)"', listed))
    assert len(reasons) >= 17
    rows = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", read("docs/reasons.md"), re.M))
    assert rows.keys() == reasons
    judge = read("src/check/judge.cpp")
    unknown = judge[judge.index("return Status::up;"):judge.index("return Status::unknown;")]
    ours = set(re.findall(r"case Reason::(\w+):", unknown))
    assert rows == {name: "unknown" if name in ours else "down" for name in reasons}


def test_every_type_of_event_is_documented_and_no_other():
    code = read("src/alert/event_type.cpp")
    types = set(re.findall(r'EventType::\w+, "(\w+)"', code))
    assert len(types) >= 8
    text = read("docs/events.md")
    headings = set(re.findall(r"^### (.+)$", text, re.M))
    documented = {name for heading in headings for name in re.findall(r"`(\w+)`", heading)}
    assert documented == types
