# SPDX-License-Identifier: Apache-2.0
"""TLS and mutual TLS of the receivers and of the admin endpoint, with the SDK's own exporters; certificates that change
while spans come in."""
import shutil
import socket
import ssl
import threading
import urllib.error
import urllib.request
from types import SimpleNamespace

import grpc
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult

import otlp
from certificates import Authority, tls
from waiting import wait_for

EXPIRY = "plimsoll_agent_certificate_expiry_timestamp_seconds"
RELOADS = "plimsoll_agent_file_reloads_total"
GRPC_KEY, HTTP_KEY = "receivers.otlp.protocols.grpc.tls", "receivers.otlp.protocols.http.tls"


@pytest.fixture(autouse=True)
def no_bundle_of_the_machine(monkeypatch):
    """Where these are set, the HTTP exporter looks there and not where it is told."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def pairs(ca):
    return SimpleNamespace(server=ca.issue("server"), client=ca.issue("client"), expired=ca.issue("expired", expired=True),
                           stranger=Authority(ca.directory / "other", "other").issue("stranger"))


def receivers(**section):
    return {"receivers": {"otlp": {"protocols": {"grpc": section, "http": section}}}}


class Keeping:
    """A span exporter that remembers what became of each export."""

    def __init__(self, inner):
        self.inner, self.results = inner, []

    def export(self, spans):
        self.results.append(self.inner.export(spans))
        return self.results[-1]

    def shutdown(self):
        self.inner.shutdown()

    def force_flush(self, timeout_millis=30000):
        return True


def exporter(agent, protocol, ca_file, client=None, headers=None, timeout=4):
    certificate, key = client or (None, None)
    if protocol == "grpc":
        credentials = grpc.ssl_channel_credentials(ca_file.read_bytes(), key and key.read_bytes(),
                                                   certificate and certificate.read_bytes())
        return GrpcExporter("https://" + agent.grpc_target, credentials=credentials, headers=headers, timeout=timeout)
    return HttpExporter(agent.https_url + "/v1/traces", certificate_file=str(ca_file), timeout=timeout, headers=headers,
                        client_key_file=key and str(key), client_certificate_file=certificate and str(certificate))


def export_one(agent, protocol, *arguments, **named):
    """Whether one span was taken."""
    keeping = Keeping(exporter(agent, protocol, *arguments, **named))
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(keeping))
    with provider.get_tracer("test").start_as_current_span("one"):
        pass
    provider.shutdown()
    return keeping.results == [SpanExportResult.SUCCESS]


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_spans_come_over_tls_and_the_server_is_who_it_says(start_agent, ca, pairs, protocol):
    agent = start_agent(receivers(tls=tls(pairs.server)))
    assert export_one(agent, protocol, ca.file)
    assert not export_one(agent, protocol, ca.directory / "other" / "other.pem", timeout=1)
    agent.wait_for_metric("plimsoll_agent_accepted_total", 1)
    assert agent.metric("plimsoll_agent_accepted_total", transport=protocol) == 1
    assert agent.metric(EXPIRY, key=GRPC_KEY) == agent.metric(EXPIRY, key=HTTP_KEY) > 0


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_with_a_client_ca_only_clients_with_a_certificate_come_in(start_agent, ca, pairs, protocol):
    agent = start_agent(receivers(tls=tls(pairs.server, client_ca_file=ca.file)))
    assert export_one(agent, protocol, ca.file, pairs.client)
    assert not export_one(agent, protocol, ca.file, timeout=1)
    assert not export_one(agent, protocol, ca.file, pairs.stranger, timeout=1)
    assert not export_one(agent, protocol, ca.file, pairs.expired, timeout=1)
    assert agent.metric("plimsoll_agent_accepted_total", transport=protocol) == 1


def test_plain_text_is_not_spoken_where_tls_is(start_agent, pairs):
    agent = start_agent(receivers(tls=tls(pairs.server)))
    message, spans = otlp.request()
    otlp.add_call(spans)
    with pytest.raises(grpc.RpcError):
        otlp.send_grpc(agent.grpc_target, message, timeout=2)
    with pytest.raises(OSError):
        otlp.send_http(agent.https_url.replace("https", "http"), message, timeout=2)


def test_an_expired_certificate_is_told_of(start_agent, ca, pairs):
    agent = start_agent(receivers(tls=tls(pairs.expired)))
    agent.wait_for_output(r"event=certificate key=\S+ state=expired")
    assert not export_one(agent, "http", ca.file, timeout=1)


def test_min_version_is_kept(start_agent, ca, pairs):
    agent = start_agent({"receivers": {"otlp": {"protocols": {"http": {"tls": tls(pairs.server, min_version="1.3")}}}}})
    context = ssl.create_default_context(cafile=ca.file)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(agent.https_url, context=context, timeout=5)
    assert export_one(agent, "http", ca.file)


class Rotating:
    """Certificate files in use, which can be exchanged."""

    def __init__(self, directory, pair):
        self.pair = (directory / "in_use.pem", directory / "in_use.key")
        self.put(pair)

    def put(self, pair):
        for source, target in zip(pair, self.pair):
            fresh = target.with_suffix(".new")
            shutil.copy(source, fresh)
            fresh.rename(target)


def serial_of(agent, ca):
    """Of the certificate that the HTTP port shows now."""
    context = ssl.create_default_context(cafile=ca.file)
    with socket.create_connection(("localhost", agent.ports["http"]), timeout=5) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as secured:
            return int(secured.getpeercert()["serialNumber"], 16)


def test_certificates_change_without_restart_and_without_a_lost_span(start_agent, ca, tmp_path):
    first, second = ca.issue("first", serial=1001), ca.issue("second", serial=1002)
    files = Rotating(tmp_path, first)
    agent = start_agent(receivers(tls=tls(files.pair, reload_interval="100ms")))
    senders = {p: Keeping(exporter(agent, p, ca.file)) for p in ("grpc", "http")}
    stop = threading.Event()

    def send(protocol):
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(senders[protocol]))
        while not stop.is_set():
            with provider.get_tracer("test").start_as_current_span("steady"):
                pass
            stop.wait(0.01)

    threads = [threading.Thread(target=send, args=(p,)) for p in senders]
    for thread in threads:
        thread.start()
    assert serial_of(agent, ca) == 1001
    files.put(second)
    wait_for(lambda: serial_of(agent, ca) == 1002, "the new certificate")
    assert export_one(agent, "grpc", ca.file)
    stop.set()
    for thread in threads:
        thread.join()
    sent = sum(len(s.results) for s in senders.values())
    assert all(r == SpanExportResult.SUCCESS for s in senders.values() for r in s.results)
    agent.wait_for_metric("plimsoll_agent_accepted_total", sent + 1)
    assert agent.metric("plimsoll_agent_accepted_total") == sent + 1
    for key in (HTTP_KEY, GRPC_KEY):
        agent.wait_for_metric(RELOADS, 1, key=key, result="applied")
        assert agent.metric(RELOADS, key=key, result="applied") == 1


def test_grpc_shows_the_new_certificate_too(start_agent, ca, tmp_path):
    other = Authority(tmp_path / "next", "next")
    files = Rotating(tmp_path, ca.issue("old"))
    agent = start_agent(receivers(tls=tls(files.pair, reload_interval="100ms")))
    assert export_one(agent, "grpc", ca.file) and not export_one(agent, "grpc", other.file, timeout=1)
    files.put(other.issue("new"))
    agent.wait_for_metric(RELOADS, 1, key=GRPC_KEY, result="applied")
    assert export_one(agent, "grpc", other.file) and not export_one(agent, "grpc", ca.file, timeout=1)


def test_a_broken_new_file_keeps_the_old_certificate_and_says_so(start_agent, ca, pairs, tmp_path):
    files = Rotating(tmp_path, pairs.server)
    agent = start_agent(receivers(tls=tls(files.pair, reload_interval="100ms")))
    files.pair[0].write_text("not a certificate")
    agent.wait_for_metric(RELOADS, 1, key=HTTP_KEY, result="refused")
    agent.wait_for_output("event=files_refused key=%s .*cert_file holds no PEM certificate" % HTTP_KEY)
    assert export_one(agent, "http", ca.file) and export_one(agent, "grpc", ca.file)
    files.put((pairs.server[0], pairs.client[1]))
    agent.wait_for_output("event=files_refused key=%s .*do not belong together" % GRPC_KEY)
    files.put(pairs.client)
    agent.wait_for_metric(RELOADS, 1, key=GRPC_KEY, result="applied")
    assert export_one(agent, "grpc", ca.file)


def test_a_certificate_that_cannot_be_used_stops_the_start(start_agent, pairs, tmp_path):
    agent = start_agent(receivers(tls=tls((pairs.server[0], pairs.client[1]))), launch_only=True)
    assert "%s: cert_file and key_file do not belong together" % GRPC_KEY in agent.expect_exit(2)
    agent = start_agent(receivers(tls=tls((pairs.server[0], tmp_path / "none.key"))), launch_only=True)
    assert "cannot read '%s'" % (tmp_path / "none.key") in agent.expect_exit(3)


def test_the_admin_endpoint_speaks_tls(start_agent, ca, pairs):
    agent = start_agent({"admin": {"tls": tls(pairs.server, client_ca_file=ca.file)}}, launch_only=True)
    agent.wait_for_output("metrics +https://")
    url = "https://localhost:%d/metrics" % agent.ports["metrics"]
    context = ssl.create_default_context(cafile=ca.file)
    with pytest.raises((ssl.SSLError, OSError)):
        urllib.request.urlopen(url, context=context, timeout=5).read()
    context.load_cert_chain(*pairs.client)
    text = urllib.request.urlopen(url, context=context, timeout=5).read().decode()
    assert '%s{key="admin.tls"}' % EXPIRY in text
