# SPDX-License-Identifier: Apache-2.0
"""How exporters reach a guarded peer, which is another agent: TLS and mutual TLS, unix sockets, passwords, tokens."""
import pytest

import otlp
from certificates import SERVER_NAME, Authority, tls
from test_doors import hashed, protocols
from test_tls import Rotating
from token_server import CLIENT, SECRET, TokenServer
from waiting import wait_for

QUICK = {"retry_on_failure": {"initial_interval": "50ms", "max_interval": "200ms"}}
ACCEPTED = "plimsoll_agent_accepted_total"
KINDS = {"grpc": "otlp/peer", "http": "otlphttp/peer"}


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def server(ca):
    return ca.issue("server")


@pytest.fixture
def start_peer(start_agent, tmp_path):
    """The agent that receives; every second one of a test needs a folder of its own."""

    def start(changes):
        (tmp_path / "peer").mkdir()
        return start_agent(changes, directory=tmp_path / "peer")

    return start


@pytest.fixture
def token_server():
    servers = []

    def start(*arguments, **named):
        servers.append(TokenServer(*arguments, **named))
        return servers[-1]

    yield start
    for s in servers:
        s.close()


def exporting(protocol, peer, scheme="http", **more):
    host = "127.0.0.1:%d" % peer.ports[protocol]  # a name would be looked up by c-ares, which leaks a few bytes
    endpoint = host if protocol == "grpc" and scheme == "https" else "%s://%s" % (scheme, host)
    return {"exporters": {KINDS[protocol]: {"endpoint": endpoint, **QUICK, **more}}}


def send(agent, count=1):
    message, spans = otlp.request()
    for _ in range(count):
        otlp.add_call(spans)
    otlp.send_grpc(agent.grpc_target, message)


def failures(agent):
    return agent.metric("plimsoll_agent_export_failures_total") or 0


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_mutual_tls_to_a_peer_with_another_name(start_agent, start_peer, ca, server, protocol):
    peer = start_peer(protocols(tls=tls(server, client_ca_file=ca.file)))
    agent = start_agent(exporting(protocol, peer, "https", tls={
        **tls(ca.issue("exporter"), ca_file=ca.file), "server_name_override": SERVER_NAME}))
    send(agent)
    peer.wait_for_metric(ACCEPTED, 1)


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_a_peer_of_a_wrong_name_or_authority_gets_nothing(start_agent, start_peer, ca, server, tmp_path, protocol):
    peer = start_peer(protocols(tls=tls(server)))
    other = Authority(tmp_path / "other", "other")
    changes = exporting(protocol, peer, "https", tls={"ca_file": str(other.file)})
    changes["exporters"][KINDS[protocol] + "2"] = {
        **changes["exporters"][KINDS[protocol]], "tls": {"ca_file": str(ca.file), "server_name_override": "someone.else"}}
    for exporter in changes["exporters"].values():
        exporter["retry_on_failure"] = {"enabled": False}
    agent = start_agent(changes)
    send(agent)
    for name in (KINDS[protocol], KINDS[protocol] + "2"):
        agent.wait_for_metric("plimsoll_agent_export_failures_total", 1, exporter=name)
    assert not peer.metric(ACCEPTED)


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_a_new_client_certificate_is_used_without_a_restart(start_agent, start_peer, ca, server, tmp_path, protocol):
    next_ca = Authority(tmp_path / "next", "next")
    files = Rotating(tmp_path, Authority(tmp_path / "old", "old").issue("exporter"))
    peer = start_peer(protocols(tls=tls(server, client_ca_file=next_ca.file)))
    agent = start_agent(exporting(protocol, peer, "https", tls=tls(files.pair, ca_file=ca.file, reload_interval="100ms")))
    send(agent, 3)
    wait_for(lambda: failures(agent) >= 1, "a refusal")
    files.put(next_ca.issue("fresh"))
    peer.wait_for_metric(ACCEPTED, 3)
    assert not agent.metric("plimsoll_agent_dropped_total")


@pytest.mark.parametrize("protocol", ["grpc", "http"])
@pytest.mark.parametrize("auth", [{"bearer_token": "b3arer-tok"}, {"basic": {"username": "anna", "password": "pw"}}], ids=["bearer", "basic"])
def test_exporters_say_who_they_are(start_agent, start_peer, protocol, auth):
    peer = start_peer(protocols(auth={"bearer": {"token": "b3arer-tok"}, "basic": {"htpasswd": {"inline": "anna:" + hashed("pw")}}}))
    agent = start_agent(exporting(protocol, peer, auth=auth))
    send(agent)
    peer.wait_for_metric(ACCEPTED, 1)
    assert "b3arer-tok" not in agent.output and failures(agent) == 0


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_tokens_are_fetched_kept_and_exchanged_when_refused(start_agent, start_peer, token_server, tmp_path, protocol):
    accepted = tmp_path / "tokens"
    accepted.write_text("first\n")
    issuer = token_server(["first", "second"])
    peer = start_peer(protocols(auth={"bearer": {"filename": str(accepted)}}))
    agent = start_agent(exporting(protocol, peer, auth={"oauth2client": {
        "client_id": CLIENT, "client_secret": SECRET, "token_url": issuer.url, "scopes": ["otlp.write", "b"],
        "endpoint_params": {"audience": "https://peer/"}}}))
    send(agent)
    peer.wait_for_metric(ACCEPTED, 1)
    send(agent)
    peer.wait_for_metric(ACCEPTED, 2)
    assert issuer.forms == [{"grant_type": "client_credentials", "scope": "otlp.write b", "audience": "https://peer/"}]
    accepted.write_text("second\n")
    peer.wait_for_metric("plimsoll_agent_file_reloads_total", 1, key="receivers.otlp.protocols.%s.auth.bearer" % protocol,
                         result="applied")
    send(agent)
    peer.wait_for_metric(ACCEPTED, 3)
    assert len(issuer.forms) == 2
    assert not agent.metric("plimsoll_agent_dropped_total")


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_without_a_token_nothing_is_lost(start_agent, start_peer, token_server, protocol):
    issuer = token_server(["only"])
    issuer.is_down = True
    peer = start_peer(protocols(auth={"bearer": {"token": "only"}}))
    agent = start_agent(exporting(protocol, peer, auth={"oauth2client": {
        "client_id": CLIENT, "client_secret": SECRET, "token_url": issuer.url}}))
    send(agent, 2)
    wait_for(lambda: len(issuer.forms) >= 2, "token requests")
    issuer.is_down = False
    peer.wait_for_metric(ACCEPTED, 2)
    assert not agent.metric("plimsoll_agent_dropped_total")
    agent.wait_for_output("event=token_failed exporter=\"%s\" code=503" % KINDS[protocol])
    assert SECRET not in agent.output and "only" not in agent.output


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_the_authorization_server_is_known_by_its_own_authority(start_agent, start_peer, ca, server, token_server, tmp_path, protocol):
    elsewhere = Authority(tmp_path / "elsewhere", "elsewhere")
    issuer = token_server(["only"], pair=elsewhere.issue("issuer"))
    peer = start_peer(protocols(tls=tls(server), auth={"bearer": {"token": "only"}}))
    agent = start_agent(exporting(
        protocol, peer, "https", tls={"ca_file": str(ca.file), "server_name_override": SERVER_NAME},
        auth={"oauth2client": {"client_id": CLIENT, "client_secret": SECRET, "token_url": issuer.url,
                               "tls": {"ca_file": str(elsewhere.file)}}}))
    send(agent)
    peer.wait_for_metric(ACCEPTED, 1)
    assert failures(agent) == 0


def test_a_token_is_renewed_before_it_expires(start_agent, start_peer, token_server):
    issuer = token_server(["one", "two"], life_s=2)
    peer = start_peer(protocols(auth={"bearer": {"filename": "/dev/null", "token": "one"}, "header": {"name": "authorization", "key": "Bearer two"}}))
    agent = start_agent(exporting("http", peer, auth={"oauth2client": {
        "client_id": CLIENT, "client_secret": SECRET, "token_url": issuer.url}}))
    sent = 0
    while len(issuer.forms) < 2 and sent < 100:
        send(agent)
        sent += 1
        peer.wait_for_metric(ACCEPTED, sent)
    assert len(issuer.forms) == 2 and failures(agent) == 0


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_exporters_reach_unix_sockets(start_agent, tmp_path_factory, protocol):
    path = tmp_path_factory.mktemp("s") / "otlp"
    other = {"grpc": "http", "http": "grpc"}[protocol]
    peer_config = {"receivers": {"otlp": {"protocols": {protocol: {"endpoint": "unix:%s" % path}, other: None}}}}
    peer = start_agent(peer_config, directory=tmp_path_factory.mktemp("peer"), launch_only=True)
    peer.wait_for_output("metrics +http:")
    wait_for(peer.is_ready, "/readyz")
    agent = start_agent({"exporters": {KINDS[protocol]: {"endpoint": "unix://%s" % path, **QUICK}}})
    send(agent)
    peer.wait_for_metric(ACCEPTED, 1)
