# SPDX-License-Identifier: Apache-2.0
"""Receives alert notifications and checks their Standard Webhooks signature (standardwebhooks.com, version v1)."""
import base64
import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from waiting import wait_for

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
TOLERANCE_S = 300


def is_signed(headers, body, secret=SECRET):
    """Whether one of the listed signatures is that of id.timestamp.body."""
    if abs(time.time() - int(headers["webhook-timestamp"])) > TOLERANCE_S:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    want = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(want, given) for given in headers["webhook-signature"].split(" "))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(self.server.webhook.take({k.lower(): v for k, v in self.headers.items()}, body))
        self.send_header("content-length", "0")
        self.end_headers()


class Webhook:
    def __init__(self):
        self.accepted, self.failed = [], []  # (headers, body) in order
        self.fail_next = 0
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.webhook = self
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return "http://127.0.0.1:%d/alerts" % self.server.server_address[1]

    def take(self, headers, body):
        with self.lock:
            if self.fail_next > 0:
                self.fail_next -= 1
                self.failed.append((headers, body))
                return 500
            self.accepted.append((headers, body))
            return 204

    def notifications(self):
        """The accepted bodies, each with its signature checked."""
        with self.lock:
            for headers, body in self.accepted:
                assert is_signed(headers, body), "bad signature: %s" % headers
            return [json.loads(body) for _, body in self.accepted]

    def wait_for_notifications(self, count, timeout=30):
        wait_for(lambda: len(self.accepted) >= count,
                 lambda: "%d notifications, there are %d" % (count, len(self.accepted)), timeout)
        return self.notifications()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
