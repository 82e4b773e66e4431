"""HTTP versions as ALPN settles them: real checks against TLS servers on loopback."""

import json
import ssl
import subprocess

import h2.config
import h2.connection
import h2.events
import pytest

from targets import answer

BODY = '{"status": "ok"}'


@pytest.fixture
def certificate(tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem",
                    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
                   check=True, capture_output=True)
    return tmp_path


def speak_http2(connection, target, pieces=(BODY,)):
    """One HTTP/2 connection: every request is answered 200 with `pieces` as DATA frames."""
    server = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    server.initiate_connection()
    connection.sendall(server.data_to_send())
    while data := connection.recv(65536):
        for event in server.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                names = {bytes(name).decode() if isinstance(name, bytes) else name:
                         bytes(value).decode() if isinstance(value, bytes) else value
                         for name, value in event.headers}
                target.requests.append(names)
            elif isinstance(event, h2.events.StreamEnded):
                server.send_headers(event.stream_id, [(":status", "200"),
                                                      ("content-type", "application/json")])
                for piece in pieces:
                    server.send_data(event.stream_id, piece.encode())
                server.end_stream(event.stream_id)
        connection.sendall(server.data_to_send())


def over_tls(folder, protocols):
    """A behaviour that speaks what ALPN chose from `protocols`; "" offers none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    if protocols:
        context.set_alpn_protocols(protocols)

    def behave(connection, target):
        with context.wrap_socket(connection, server_side=True) as secure:
            target.chosen.append(secure.selected_alpn_protocol())
            if target.chosen[-1] == "h2":
                speak_http2(secure, target)
            else:
                answer(200, BODY)(secure, target)

    return behave


def probe(tocsin, folder, port, version, path="/health", **more):
    config = {"monitors": {"m": {
        "http": {"url": f"https://127.0.0.1:{port}{path}", "version": version,
                 "tls": {"ca_file": str(folder / "cert.pem")}, **more},
        "timeout": "5s", "expect": ["[STATUS] == 200", "[BODY].status == ok"]}}}
    (folder / "tocsin.yml").write_text(json.dumps(config))
    done = tocsin("probe", "m", "-c", folder / "tocsin.yml", "--json")
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("version, offered, spoken", [
    ("auto", ["h2", "http/1.1"], "h2"),
    ("2", ["h2", "http/1.1"], "h2"),
    ("1.1", ["h2", "http/1.1"], "http/1.1"),
    ("auto", ["http/1.1"], "http/1.1"),
    ("auto", [], None),
])
def test_the_version_is_what_both_sides_speak(certificate, target, tocsin, version, offered,
                                              spoken):
    server = target()
    server.chosen = []
    server.behaviour = over_tls(certificate, offered)
    code, outcome = probe(tocsin, certificate, server.port, version)
    assert (code, outcome["status"]) == (0, "up"), outcome
    assert server.chosen == [spoken]
    assert [c["passed"] for c in outcome["conditions"]] == [True, True]
    if spoken == "h2":
        request = server.requests[0]
        assert request[":method"] == "GET" and request[":path"] == "/health"
        assert request[":scheme"] == "https"
    else:
        assert server.requests[0].startswith("GET /health HTTP/1.1\r\n")
    for phase in ("connect", "tls", "first_byte", "total"):
        assert outcome["timings_ms"][phase] > 0, outcome


@pytest.mark.parametrize("offered", [["http/1.1"], []])
def test_a_server_without_http2_is_down_where_version_2_is_asked_for(certificate, target, tocsin,
                                                                     offered):
    server = target()
    server.chosen = []
    server.behaviour = over_tls(certificate, offered)
    code, outcome = probe(tocsin, certificate, server.port, "2")
    assert (code, outcome["status"], outcome["reason"]) == (1, "down", "protocol"), outcome
    assert "did not choose HTTP/2" in outcome["message"]
    assert server.requests[0].startswith("GET /health HTTP/1.1\r\n")  # asked, the answer not used


def test_an_http2_stream_that_is_reset_is_a_stated_failure(certificate, target, tocsin):
    def refuse(connection, target):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
        context.set_alpn_protocols(["h2"])
        with context.wrap_socket(connection, server_side=True) as secure:
            server = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
            server.initiate_connection()
            secure.sendall(server.data_to_send())
            while data := secure.recv(65536):
                for event in server.receive_data(data):
                    if isinstance(event, h2.events.RequestReceived):
                        server.reset_stream(event.stream_id, error_code=2)  # INTERNAL_ERROR
                secure.sendall(server.data_to_send())

    code, outcome = probe(tocsin, certificate, target(refuse).port, "auto")
    assert (code, outcome["status"], outcome["reason"]) == (1, "down", "protocol"), outcome


def test_an_http2_server_that_answers_before_the_whole_request_has_answered(certificate, target,
                                                                            tocsin):
    """RFC 9113, section 8.1: a complete answer, then RST_STREAM with NO_ERROR. The request is larger
    than the window that the server opens, so that the rest of it is never sent."""

    def hurry(connection, target):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
        context.set_alpn_protocols(["h2"])
        with context.wrap_socket(connection, server_side=True) as secure:
            server = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
            server.initiate_connection()
            secure.sendall(server.data_to_send())
            while data := secure.recv(65536):
                for event in server.receive_data(data):
                    if isinstance(event, h2.events.RequestReceived):
                        server.send_headers(event.stream_id, [(":status", "200")])
                        server.send_data(event.stream_id, BODY.encode(), end_stream=True)
                        secure.sendall(server.data_to_send())
                        target.pause(0.1)
                        server.reset_stream(event.stream_id, error_code=0)
                secure.sendall(server.data_to_send())

    code, outcome = probe(tocsin, certificate, target(hurry).port, "auto", method="POST",
                          body="x" * 200_000)
    assert (code, outcome["status"]) == (0, "up"), outcome
    assert [c["passed"] for c in outcome["conditions"]] == [True, True]
