# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy in front of a back end, for what a back end cannot do by itself: break connections, show a certificate."""
import contextlib
import socket
import ssl
import struct
import subprocess
import threading

PART_BYTES = 16384
NO_LINGER = struct.pack("ii", 1, 0)  # closing resets


class Proxy:
    """target_port: on 127.0.0.1. cut_after: while set, a connection is reset once so many bytes came from the client.
    context: an ssl.SSLContext to answer with; new connections take the one of the moment."""

    def __init__(self, target_port, context=None):
        self.target_port, self.context, self.cut_after, self.cuts = target_port, context, None, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.connections, self.frozen = set(), set()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()
        self.reset_all()

    def reset_all(self):
        """Cuts every connection that is open."""
        for one in list(self.connections):
            self._reset(one)

    def freeze_all(self):
        """Passes nothing on any more on the connections that are open, and does not end them either."""
        self.frozen = set(self.connections)

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with contextlib.suppress(OSError):
            if self.context is not None:
                client = self.context.wrap_socket(client, server_side=True)  # a client that says no ends here
            self.connections.add(client)
            target = socket.create_connection(("127.0.0.1", self.target_port))
            threading.Thread(target=self._pump, args=(target, client), daemon=True).start()
            self._pump(client, target, counts=True)

    def _pump(self, source, sink, counts=False):
        came = 0
        with contextlib.suppress(OSError):
            while (part := source.recv(PART_BYTES)) and not {source, sink} & self.frozen:
                came += len(part)
                if counts and self.cut_after is not None and came > self.cut_after:
                    self.cuts += 1
                    self._reset(source)
                    break
                sink.sendall(part)
        if {source, sink} & self.frozen:
            return
        self.connections.discard(source)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    def _reset(self, connection):
        self.connections.discard(connection)
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            socket.socket.shutdown(connection, socket.SHUT_RD)  # wakes whoever reads
            connection.close()


def certificate(directory, name, days=1, alpn=("h2", "http/1.1")):
    """A self-signed certificate for localhost; days < 0: it has expired. Returns (its file, a context that shows it)."""
    key, request, file = (str(directory / (name + ending)) for ending in (".key", ".csr", ".pem"))
    quiet = {"check": True, "capture_output": True}
    subprocess.run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out",
                    request, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], **quiet)
    subprocess.run(["openssl", "x509", "-req", "-in", request, "-signkey", key, "-days", str(days), "-copy_extensions", "copy",
                    "-out", file], **quiet)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key)
    context.set_alpn_protocols(list(alpn))
    return file, context
