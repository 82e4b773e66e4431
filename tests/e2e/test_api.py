"""docs/openapi.yaml says what the daemon does, and `config schema` what it reads."""

import json
import pathlib
import re

import jsonschema
import pytest
import yaml

from targets import answer

ROOT = pathlib.Path(__file__).parents[2]
DOCUMENT = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text())
METHODS = {"get", "put", "post", "delete", "patch", "options", "head", "trace"}
Validator = jsonschema.Draft202012Validator


def operations(pings=False):
    """Those of the API, or those by which jobs ping: test_heartbeats.py has their answers."""
    return [(path, method, operation) for path, item in DOCUMENT["paths"].items()
            for method, operation in item.items()
            if method in METHODS and path.startswith("/ping/") == pings]


def follow(node):
    """The node, or what its $ref points at."""
    if isinstance(node, dict) and "$ref" in node:
        target = DOCUMENT
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return follow(target)
    return node


def every_mapping(node):
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from every_mapping(each)


# --- the document by itself ---
def test_the_document_is_openapi_3_1():
    assert re.fullmatch(r"3\.1\.\d+", DOCUMENT["openapi"])
    assert DOCUMENT["info"]["title"] and isinstance(DOCUMENT["info"]["version"], str)
    for mapping in every_mapping(DOCUMENT):
        if "$ref" in mapping:
            assert mapping["$ref"].startswith("#/") and follow(mapping) is not None
        if "schema" in mapping and isinstance(mapping["schema"], dict):
            Validator.check_schema(mapping["schema"])
    for schema in DOCUMENT["components"]["schemas"].values():
        Validator.check_schema(schema)
    known = DOCUMENT["components"]["securitySchemes"].keys()
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    described = operations() + operations(pings=True)
    ids = [operation["operationId"] for _, _, operation in described]
    assert len(ids) == len(set(ids))
    for path, method, operation in described:
        assert path.startswith("/") and operation["summary"], path
        assert set(operation["tags"]) <= tags
        for demand in operation.get("security", DOCUMENT["security"]):
            assert demand.keys() <= known
        for status, response in operation["responses"].items():
            assert re.fullmatch(r"[1-5]\d\d|default", status) and follow(response)["description"]
        parameters = [follow(p) for p in DOCUMENT["paths"][path].get("parameters", [])
                      + operation.get("parameters", [])]
        assert all(p["in"] in ("path", "query", "header") and "schema" in p for p in parameters)
        in_path = {p["name"] for p in parameters if p["in"] == "path" and p["required"]}
        assert in_path == set(re.findall(r"{(\w+)}", path)), path


def test_its_paths_are_the_routes_of_the_program():
    text = (ROOT / "src/web/routes.cpp").read_text()
    routes = re.findall(r'Route{Action::\w+, "(\w+)", "([^"]+)", Access::(\w+)[,}]', text)
    assert {(p, m) for m, p, _ in routes} == {(p, m.upper()) for p, m, _ in operations()}
    open_ = {p for _, p, access in routes if access == "open"}
    assert open_ == {p for p, _, operation in operations() if operation.get("security") == []}


# --- the document and the daemon ---
@pytest.fixture
def node(daemon, target):
    every = {"every": "1s", "timeout": "500ms", "fail_after": 1, "run_at_start": True}
    body = '{"status": "ok", "version": "1.2"}'
    made = daemon({"timers": {}, "channels": {"hook": {"webhook": {"url": target(answer(200)).url}}}, "monitors": {
        "shop": {"http": target(answer(200, body)).url, **every, "labels": {"team": "shop"},
                 "expect": ["[BODY].status == ok"], "capture": {"version": "[BODY].version"},
                 "description": "d", "runbook": "https://wiki.example.com/r",
                 "dashboard": "https://wiki.example.com/d"},
        "a/b c": {"http": target(answer(500)).url, **every},
        "port": {"tcp": f"127.0.0.1:{target().port}", **every}}}).start()
    made.wait_state("shop", "up")
    made.wait_state("port", "up")
    made.wait_state("a%2Fb%20c", "down")
    return made


# What an operation needs to be told: its body, and whose name its path takes.
BODIES = {"addSilence": {"match": {"team": "shop"}, "for": "1h", "reason": "deploy"},
          "dropOutbox": {"channel": "hook"}}
NAMES = {"acknowledgeMonitor": ["a%2Fb%20c"], "unacknowledgeMonitor": ["a%2Fb%20c"],
         "testChannel": ["hook"], "previewChannel": ["hook"]}


def body_of(method, operation):
    return BODIES.get(operation["operationId"], {}) if method in ("post", "delete") else None


def fill(path, name, node):
    """The path with a name, and with the id of a silence or a timer that there is."""
    if path.startswith("/api/v1/timers/"):
        assert node.post("/api/v1/timers/job/60").status == 200
        return path.replace("{id}", "job").replace("{seconds}", "60")
    if "{id}" in path:
        made = node.post("/api/v1/silences", BODIES["addSilence"])
        path = path.replace("{id}", made.json()["id"])
    return path.replace("{name}", name)


def closed(schema):
    """The schema with every described object closed: a key that is not described is an error."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    if "properties" in made and "type" in made:
        made.setdefault("additionalProperties", False)
    return made


def validate(body, schema, strict):
    root = {**schema, "components": closed(DOCUMENT["components"]) if strict
            else DOCUMENT["components"]}
    Validator(root, format_checker=Validator.FORMAT_CHECKER).validate(body)


def check_answer(operation, got):
    status = str(got.status)
    assert status in operation["responses"], f"{status} is not documented: {got.body}"
    content = follow(operation["responses"][status]).get("content")
    if content is None:
        assert got.body == b""
        return
    [(kind, described)] = content.items()
    assert got.headers["Content-Type"].split(";")[0] == kind
    if kind == "application/json":
        # Parts joined by allOf know only some of the keys: there it is enough that all are there.
        joined = "allOf" in json.dumps(closed_over(described["schema"]))
        validate(got.json(), described["schema"], strict=not joined)


def closed_over(schema):
    """The schema with all that it refers to, one mapping deep after the other."""
    found = follow(schema)
    if isinstance(found, dict):
        return {key: closed_over(value) for key, value in found.items()}
    if isinstance(found, list):
        return [closed_over(each) for each in found]
    return found


@pytest.mark.parametrize("path,method", [(p, m) for p, m, _ in operations()])
def test_every_operation_answers_as_documented(node, path, method):
    operation = DOCUMENT["paths"][path][method]
    names = NAMES.get(operation["operationId"], ["shop", "a%2Fb%20c", "port"])
    for name in names if "{name}" in path else [""]:
        got = node.request(method.upper(), fill(path, name, node), body_of(method, operation))
        assert got.status in (200, 201, 204), got.body
        check_answer(operation, got)
    if method == "get":
        for each in [follow(p) for p in operation.get("parameters", [])]:
            value = {"state": "up,down", "kind": "http", "label": "team:shop", "q": "s",
                     "sort": "-since", "limit": "1", "level": "day", "type": "went_down",
                     "monitor": "shop", "channel": "hook",
                     "from": "2026-01-01T00:00:00Z"}.get(each["name"])
            if path.endswith("/silences") and each["name"] == "state":
                value = "active,pending"
            if path.endswith("/timers") and each["name"] == "state":
                value = "running"
            if value:
                got = node.get(f"{path.replace('{name}', 'shop')}?{each['name']}={value}")
                assert got.status == 200, (each["name"], got.body)
                check_answer(operation, got)


def test_every_documented_error_is_answered_as_documented(node):
    paths = {path: DOCUMENT["paths"][path] for path, _, _ in operations()}
    for path, method, operation in operations():
        if operation.get("security") == []:
            continue
        name = NAMES.get(operation["operationId"], ["shop"])[0]
        known = fill(path, name, node)
        body = body_of(method, operation)
        wrong = [(400, node.request(method.upper(), known + "?nonsense=1", body)),
                 (403, node.request(method.upper(), known, body, {"Host": "evil.example.com"}))]
        if "{" in path and operation["operationId"] != "armTimer":  # which makes what it names
            unknown = re.sub("{.*}", "no", path)
            wrong.append((404, node.request(method.upper(), unknown, body)))
        if body is not None:
            wrong.append((415, node.request(method.upper(), known, b"{}",
                                            {"Content-Type": "text/plain"})))
            wrong.append((400, node.request(method.upper(), known, b'{"x": 1}')))
        for status, got in wrong:
            assert got.status == status, (method, path, got.status, got.body)
            check_answer(operation, got)
    for path in paths:
        got = node.request("PATCH", fill(path, "shop", node))
        assert got.status == 405 and got.headers["Allow"], (path, got.status)
        for method in paths[path].keys() & METHODS:
            assert method.upper() in got.headers["Allow"]
    assert node.get("/api/v1/nonsense").status == 404


# --- the configuration's schema ---
def test_the_schema_is_one_and_accepts_the_examples(tocsin):
    schema = json.loads(tocsin("config", "schema").stdout)
    Validator.check_schema(schema)
    checked = 0
    for path in sorted((ROOT / "examples").rglob("*.yml")):
        if path.parent.name == "founding" and path.name != "tocsin.yml":
            continue  # the founding format, which the schema does not describe
        errors = list(Validator(schema).iter_errors(yaml.safe_load(path.read_text())))
        assert not errors, f"{path}: {errors[0].json_path}: {errors[0].message}"
        checked += 1
    assert checked >= 3


@pytest.mark.parametrize("folder", sorted(p.name for p in (ROOT / "examples").iterdir()))
def test_every_example_passes_the_strictest_check(tocsin, folder):
    done = tocsin("config", "check", "-c", ROOT / "examples" / folder)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("broken", [
    {"monitors": {"shop": {"htp": "https://a.example.com/"}}},
    {"monitors": {"shop": {"http": {"url": "https://a.example.com/", "methd": "GET"}}}},
    {"monitors": {"shop": {"http": "https://a.example.com/", "fail_after": [3]}}},
    {"monitors": []}, {"listne": "127.0.0.1:7400"}])
def test_the_schema_refuses_what_the_program_refuses(tocsin, tmp_path, broken):
    schema = json.loads(tocsin("config", "schema").stdout)
    with pytest.raises(jsonschema.ValidationError):
        Validator(schema).validate(broken)
    (tmp_path / "tocsin.yml").write_text(yaml.safe_dump(broken))
    assert tocsin("config", "check", "-c", tmp_path).returncode == 1
