"""Nothing that did not run may count as passed."""

import pathlib
import sys
import xml.etree.ElementTree as ET

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import run_tests  # noqa: E402

GOOD = """<testsuites><testsuite><testcase name="A" status="run" result="completed"/>
<testcase name="B" status="run" result="completed"/></testsuite></testsuites>"""
MIXED = """<testsuites><testsuite><testcase name="A" status="run" result="completed"/>
<testcase name="B" status="run"><failure message="x"/></testcase>
<testcase name="C" status="run" result="skipped"><skipped/></testcase>
<testcase name="D" status="notrun" result="suppressed"/></testsuite></testsuites>"""


def numbers(count):
    return count.passed, count.failed, len(count.skipped)


def test_cases_are_counted_one_by_one():
    assert numbers(run_tests.count_junit(GOOD)) == (2, 0, 0)
    assert numbers(run_tests.count_junit(MIXED)) == (1, 1, 1)


def test_a_torn_report_is_an_error():
    with pytest.raises(ET.ParseError):
        run_tests.count_junit(GOOD[:60])
    assert numbers(run_tests.count_program("x", False, GOOD[:60])) == (0, 1, 0)


def test_a_program_that_fails_after_its_report_counts_as_failed():
    assert numbers(run_tests.count_program("x", False, GOOD)) == (2, 1, 0)
    assert numbers(run_tests.count_program("x", True, GOOD)) == (2, 0, 0)


def test_a_program_without_report_counts_once():
    assert numbers(run_tests.count_program("x", True, None)) == (1, 0, 0)
    assert numbers(run_tests.count_program("x", False, None)) == (0, 1, 0)


def test_a_report_without_cases_is_a_failure():
    assert numbers(run_tests.count_program("x", True, "<testsuites/>")) == (0, 1, 0)


def test_the_report_is_where_the_command_says():
    path = run_tests.report_path(["bin", "--gtest_shuffle", "--gtest_output=xml:/a/b.xml"])
    assert path == pathlib.Path("/a/b.xml")
    assert run_tests.report_path(["bin"]) is None
