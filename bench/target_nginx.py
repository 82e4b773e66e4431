"""The target of the HTTP benchmarks: nginx with one worker, answering a small JSON body."""

import pathlib
import re
import time
import urllib.request

import measured

CONFIG = """
daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log warn;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  default_type application/json;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location = /stub {{ stub_status; }}
    location / {{ return 200 '{body}'; }}
  }}
}}
"""

# About 200 bytes, as health endpoints answer.
BODY = ('{"status":"ok","version":"1.42.7","uptime_s":86400,"checks":{"database":{"status":"ok",'
        '"latency_ms":3},"cache":{"status":"ok","latency_ms":1},"queue":{"status":"ok","depth":17}}}')


class Nginx(measured.Process):
    def __init__(self, folder, port=None):
        self.port = port or measured.free_ports()[0]
        folder = pathlib.Path(folder)
        config = folder / "nginx.conf"
        config.write_text(CONFIG.format(folder=folder, port=self.port, body=BODY))
        program = next((p for p in ("/usr/sbin/nginx", "/usr/local/sbin/nginx")
                        if pathlib.Path(p).exists()), "nginx")
        super().__init__([program, "-p", folder, "-c", config], folder / "nginx.log")
        self.wait_for(lambda: measured.accepts(self.port), "listening port")

    def url(self, path="/health"):
        return f"http://127.0.0.1:{self.port}{path}"

    def requests(self):
        """Requests answered so far, by nginx's own count, without those that ask for it."""
        with urllib.request.urlopen(self.url("/stub"), timeout=5) as answer:
            text = answer.read().decode()
        self.asked = getattr(self, "asked", 0) + 1
        return int(re.search(r"\n\s*\d+\s+\d+\s+(\d+)", text).group(1)) - self.asked

    def wait_for_requests(self, more_than, limit):
        """Seconds until the count passes `more_than`."""
        start = time.monotonic()
        while time.monotonic() - start < limit:
            if self.requests() > more_than:
                return time.monotonic() - start
            time.sleep(0.02)
        raise measured.Failed(f"nginx saw no request within {limit:g} s")
