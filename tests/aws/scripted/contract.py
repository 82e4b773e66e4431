"""What botocore's service models say of requests and answers, checked stricter than AWS does:
unknown members, types, required members, closed enums, ranges, lengths and patterns."""

import functools
import re

import botocore.loaders
import botocore.model


@functools.lru_cache(maxsize=None)
def model(service):
    found = botocore.loaders.Loader().load_service_model(service, "service-2")
    return botocore.model.ServiceModel(found, service)


@functools.lru_cache(maxsize=None)
def operation(service, name):
    """botocore's model of the operation, or None when there is none of this name."""
    if service not in ("ecs", "elbv2", "sts") or name not in model(service).operation_names:
        return None
    return model(service).operation_model(name)


def problems(shape, value, where=""):
    """Sentences about what is wrong with `value`; none when it is as the model says."""
    if shape is None:
        return [f"{where or 'the document'}: nothing belongs here"] if value else []
    check = CHECKS.get(shape.type_name)
    if check is None:
        return [f"{where}: no check for the type {shape.type_name}"]
    return list(check(shape, value, where))


def _structure(shape, value, where):
    if not isinstance(value, dict):
        yield f"{where}: {type(value).__name__} is no {shape.name}"
        return
    for name in shape.required_members:
        if name not in value:
            yield f"{where}: {name} is required"
    for name, member in value.items():
        if name not in shape.members:
            yield f"{where}.{name}: {shape.name} has no such member"
        else:
            yield from problems(shape.members[name], member, f"{where}.{name}")


def _list(shape, value, where):
    if not isinstance(value, list):
        yield f"{where}: {type(value).__name__} is no list"
        return
    yield from _range(shape, len(value), where, "items")
    for index, item in enumerate(value):
        yield from problems(shape.member, item, f"{where}[{index}]")


def _map(shape, value, where):
    if not isinstance(value, dict):
        yield f"{where}: {type(value).__name__} is no map"
        return
    for key, item in value.items():
        yield from problems(shape.value, item, f"{where}[{key!r}]")


def _string(shape, value, where):
    if not isinstance(value, str):
        yield f"{where}: {type(value).__name__} is no string"
        return
    if shape.enum and value not in shape.enum:
        yield f"{where}: {value!r} is none of {shape.enum}"
    yield from _range(shape, len(value), where, "characters")
    pattern = _compiled(shape.metadata.get("pattern"))
    if pattern and not pattern.fullmatch(value):
        yield f"{where}: {value!r} is not like {pattern.pattern}"


@functools.lru_cache(maxsize=None)
def _compiled(text):
    """None for patterns that Python cannot read: Java's classes of letters, and
    surrogates, which are about what no text of ours has."""
    if text is None or "\\uD" in text:
        return None
    try:
        return re.compile(text, re.ASCII)  # as AWS means letters
    except re.error:
        return None


def _integer(shape, value, where):
    if not isinstance(value, int) or isinstance(value, bool):
        yield f"{where}: {value!r} is no integer"
        return
    bits = 31 if shape.type_name == "integer" else 63
    if not -2**bits <= value < 2**bits:
        yield f"{where}: {value} is no {shape.type_name}"
    yield from _range(shape, value, where, "")


def _number(shape, value, where):
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        yield f"{where}: {value!r} is no number"


def _boolean(shape, value, where):
    if not isinstance(value, bool):
        yield f"{where}: {value!r} is no boolean"


def _range(shape, value, where, unit):
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least or most is not None and value > most:
        yield f"{where}: {value} {unit} is not within {least} to {most}"


CHECKS = {"structure": _structure, "list": _list, "map": _map, "string": _string,
          "integer": _integer, "long": _integer, "double": _number, "float": _number,
          "timestamp": _number, "boolean": _boolean}
