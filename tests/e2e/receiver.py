"""A receiver of notifications on loopback: remembers every request, answers what it is told to."""

import http.server
import json
import threading


class Receiver:
    """`receiver.status` is what it answers; `receiver.close()` makes its port refuse."""

    def __init__(self, port=0, status=200, body=b"ok"):
        self.status, self.body = status, body
        self.requests = []  # (path, headers, body)
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 65536  # one segment an answer: two would wait for an acknowledgement

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(receiver.respond(self.path, self.headers, body))
                self.send_header("Content-Length", str(len(receiver.body)))
                self.end_headers()
                self.wfile.write(receiver.body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a sender that was killed
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def respond(self, path, headers, body):
        """The status to answer with."""
        self.requests.append((path, dict(headers), body))
        return self.status

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    @property
    def events(self):
        """What a webhook without a template was sent: (type, monitor) in order of arrival."""
        return [(e["type"], e["monitor"]) for e in (json.loads(body) for _, _, body in self.requests)]
