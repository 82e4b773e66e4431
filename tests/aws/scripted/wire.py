"""Requests and answers as bytes: AWS JSON 1.1 and the query protocol with its XML."""

import dataclasses
import datetime
import email.utils
import json
import urllib.parse
import uuid
from xml.sax.saxutils import escape

TARGETS = {"AmazonEC2ContainerServiceV20141113": "ecs"}
VERSIONS = {"2015-12-01": "elbv2", "2011-06-15": "sts"}


class ApiError(Exception):
    """An error as AWS says it. `kind` is the prefix of `__type`, which some errors have."""

    def __init__(self, code, message, status=400, headers=None, kind="", as_xml=False):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status
        self.headers = dict(headers or {})
        self.kind, self.as_xml = kind, as_xml


class Mistake(ApiError):
    """An error that no well made client gets: it is recorded as a violation, too."""


class Gone(Exception):
    """The client closed the connection before it was answered."""


class Cut(Exception):
    """The connection is to be closed without an answer."""


@dataclasses.dataclass
class Call:
    """One request. `params` has the members of botocore's input shape; times are epoch seconds."""
    method: str
    path: str
    headers: dict  # names in lower case
    body: bytes
    service: str = ""      # ecs, elbv2, sts: how botocore names them
    operation: str = ""
    params: dict = dataclasses.field(default_factory=dict)
    key: str = ""          # access key id
    account: str = ""
    region: str = ""
    clock: object = None   # whose Date the answer carries
    gone: object = None    # gone() is true when nobody waits for the answer any more
    stale: int = 0         # services as they were so many changes ago
    when_sent: list = dataclasses.field(default_factory=list)
    when_lost: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict
    body: bytes


def identify(call):
    """Sets service and operation, and leaves the form's pairs or the JSON document in params."""
    target = call.headers.get("x-amz-target")
    if target is not None:
        prefix, _, call.operation = target.partition(".")
        call.service = TARGETS.get(prefix, "")
        if call.headers.get("content-type") != "application/x-amz-json-1.1":
            raise ApiError("UnknownOperationException", "ECS wants application/x-amz-json-1.1")
        try:
            call.params = json.loads(call.body)
        except ValueError as error:
            raise ApiError("SerializationException", f"the body is no JSON: {error}") from None
        if not isinstance(call.params, dict):
            raise ApiError("SerializationException", "the body is no JSON object")
        return
    if not call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise ApiError("UnknownOperationException", "neither X-Amz-Target nor a form")
    pairs = urllib.parse.parse_qsl(call.body.decode(), keep_blank_values=True, strict_parsing=True)
    call.params = dict(pairs)
    if len(pairs) != len(call.params):
        raise ApiError("MalformedQueryString", "a parameter is given twice")
    call.operation = call.params.pop("Action", "")
    call.service = VERSIONS.get(call.params.pop("Version", ""), "")


def structured(shape, form):
    """The nested members of a query form, by the input shape. What does not fit stays as it is,
    for the contract to complain about."""
    result, rest = {}, dict(form)
    for name, member in (shape.members if shape else {}).items():
        found = _read(member, name, rest)
        if found is not None:
            result[name] = found
    return {**result, **rest}


def _read(shape, prefix, form):
    if shape.type_name == "list":
        items = []
        while True:
            item = _read(shape.member, f"{prefix}.member.{len(items) + 1}", form)
            if item is None:
                return items or None
            items.append(item)
    if shape.type_name == "structure":
        found = {name: _read(member, f"{prefix}.{name}", form)
                 for name, member in shape.members.items()}
        return {k: v for k, v in found.items() if v is not None} or None
    text = form.pop(prefix, None)
    if text is not None and shape.type_name in ("integer", "long"):
        try:
            return int(text)
        except ValueError:
            return text
    if text in ("true", "false") and shape.type_name == "boolean":
        return text == "true"
    return text


def json_answer(document):
    return Answer(200, {"Content-Type": "application/x-amz-json-1.1"},
                  json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())


def xml_answer(operation, document):
    """`operation` is botocore's model of it, `document` its output."""
    shape = operation.output_shape
    space = operation.service_model.metadata["xmlNamespace"]
    inner = "".join(_element(member, name, document.get(name))
                    for name, member in shape.members.items())
    wrapper, name = shape.serialization.get("resultWrapper"), operation.name
    text = (f'<{name}Response xmlns="{space}"><{wrapper}>{inner}</{wrapper}><ResponseMetadata>'
            f"<RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata></{name}Response>")
    return Answer(200, {"Content-Type": "text/xml"}, text.encode())


def _element(shape, name, value):
    if value is None:
        return ""
    if shape.type_name == "list":
        inner = "".join(_element(shape.member, "member", item) for item in value)
    elif shape.type_name == "structure":
        inner = "".join(_element(member, key, value.get(key))
                        for key, member in shape.members.items())
    elif shape.type_name == "timestamp":
        inner = datetime.datetime.fromtimestamp(value, datetime.timezone.utc).strftime(
            "%Y-%m-%dT%H:%M:%SZ")
    elif shape.type_name == "boolean":
        inner = "true" if value else "false"
    else:
        inner = escape(str(value))
    return f"<{name}>{inner}</{name}>"


def error_answer(call, error):
    headers = dict(error.headers)
    if error.as_xml or call.service not in ("ecs", ""):
        kind = "Sender" if error.status < 500 else "Receiver"
        body = (f"<ErrorResponse><Error><Type>{kind}</Type><Code>{escape(error.code)}</Code>"
                f"<Message>{escape(error.message)}</Message></Error>"
                f"<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>").encode()
        return Answer(error.status, {"Content-Type": "text/xml", **headers}, body)
    body = json.dumps({"__type": error.kind + error.code, "message": error.message})
    return Answer(error.status, {"Content-Type": "application/x-amz-json-1.1",
                                 "x-amzn-ErrorType": error.code, **headers}, body.encode())


def head(answer, date, length=None):
    """Status line and headers; `date` is epoch seconds at AWS."""
    reason = {200: "OK", 400: "Bad Request", 403: "Forbidden", 500: "Internal Server Error"}
    lines = [f"HTTP/1.1 {answer.status} {reason.get(answer.status, 'Error')}",
             f"Date: {email.utils.formatdate(date, usegmt=True)}",
             f"x-amzn-RequestId: {uuid.uuid4()}",
             f"Content-Length: {len(answer.body) if length is None else length}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
