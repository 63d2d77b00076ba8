# SPDX-License-Identifier: Apache-2.0
"""An OTLP back end that keeps what it receives, byte for byte, over gRPC and over HTTP, and that can be told to fail."""
import gzip
import sys
import threading
import time
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from google.protobuf import duration_pb2
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from waiting import wait_for

REQUESTS = {"traces": ExportTraceServiceRequest, "logs": ExportLogsServiceRequest, "metrics": ExportMetricsServiceRequest}
METHODS = {"/opentelemetry.proto.collector.%s.v1.%sService/Export" % (folder, service): signal for folder, service, signal
           in (("trace", "Trace", "traces"), ("logs", "Logs", "logs"), ("metrics", "Metrics", "metrics"))}


class Received:
    def __init__(self, transport, signal, headers, body):
        self.transport, self.signal, self.headers, self.body = transport, signal, headers, body

    @property
    def message(self):
        return REQUESTS[self.signal].FromString(self.body)


class Failure:
    """What to answer instead of OK. retry_after_s: sent as Retry-After or RetryInfo. permanent: 400, INVALID_ARGUMENT.
    too_big: 413, RESOURCE_EXHAUSTED. http_code: another one over HTTP."""

    def __init__(self, retry_after_s=None, permanent=False, too_big=False, http_code=None):
        self.retry_after_s, self.permanent, self.too_big = retry_after_s, permanent, too_big
        self.http_code = http_code or (413 if too_big else 400 if permanent else 503)


def attributes(span):
    """{key: plain value} of a span."""
    return {a.key: getattr(a.value, a.value.WhichOneof("value") or "string_value") for a in span.attributes}


def spans_of(message):
    return [span for resource in message.resource_spans for scope in resource.scope_spans for span in scope.spans]


class Backend:
    """grpc_port, http_port: 0 lets the system choose."""

    def __init__(self, grpc_port=0, http_port=0):
        self.received, self.refused = [], []
        self.failures = []      # answered first, one a request
        self.always_fail = None  # answered to every request while it is set
        self.delay_s = 0
        self.max_bytes = None   # larger requests are answered 413, RESOURCE_EXHAUSTED
        self.poison = None      # bytes: requests that hold them are answered 400, INVALID_ARGUMENT
        self.changed = threading.Condition()
        self._start_grpc(grpc_port)
        self._start_http(http_port)

    # ------------------------------------------------------------------ what tests ask
    def spans(self):
        return [span for r in self.snapshot() if r.signal == "traces" for span in spans_of(r.message)]

    def span(self, name):
        found = [s for s in self.spans() if s.name == name]
        assert len(found) == 1, "%d spans are named %r" % (len(found), name)
        return found[0]

    def wait_for_spans(self, count, timeout=20):
        wait_for(lambda: len(self.spans()) >= count, lambda: "%d spans at the back end, there are %d" % (
            count, len(self.spans())), timeout)
        return self.spans()

    def snapshot(self):
        with self.changed:
            return list(self.received)

    # ------------------------------------------------------------------ how it answers
    def take(self, request):
        """Keeps the request, or returns the Failure to answer."""
        time.sleep(self.delay_s)
        with self.changed:
            failure = self.failures.pop(0) if self.failures else self.always_fail
            if failure is None and self.max_bytes is not None and len(request.body) > self.max_bytes:
                failure = Failure(too_big=True)
            if failure is None and self.poison is not None and self.poison in request.body:
                failure = Failure(permanent=True)
            (self.refused if failure else self.received).append(request)
            self.changed.notify_all()
        return failure

    def _start_grpc(self, port):
        options = [("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", 64 << 20)]
        self.grpc_server = grpc.server(futures.ThreadPoolExecutor(8), options=options)
        self.grpc_server.add_generic_rpc_handlers([GrpcHandler(self)])
        self.grpc_port = self.grpc_server.add_insecure_port("127.0.0.1:%d" % port)
        self.grpc_server.start()

    def _start_http(self, port):
        self.http_server = HttpServer(("127.0.0.1", port), HttpHandler)
        self.http_server.backend = self
        self.http_port = self.http_server.server_address[1]
        threading.Thread(target=self.http_server.serve_forever, daemon=True).start()

    @property
    def grpc_target(self):
        return "127.0.0.1:%d" % self.grpc_port

    @property
    def http_url(self):
        return "http://127.0.0.1:%d" % self.http_port

    def close(self):
        self.grpc_server.stop(None).wait()
        self.http_server.shutdown()
        self.http_server.server_close()


class GrpcHandler(grpc.GenericRpcHandler):
    def __init__(self, backend):
        self.backend = backend

    def service(self, details):
        signal = METHODS.get(details.method)
        if signal is None:
            return None
        return grpc.unary_unary_rpc_method_handler(lambda body, context: self.export(signal, body, context))

    def export(self, signal, body, context):
        failure = self.backend.take(Received("grpc", signal, dict(context.invocation_metadata()), body))
        if failure is None:
            return b""
        code = grpc.StatusCode.INVALID_ARGUMENT if failure.permanent else grpc.StatusCode.UNAVAILABLE
        if failure.too_big:
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "received message larger than max")
        if failure.retry_after_s is not None:
            status = status_pb2.Status(code=code.value[0], message="told to fail")
            delay = duration_pb2.Duration(nanos=int(failure.retry_after_s * 1e9) % 10**9, seconds=int(failure.retry_after_s))
            status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=delay))
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(code, "told to fail")


class HttpServer(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a client that was killed is no news
            super().handle_error(request, client_address)


class HttpHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])) if "content-length" in self.headers else self.chunks()
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        headers = {k.lower(): v for k, v in self.headers.items()}
        failure = self.server.backend.take(Received("http", self.path.rsplit("/", 1)[1], headers, body))
        self.send_response(200 if failure is None else failure.http_code)
        if failure is not None and failure.retry_after_s is not None:
            self.send_header("retry-after", str(failure.retry_after_s))
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def chunks(self):
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body
