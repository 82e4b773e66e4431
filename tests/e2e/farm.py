"""Thousands of targets in a process of their own, so that this interpreter slows none of them.

    farm = Farm()                      # http://127.0.0.1:PORT/...
    /ok/...            answers 200 at once
    /hang/...          takes the request and never answers
    /flip/MS/...       200 and 500 in turn, each for MS milliseconds, offset by the rest of the path
    /count             how many requests each of the above had, as JSON
"""

import asyncio
import json
import resource
import subprocess
import sys
import time
import urllib.request
import zlib

DESCRIPTORS = 16384


def raise_descriptors(wanted=DESCRIPTORS):
    """Raises this process's limit; what it starts inherits it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
            return
        except (ValueError, OSError):
            raise AssertionError(f"this test needs {wanted} file descriptors; the hard limit is "
                                 f"{hard}: raise it (ulimit -Hn)") from None
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Farm:
    def __init__(self):
        raise_descriptors()
        self.process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE,
                                        stdin=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}"

    def counts(self):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.url + "/count", timeout=10) as answer:
            return json.loads(answer.read())

    def close(self):
        self.process.stdin.close()  # it leaves when its standard input ends
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
        self.process.stdout.close()


# --- the process ---
def response(status, body):
    return (f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            f"{body}").encode()


OK = response(200, '{"status": "ok"}')
BROKEN = response(500, '{"status": "broken"}')


class Connection(asyncio.Protocol):
    counts = {}

    def connection_made(self, transport):
        self.transport, self.head = transport, b""

    def data_received(self, data):
        self.head += data
        if b"\r\n\r\n" in self.head:
            path = self.head.split(b" ", 2)[1].decode()
            self.answer(path, path.split("/"))

    def answer(self, path, parts):
        kind = parts[1]
        if kind == "count":
            self.send(response(200, json.dumps(self.counts)))
            return
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if kind == "flip":
            turn = int(time.time() * 1000) + zlib.crc32(path.encode()) % 100_000
            self.send(BROKEN if turn // int(parts[2]) % 2 else OK)
        elif kind == "ok":
            self.send(OK)

    def send(self, data):
        self.transport.write(data)
        self.transport.close()


async def serve():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    raise_descriptors()
    asyncio.run(serve())
