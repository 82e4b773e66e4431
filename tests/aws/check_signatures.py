"""Asks botocore what the signatures of our requests should be: of random requests that were signed, and
of calls that our client really sent.

usage: build/aws/python/bin/python check_signatures.py CALLER [SEED]
"""

import http.server
import json
import random
import subprocess
import sys
import threading
import datetime

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

SIGNED, CALLED = 500, 60
ADDED_LATER = {"authorization", "x-amz-date", "x-amz-security-token"}


def expected(method, url, headers, body, credentials, service, region):
    """The Authorization header that botocore gives the request at the time that it names."""
    date = headers["X-Amz-Date"]
    at = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    kept = {k: v for k, v in headers.items() if k.lower() not in ADDED_LATER}
    request = AWSRequest(method=method, url=url, data=body, headers=kept)
    request.context["timestamp"] = date
    signer = botocore.auth.SigV4Auth(credentials, service, region)
    # What add_auth() does, at a given time.
    if credentials.token:
        request.headers["X-Amz-Security-Token"] = credentials.token
    request.headers["X-Amz-Date"] = at.strftime("%Y%m%dT%H%M%SZ")
    canonical = signer.canonical_request(request)
    string = signer.string_to_sign(request, canonical)
    signature = signer.signature(string, request)
    names = signer.signed_headers(signer.headers_to_sign(request))
    return (f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={names}, "
            f"Signature={signature}"), canonical


def check(found, wanted, canonical, what):
    if found == wanted:
        return 0
    print(f"{what}\n  ours:     {found}\n  botocore: {wanted}\n  its canonical request:\n{canonical}\n")
    return 1


def check_signed(caller, seed):
    output = subprocess.run([caller, "sign", str(SIGNED), str(seed)], check=True,
                            capture_output=True).stdout
    wrong = count = 0
    for line in output.splitlines():
        made = json.loads(line)
        count += 1
        wanted, canonical = expected(
            made["method"], made["url"], made["headers"], bytes.fromhex(made["body_hex"]),
            Credentials(made["key"], made["secret"], made["token"] or None), made["service"],
            made["region"])
        wrong += check(made["headers"]["Authorization"], wanted, canonical, f"request {count}")
    return count, wrong


class Recorder(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.path, dict(self.headers.items()), body))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *args):
        pass


def check_called(caller, seed):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    server.seen = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    subprocess.run([caller, "call", str(CALLED), str(seed), base], check=True)
    server.shutdown()
    wrong = 0
    for number, (path, headers, body) in enumerate(server.seen):
        # Who the caller said it is: its key's number.
        given = headers["Authorization"].split("Credential=AKID")[1].split("/")[0]
        token = headers.get("X-Amz-Security-Token")
        assert token == (f"token/+={given}" if int(given) % 2 else None), headers
        signed = headers["Authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
        kept = {k: v for k, v in headers.items() if k.lower() in signed or k == "Authorization"}
        service = headers["Authorization"].split("/")[3]
        wanted, canonical = expected("POST", base + path, kept, body,
                                     Credentials(f"AKID{given}", f"secret{given}", token), service,
                                     "us-east-1")
        wrong += check(headers["Authorization"], wanted, canonical, f"call {number}")
    return len(server.seen), wrong


def main():
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**9)
    signed, wrong_signed = check_signed(sys.argv[1], seed)
    called, wrong_called = check_called(sys.argv[1], seed)
    print(f"{signed} signed, {called} called, {wrong_signed + wrong_called} wrong (seed {seed})")
    return 0 if wrong_signed + wrong_called == 0 and (signed, called) == (SIGNED, CALLED) else 1


if __name__ == "__main__":
    sys.exit(main())
