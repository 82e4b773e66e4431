"""Drop-ins in the founding format, from the file to a receiver that is shaped as Datadog's events API."""

import json
import pathlib
import threading
import urllib.parse

import pytest

from daemon import free_port, wait_until
from targets import answer

EXAMPLE = pathlib.Path(__file__).parents[2] / "examples/founding"


class Datadog:
    """Takes what POST /api/v1/events takes: JSON with title and text within their limits, tags as a
    list of texts, and a key, as header or parameter. Keeps everything that came in."""

    def __init__(self, target, key):
        self.key, self.events, self.refused, self.failing = key, [], [], 0
        self.lock = threading.Lock()
        self.target = target(self.behave)
        self.port = self.target.port

    def behave(self, connection, _target):
        head, body = read_request(connection)
        line, *lines = head.split("\r\n")
        method, path, _ = line.split(" ")
        headers = {k.lower(): v for k, v in (l.split(": ", 1) for l in lines if l)}
        with self.lock:
            status, text = self.judge(method, urllib.parse.urlsplit(path), headers, body)
        payload = json.dumps(text).encode()
        connection.sendall(b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d"
                           b"\r\nConnection: close\r\n\r\n%s" % (status, len(payload), payload))

    def judge(self, method, url, headers, body):
        if self.failing:
            self.failing -= 1
            return 503, {"errors": ["try again"]}
        parameters = urllib.parse.parse_qs(url.query)
        given = [headers.get("dd-api-key")] + parameters.get("api_key", [])
        if self.key not in given:
            self.refused.append((url, headers))
            return 403, {"errors": ["Forbidden"]}
        event = json.loads(body)
        assert (method, url.path) == ("POST", "/api/v1/events")
        assert headers["content-type"].startswith("application/json")
        assert set(event) <= {"title", "text", "tags"}, event
        assert 0 < len(event["title"]) <= 500 and 0 < len(event["text"]) <= 4000
        assert all(isinstance(tag, str) and len(tag) <= 200 for tag in event["tags"])
        self.events.append({**event, "key": headers["idempotency-key"],
                            "by": "header" if given[0] else "parameter"})
        return 202, {"status": "ok", "event": {"id": len(self.events)}}

    def titled(self, title):
        with self.lock:
            return [event for event in self.events if event["title"] == title]


def read_request(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, body = data.split(b"\r\n\r\n", 1)
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n")
                  if line.lower().startswith(b"content-length:"))
    while len(body) < length:
        body += connection.recv(65536)
    return head.decode(), body


def every_second(text, replacements):
    """The example with the addresses of this test, asked every second."""
    for old, new in replacements.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def endpoint(name):
    return urllib.parse.quote(name, safe="")


@pytest.fixture
def example(daemon, target):
    """examples/founding against loopback: a shop that answers, orders that do not, a Datadog."""
    shop = target(answer(body='{"status": "ok", "version": 7, "noise": [1]}'))
    orders = target(answer(body='{"db": {"state": "gone"}, "queue": 3}'))
    datadog = Datadog(target, "k-1 &")
    text = every_second((EXAMPLE / "endpoints.yml").read_text(), {
        "www.example.com/health:": f"127.0.0.1:{shop.port}/health:",
        "orders.example.com:8443/internal/health:": f"127.0.0.1:{orders.port}/internal/health:",
        '"*/5 * * * *"': '"* * * * * *"', '"*/10 6-22 * * 1-5"': '"* * * * * *"',
        "scheme: https": "scheme: http",
        "https://api.datadoghq.com": f"http://127.0.0.1:{datadog.port}",
        "https://api.datadoghq.eu": f"http://127.0.0.1:{datadog.port}"})
    node = daemon({"defaults": {"timeout": "900ms", "fail_after": 1}})
    node.write_config(text, "endpoints.yml")
    node.shop, node.orders = f"127.0.0.1:{shop.port}/health", f"127.0.0.1:{orders.port}/internal/health"
    node.shop_target, node.orders_target, node.datadog = shop, orders, datadog
    return node


def test_the_example_checks_captures_and_posts(example):
    node, datadog = example, example.datadog
    node.start(env={"DATADOG_API_KEY": datadog.key})
    wait_until(lambda: len(datadog.titled("www.example.com is ok")) >= 3, 20, "three posts")
    first = datadog.titled("www.example.com is ok")[0]
    assert first["text"].startswith("Version 7, asked at 20")
    assert first["tags"] == ["env:production", "status:ok", "version:7", "checked-by-tocsin"]
    assert first["by"] == "header"
    # post_on: always posts a failure as well; the key is a parameter there.
    wait_until(lambda: datadog.titled("orders is down"), 10, "the post of a failure")
    failed = datadog.titled("orders is down")[0]
    assert failed["text"].startswith("database gone, 3 orders wait\n")
    assert "[BODY].db.state (gone) == up" in failed["text"]
    assert failed["tags"] == ["env:production", "db:gone"] and failed["by"] == "parameter"
    shop = node.monitor(endpoint(node.shop))
    assert shop["state"] == "up" and shop["last"]["values"] == {"status": "ok", "version": 7}
    assert "delivery" not in shop
    assert node.state(endpoint(node.orders)) == "down"
    assert not datadog.refused
    assert "k-1" not in node.output()


def test_success_posts_stop_while_the_test_fails(example):
    node, datadog = example, example.datadog
    node.start(env={"DATADOG_API_KEY": datadog.key})
    wait_until(lambda: datadog.titled("www.example.com is ok"), 20, "the first post")
    node.shop_target.behaviour = answer(body='{"status": "degraded", "version": 7}')
    node.wait_state(endpoint(node.shop), "down")
    failures = len(datadog.titled("orders is down"))
    wait_until(lambda: len(datadog.titled("orders is down")) >= failures + 2, 10, "others go on")
    assert not datadog.titled("www.example.com is degraded")
    seen = len(datadog.titled("www.example.com is ok"))
    node.shop_target.behaviour = answer(body='{"status": "ok", "version": 8}')
    wait_until(lambda: len(datadog.titled("www.example.com is ok")) > seen, 10, "a post again")


def test_posts_that_were_refused_arrive_later_and_once(example):
    node, datadog = example, example.datadog
    datadog.failing = 4
    node.start(env={"DATADOG_API_KEY": datadog.key})
    wait_until(lambda: len(datadog.titled("www.example.com is ok")) >= 3, 30, "posts")
    node.stop()
    outcomes = {event["key"] for event in datadog.events}
    assert len(outcomes) == len(datadog.events), "a post came twice"


def test_self_reports_that_tocsin_is_well(example):
    node, datadog = example, example.datadog
    node.start(env={"DATADOG_API_KEY": datadog.key})
    wait_until(lambda: datadog.titled("Tocsin is up"), 30, "the record of its health")
    event = datadog.titled("Tocsin is up")[0]
    assert event["text"].startswith("1 of 2 monitors are down, 0 troubles of its own")
    assert event["tags"] == ["service:tocsin", "status:up"]


def test_a_service_without_a_sink_is_shown_as_unavailable(daemon, target):
    shop = target(answer(body='{"status": "ok"}'))
    name = f"127.0.0.1:{shop.port}/health"
    node = daemon({})
    node.write_config(f"{name}:\n  cron_schedule: \"* * * * * *\"\n  scheme: http\n"
                      "  post_service: aws-cloudwatch\n  aws_key: AKIA1\n  aws_secret: hush-hush\n"
                      "  data_detail_type: health\n  data_source: com.example\n"
                      "  data_details_json:\n    - status: {outcome.status}\n", "cloud.yml")
    node.start()
    node.wait_state(endpoint(name), "up", 15)
    assert node.monitor(endpoint(name))["delivery"] == "unavailable"
    assert "nothing is sent to aws-cloudwatch in this version" in node.output()
    assert "hush-hush" not in node.output()


BROKEN = """www.example.com/health:
  cron_schedule: */5 * * * *
  post_service: aws-cloudwatch
    data_detail_type: health
    data_source: com.example
    aws_key: AKIA1
    aws_secret: hush-hush
"""
ANSWER = """a.yml:2:18: error: ["www.example.com/health"].cron_schedule: text that begins with * needs \
quotes; write:
  cron_schedule: "*/5 * * * *"
"""


def test_mistakes_are_answered_with_the_corrected_lines(tocsin, tmp_path):
    (tmp_path / "a.yml").write_text(BROKEN)
    (tmp_path / "tocsin.yml").write_text(f"listen: 127.0.0.1:{free_port()}\n")
    found = tocsin("config", "check", "-c", str(tmp_path))
    text = (found.stdout + found.stderr).replace(f"{tmp_path}/", "")
    assert found.returncode == 1
    assert ANSWER in text
    assert "post_service: aws-cloudwatch\n  data_detail_type: health\n" in text
    assert "hush-hush" not in text and '  aws_secret: "***"\n' in text
