# SPDX-License-Identifier: Apache-2.0
"""An OAuth 2.0 authorization server that knows client credentials and nothing else (RFC 6749 section 4.4)."""
import base64
import json
import ssl
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CLIENT, SECRET = "agent one", "s3cret/&="


class TokenServer:
    def __init__(self, tokens, life_s=3600, pair=None):
        """tokens: given out one after the other, the last one again and again. pair: certificate and key, for https."""
        self.scheme = "https" if pair else "http"
        self.tokens, self.life_s = list(tokens), life_s
        self.forms, self.is_down = [], False
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.state = self
        if pair:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*pair)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return "%s://127.0.0.1:%d/token" % (self.scheme, self.server.server_address[1])

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_POST(self):
        state = self.server.state
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode()))
        scheme, _, pair = self.headers.get("authorization", "").partition(" ")
        given = [urllib.parse.unquote_plus(half) for half in base64.b64decode(pair).decode().split(":")]
        state.forms.append(form)
        if state.is_down:
            self.answer(503, {})
        elif scheme != "Basic" or given != [CLIENT, SECRET] or form.get("grant_type") != "client_credentials":
            self.answer(401, {"error": "invalid_client"})
        else:
            token = state.tokens.pop(0) if len(state.tokens) > 1 else state.tokens[0]
            self.answer(200, {"access_token": token, "token_type": "Bearer", "expires_in": state.life_s})

    def answer(self, code, message):
        body = json.dumps(message).encode()
        self.send_response(code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
