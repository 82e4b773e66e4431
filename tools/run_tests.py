#!/usr/bin/python3
"""Runs test suites, counts their cases and says one line: `N passed, N failed`.

usage: run_tests.py [--results DIR] [--jobs N] SUITE...

A SUITE is one of
  ctest:BUILD_DIR:LABEL_REGEX         GoogleTest binaries and other programs registered with ctest
  unittest:DIR                        Python tests DIR/*_test.py
  pytest:DIR:TOCSIN_BINARY[:MARKER]   end-to-end tests against the real binary

A suite that cannot run, a binary that dies without leaving a report, and a suite without any case
count as one failure each: what did not run has not passed. With --results, every suite leaves a file
with its two numbers there, for .ci/run to add up. Exit code: 0 all passed, 1 not, 2 usage.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import xml.etree.ElementTree as ET


@dataclasses.dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: list = dataclasses.field(default_factory=list)
    broken: list = dataclasses.field(default_factory=list)  # sentences for what has no report

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.broken += other.broken

    def fail(self, sentence):
        self.failed += 1
        self.broken.append(sentence)


def count_junit(text):
    """Counts the cases of a JUnit-like report (GoogleTest's, pytest's). Raises on a broken one."""
    count = Count()
    for case in ET.fromstring(text).iter("testcase"):
        name = f"{case.get('classname', '')}.{case.get('name', '')}"
        if case.find("failure") is not None or case.find("error") is not None:
            count.failed += 1
        elif case.find("skipped") is not None or case.get("result") == "skipped":
            count.skipped.append(name)
        elif case.get("status") != "notrun":
            count.passed += 1
    return count


def count_program(name, ctest_passed, report):
    """One program under ctest. `report` is the text of its GoogleTest report, None when absent."""
    count = Count()
    if report is None:
        if ctest_passed:
            count.passed = 1
        else:
            count.fail(f"{name}: died or timed out before its report")
        return count
    try:
        count = count_junit(report)
    except ET.ParseError:
        count.fail(f"{name}: unreadable report")
        return count
    if not ctest_passed and count.failed == 0:
        count.fail(f"{name}: every case passed but the program failed (sanitizer, crash at exit)")
    if ctest_passed and count.passed + count.failed == 0:
        count.fail(f"{name}: no case ran")
    return count


def report_path(command):
    """Where a GoogleTest binary was told to write, None for any other program."""
    for argument in command:
        if argument.startswith("--gtest_output=xml:"):
            return pathlib.Path(argument.split(":", 1)[1])
    return None


def run_ctest(build, labels, jobs):
    base = ["ctest", "--test-dir", build, "-L", labels]
    listing = subprocess.run(base + ["--show-only=json-v1"], capture_output=True, text=True)
    count = Count()
    try:
        tests = json.loads(listing.stdout)["tests"]
    except (json.JSONDecodeError, KeyError):
        count.fail(f"ctest in {build} gave no list: {listing.stderr.strip()}")
        return count
    reports = {test["name"]: report_path(test.get("command", [])) for test in tests}
    for path in filter(None, reports.values()):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
    summary = pathlib.Path(build, "ctest.xml").absolute()
    summary.unlink(missing_ok=True)
    subprocess.run(base + ["-j", str(jobs), "--output-on-failure", "--no-tests=error",
                           "--output-junit", str(summary)])
    passed = set()
    if summary.exists():
        for case in ET.parse(summary).getroot().iter("testcase"):
            if case.get("status") == "run":
                passed.add(case.get("name"))
    for name, path in reports.items():
        text = path.read_text(errors="replace") if path and path.exists() else None
        if path and text is None:
            count.fail(f"{name}: no report (not built, died, or timed out)")
        else:
            count.add(count_program(name, name in passed, text))
    if not tests:
        count.fail(f"no test in {build} has a label like {labels}")
    return count


def run_python(command, report, environment):
    report.unlink(missing_ok=True)
    code = subprocess.run(command, env=environment).returncode
    count = Count()
    if not report.exists():
        count.fail(f"{' '.join(command[:4])}: no report, exit code {code}")
        return count
    count = count_program(command[2], code == 0, report.read_text(errors="replace"))
    return count


def run_pytest(folder, binary, marker):
    environment = dict(os.environ, TOCSIN_BIN=str(pathlib.Path(binary).absolute()))
    report = pathlib.Path("build/pytest.xml").absolute()
    report.parent.mkdir(exist_ok=True)
    command = ["/usr/bin/python3", "-m", "pytest", "-q", "--durations=5", f"--junitxml={report}",
               "-m", marker or "not soak", folder]
    return run_python(command, report, environment)


def run_unittest(folder):
    report = pathlib.Path("build/unittest.xml").absolute()
    report.parent.mkdir(exist_ok=True)
    command = ["/usr/bin/python3", "-m", "pytest", "-q", f"--junitxml={report}",
               "-o", "python_files=*_test.py", "-p", "no:cacheprovider", folder]
    return run_python(command, report, dict(os.environ))


def run_suite(suite, jobs):
    kind, *rest = suite.split(":")
    if kind == "ctest" and len(rest) == 2:
        return run_ctest(rest[0], rest[1], jobs)
    if kind == "pytest" and len(rest) in (2, 3):
        return run_pytest(rest[0], rest[1], rest[2] if len(rest) == 3 else "")
    if kind == "unittest" and len(rest) == 1:
        return run_unittest(rest[0])
    print(__doc__, file=sys.stderr)
    sys.exit(2)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--results")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("suites", nargs="+")
    args = parser.parse_args()
    total = Count()
    for suite in args.suites:
        count = run_suite(suite, args.jobs)
        total.add(count)
        if args.results:
            folder = pathlib.Path(args.results)
            folder.mkdir(parents=True, exist_ok=True)
            name = "".join(c if c.isalnum() else "-" for c in suite)
            (folder / name).write_text(f"{count.passed} {count.failed}\n")
    for name in total.skipped:
        print(f"skipped: {name}")
    for sentence in total.broken:
        print(f"failed: {sentence}")
    print(f"{total.passed} passed, {total.failed} failed")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
