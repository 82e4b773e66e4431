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


def test_every_document_is_reached_from_the_readme():
    readme = read("README.md")
    for path in sorted((ROOT / "docs").glob("*.*")):
        assert f"(docs/{path.name})" in readme, f"nobody finds {path.name}"


def test_the_configuration_of_the_readme_is_one(tocsin, tmp_path):
    [text] = re.findall(r"```yaml\n(.*?)```", read("README.md"), re.S)
    (tmp_path / "tocsin.yml").write_text(text)
    names = set(re.findall(r"\$\{(\w+)\}", text))
    done = tocsin("config", "check", "--strict", "-c", tmp_path,
                  env={name: f"https://example.com/{name}" for name in names})
    assert done.returncode == 0, done.stdout + done.stderr


def commands(tocsin, *path):
    """Every command line that is a command and no group of them."""
    usage = tocsin(*path, "--help").stdout
    _, found, listed = usage.partition("Subcommands:")
    names = re.findall(r"^  (\w[\w-]*)", listed, re.M) if found else []
    if not names:
        return [" ".join(path)]
    return [line for name in names for line in commands(tocsin, *path, name.split(",")[0])]


def test_the_manual_page_has_every_command(tocsin):
    page = read("deploy/man/tocsin.1").replace("\\-", "-")
    told = set(re.findall(r"^\.B tocsin (.+)$", page.split(".SH DESCRIPTION")[0], re.M))
    known = set(commands(tocsin))
    assert len(known) >= 6
    assert told == known


def test_every_link_between_documents_leads_somewhere():
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "ARCHITECTURE.md",
                 *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
            if not link.startswith("http"):
                assert (path.parent / link).exists(), f"{path.name} links to {link}"
