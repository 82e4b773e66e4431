"""The HTTP side: one port, one thread per connection; from bytes to an answer and its record."""

import collections
import json
import select
import socket
import socketserver
import threading
import time
import traceback

from . import contract, signature, wire
from .ecs import Ecs
from .faults import Faults
from .playback import ScriptedService
from .query import Elbv2, Sts
from .wire import Answer, ApiError, Call, Cut, Gone, Mistake
from .world import World

MOST_BODY = 1 << 20
DRIP_PIECES = 20
Record = collections.namedtuple("Record", "time operation account region key status")
Violation = collections.namedtuple("Violation", "kind operation sentence")


class Server:
    """Listens when made. Everything of `world` may be changed while it runs.

    `validate`: requests and answers are held against botocore's model; `check_signatures`: they must be
    signed with the known key's secret; `most_skew`: seconds that X-Amz-Date may be away from the
    server's clock (None: not looked at); `latency`: seconds that every answer takes at least.
    """

    def __init__(self, world=None, *, port=0, validate=True, check_signatures=True, most_skew=None,
                 latency=0.0, control=None):
        self.world = world or World()
        self.faults = Faults()
        self.validate, self.check_signatures = validate, check_signatures
        self.most_skew, self.latency, self.control = most_skew, latency, control
        self.calls, self.violations = [], []
        self._apis = {"ecs": Ecs(self.world), "elbv2": Elbv2(self.world), "sts": Sts(self.world)}
        self._open = set()
        self._http = _Listener(("127.0.0.1", port), self)
        self.port = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._http.shutdown()
        self._http.server_close()
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def play(self, cluster, scenario, defaults=None, **how):
        """The scenario as a service of the cluster; see playback.ScriptedService."""
        return cluster.add(ScriptedService(cluster, scenario, defaults, **how))

    # --- what was asked ---
    def counts(self):
        """{(operation, account, region): calls} since the start or reset_calls()."""
        return collections.Counter((c.operation, c.account, c.region) for c in list(self.calls))

    def reset_calls(self):
        self.calls.clear()

    def take_violations(self):
        """What was wrong so far; forgotten afterwards."""
        found = list(self.violations)
        self.violations.clear()
        return found

    def _violated(self, kind, call, sentence):
        self.violations.append(Violation(kind, call.operation, sentence))

    # --- one request ---
    def respond(self, call):
        """(Answer, effects) to send, or raises Cut or Gone."""
        call.clock = self.world.clock
        effects, status = [], 0  # 0: never answered
        arrived, started = time.time(), time.monotonic()
        try:
            operation = self._admit(call)
            effects = self.faults.of(call)
            answer = self._run(call, operation, effects)
            status = answer.status
        except ApiError as error:
            if isinstance(error, Mistake):
                self._violated("request", call, str(error))
            answer = wire.error_answer(call, error)
            status = answer.status
        except (Cut, Gone):
            raise
        except Exception as error:  # ours: seen by whoever looks at violations
            self._violated("server", call, "".join(traceback.format_exception(error)))
            answer = wire.error_answer(call, ApiError("ServerException", repr(error), 500))
            status = answer.status
        finally:
            self.calls.append(Record(arrived, call.operation, call.account, call.region, call.key,
                                     status))
        rest = max(self.latency - (time.monotonic() - started), 0.0)
        rest += sum(e.seconds for e in effects)
        if rest > 0:
            time.sleep(rest)
        return answer, effects

    def _admit(self, call):
        """Who asks for what; returns botocore's model of the operation."""
        try:
            if call.method != "POST" or call.path != "/":
                raise ApiError("UnknownOperationException", f"{call.method} {call.path}", 404)
            parts = signature.read(call)
            wire.identify(call)
            operation = contract.operation(call.service, call.operation)
            if operation is None or not hasattr(self._apis[call.service], call.operation):
                raise ApiError("UnknownOperationException", f"no operation {call.operation!r}")
        except (ApiError, ValueError) as error:
            self._violated("protocol", call, str(error))
            raise error if isinstance(error, ApiError) else ApiError(
                "SerializationException", str(error)) from None
        self._authorize(call, parts)
        if call.service != "ecs":
            call.params = wire.structured(operation.input_shape, call.params)
        if self.validate:
            if found := contract.problems(operation.input_shape, call.params):
                for sentence in found:
                    self._violated("request", call, sentence)
                code = "InvalidParameterException" if call.service == "ecs" else "ValidationError"
                raise ApiError(code, "; ".join(found))
        return operation

    def _authorize(self, call, parts):
        key = self.world.keys.get(call.key)
        if key is None:
            raise ApiError("UnrecognizedClientException" if call.service == "ecs" else
                           "InvalidClientTokenId", "The security token is invalid.", 403)
        call.account = key.account
        if self.check_signatures:
            try:
                signature.check(call, parts, key.secret, key.token, self.world.clock.date(),
                                self.most_skew)
            except ApiError as error:
                if "expired" not in error.message and "not yet" not in error.message:
                    self._violated("signature", call, str(error))
                raise
        if key.expired:
            raise ApiError("ExpiredTokenException" if call.service == "ecs" else "ExpiredToken",
                           "The security token included in the request is expired", 403)
        prefix = {"elbv2": "elasticloadbalancing"}.get(call.service, call.service)
        action = f"{prefix}:{call.operation}"
        if action in key.denied or f"{prefix}:*" in key.denied:
            code = "AccessDeniedException" if call.service == "ecs" else "AccessDenied"
            raise ApiError(code, f"User: arn:aws:iam::{key.account}:{key.user} is not authorized "
                           f"to perform: {action}", 400 if call.service == "ecs" else 403)

    def _run(self, call, operation, effects):
        for effect in effects:
            answer = effect.before(call)
            if answer is not None:
                return answer
        document = getattr(self._apis[call.service], call.operation)(call)
        for effect in effects:
            document = effect.change(call, document, self.world)
        if self.validate:
            if found := contract.problems(operation.output_shape, document):
                for sentence in found:
                    self._violated("answer", call, sentence)
                raise ApiError("ServerException", "the scripted answer is none: " +
                               "; ".join(found), 500)
        for effect in effects:
            document = effect.distort(call, document)
        if call.service == "ecs":
            return wire.json_answer(document)
        return wire.xml_answer(operation, document)


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 256

    def __init__(self, address, owner):
        self.owner = owner
        super().__init__(address, _Connection)

    def handle_error(self, request, client_address):
        pass  # a client that was killed


class _Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    rbufsize = 65536

    def handle(self):
        self.owner = self.server.owner
        self.owner._open.add(self.connection)
        try:
            while self._one():
                pass
        except (OSError, Cut, Gone):
            pass
        finally:
            self.owner._open.discard(self.connection)

    def _gone(self):
        poller = select.poll()
        poller.register(self.connection, select.POLLIN | select.POLLHUP | select.POLLERR)
        try:
            return bool(poller.poll(0)) and self.connection.recv(
                1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _read(self):
        """The next request, or None at the connection's end."""
        line = self.rfile.readline(65536).decode("latin-1").split()
        if len(line) != 3:
            return None
        headers = {}
        while (text := self.rfile.readline(65536).decode("latin-1").rstrip("\r\n")):
            name, _, value = text.partition(":")
            name = name.lower()
            # A second header of one name is signed as both, joined.
            headers[name] = f"{headers[name]},{value.strip()}" if name in headers else value.strip()
        if headers.get("expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = int(headers.get("content-length", 0))
        if length > MOST_BODY:
            return None
        return Call(line[0], line[1], headers, self.rfile.read(length), gone=self._gone)

    def _one(self):
        call = self._read()
        if call is None:
            return False
        if self.owner.control and call.path.startswith("/_fake/"):
            body = json.dumps(self.owner.control(call)).encode()
            self.wfile.write(wire.head(Answer(200, {}, body), time.time()) + body)
            return True
        try:
            answer, effects = self.owner.respond(call)
        except Cut:
            self._over(call.when_sent)  # of a scenario: the cut is the poll's answer
            raise
        except BaseException:
            self._over(call.when_lost)
            raise
        try:
            whole = self._send(call, answer, effects)
        except OSError:
            whole = False
        self._over(call.when_sent if whole else call.when_lost)
        return whole and headers_keep(call)

    def _over(self, hooks):
        for hook in hooks:
            hook()

    def _send(self, call, answer, effects):
        at = call.clock.date() + sum(e.date_offset for e in effects)
        head = wire.head(answer, at)
        if call.gone():
            return False
        part = next((e.inside for e in effects if e.inside is not None), None)
        if part is not None:
            self.connection.sendall(head + answer.body[:int(len(answer.body) * part)])
            return False
        drip = next((e for e in effects if e.drip), None)
        if drip is None:
            self.connection.sendall(head + answer.body)
            return True
        self.connection.sendall(head)
        size = max(1, -(-len(answer.body) // DRIP_PIECES))
        for start in range(0, len(answer.body), size):
            self.connection.sendall(answer.body[start:start + size])
            time.sleep(drip.seconds / DRIP_PIECES)
        return True


def headers_keep(call):
    return call.headers.get("connection", "").lower() != "close"
