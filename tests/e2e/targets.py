"""Scripted targets on loopback. A behaviour is a function of one accepted connection:

    target = Target(answer(200, '{"status": "ok"}'))
    target.behaviour = hang()          # from the next connection on

HTTP behaviours read the request's head first; `target.requests` keeps each head as text.
"""

import socket
import struct
import threading


def answer(status=200, body="", headers=None, delay=0.0, reason="X"):
    """A complete HTTP/1.1 answer, after `delay` seconds."""
    payload = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} {reason}", f"Content-Length: {len(payload)}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return raw("\r\n".join(lines).encode() + b"\r\n\r\n" + payload, delay)


def raw(data, delay=0.0):
    """Exactly these bytes once the request's head was read, then an orderly end."""

    def behave(connection, target):
        target.read_head(connection)
        if not target.pause(delay):
            connection.sendall(data)

    return behave


def hang():
    """Reads the request and never answers."""

    def behave(connection, target):
        target.read_head(connection)
        target.pause(3600)

    return behave


def reset():
    """Reads the request, then breaks the connection with a TCP reset."""

    def behave(connection, target):
        target.read_head(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return behave


def trickle(data, every=0.05, size=1):
    """`data` in pieces of `size` bytes, `every` seconds apart."""

    def behave(connection, target):
        target.read_head(connection)
        for start in range(0, len(data), size):
            connection.sendall(data[start:start + size])
            if target.pause(every):
                return

    return behave


def endless(head, chunk=b"x" * 65536):
    """`head`, then `chunk` again and again until the other side has had enough."""

    def behave(connection, target):
        target.read_head(connection)
        connection.sendall(head)
        while not target.closed.is_set():
            connection.sendall(chunk)

    return behave


def speak(script):
    """A line protocol: `script` is bytes to send, or a function of the line read to bytes."""

    def behave(connection, target):
        for part in script:
            if callable(part):
                connection.sendall(part(connection.recv(4096)))
            else:
                connection.sendall(part)

    return behave


class Target:
    def __init__(self, behaviour=None):
        self.behaviour = behaviour or answer()
        self.requests = []
        self.closed = threading.Event()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(4096)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        """From here on connections are refused."""
        self.closed.set()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()

    # --- for behaviours ---
    def read_head(self, connection):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(65536)
            if not piece:
                break
            head += piece
        self.requests.append(head.decode(errors="replace"))

    def pause(self, seconds):
        """Waits; True when the target was closed meanwhile."""
        return self.closed.wait(seconds) if seconds else False

    # --- inside ---
    def _accept(self):
        while not self.closed.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                self.behaviour(connection, self)
            except OSError:
                pass  # the other side left: that is its right
