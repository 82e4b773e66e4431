"""The scripted targets behave as the other tests believe they do."""

import socket
import urllib.request

import pytest

from targets import answer, hang, raw, reset, trickle


def exchange(port, timeout=2.0):
    with socket.create_connection(("127.0.0.1", port), timeout) as client:
        client.sendall(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
        got = b""
        while piece := client.recv(4096):
            got += piece
        return got


def test_answers_and_remembers_the_request(target):
    server = target(answer(200, "hello"))
    with urllib.request.urlopen(server.url + "/path", timeout=5) as got:
        assert got.read() == b"hello"
    assert server.requests[0].startswith("GET /path HTTP/1.1")


def test_behaviour_changes_between_connections(target):
    server = target(raw(b"one"))
    assert exchange(server.port) == b"one"
    server.behaviour = trickle(b"two", every=0.001)
    assert exchange(server.port) == b"two"


def test_hangs_resets_and_refuses(target):
    server = target(hang())
    with pytest.raises(TimeoutError):
        exchange(server.port, 0.1)
    server.behaviour = reset()
    with pytest.raises(ConnectionResetError):
        exchange(server.port)
    server.close()
    with pytest.raises(ConnectionRefusedError):
        exchange(server.port)
