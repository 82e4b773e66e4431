"""Pages and their tokens. No two tokens are alike, so that only a fault repeats one."""

import base64
import itertools

from .wire import Mistake

_serial = itertools.count(1)


def token(scope, offset):
    return base64.urlsafe_b64encode(f"{scope}|{offset}|{next(_serial)}".encode()).decode()


def offset_of(text, scope):
    if text is None:
        return 0
    try:
        found, offset, _ = base64.urlsafe_b64decode(text.encode()).decode().rsplit("|", 2)
        if found == scope:
            return int(offset)
    except ValueError:
        pass
    raise Mistake("InvalidParameterException", "Invalid token")


def page(items, size, text, scope):
    """(items of this page, token of the next or None)."""
    start = offset_of(text, scope)
    rest = start + size
    return items[start:rest], token(scope, rest) if rest < len(items) else None
