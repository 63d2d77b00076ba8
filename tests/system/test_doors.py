# SPDX-License-Identifier: Apache-2.0
"""Who may come in: bearer tokens, passwords, keys in headers; and unix sockets instead of ports."""
import base64
import http.client
import os
import pwd
import socket
import stat
import subprocess
import tempfile

import grpc
import pytest

import otlp
from agent import BINARY, Agent
from waiting import wait_for

REFUSED = "plimsoll_agent_refused_total"
GRPC_ENDPOINT, HTTP_ENDPOINT = "receivers.otlp.protocols.grpc.endpoint", "receivers.otlp.protocols.http.endpoint"


def protocols(**section):
    return {"receivers": {"otlp": {"protocols": {"grpc": section, "http": section}}}}


def call():
    message, spans = otlp.request()
    otlp.add_call(spans)
    return message


def grpc_code(agent, **metadata):
    """The status of one export; OK or the code's name."""
    try:
        otlp.send_grpc(agent.grpc_target, call(), metadata=tuple((k.replace("_", "-"), v) for k, v in metadata.items()))
        return "OK"
    except grpc.RpcError as error:
        return error.code().name


def http_answer(agent, **headers):
    status, answer, _ = otlp.send_http(agent.http_url, call(), **headers)
    return status, answer.get("WWW-Authenticate")


def basic(user, password):
    return "Basic " + base64.b64encode(("%s:%s" % (user, password)).encode()).decode()


def hashed(password, method="6"):
    """What crypt(3) makes of it."""
    return subprocess.run(["openssl", "passwd", "-" + method, password], capture_output=True, text=True, check=True).stdout.strip()


def test_bearer_tokens_let_in_and_nothing_else_does(start_agent):
    agent = start_agent(protocols(auth={"bearer": {"token": "s3cret-token"}}))
    assert grpc_code(agent, authorization="Bearer s3cret-token") == "OK"
    assert grpc_code(agent, authorization="bearer s3cret-token") == "OK"
    for wrong in ("Bearer s3cret-toke", "Bearer s3cret-token2", "Bearer", "Bearer ", "s3cret-token", basic("a", "b")):
        assert grpc_code(agent, authorization=wrong) == "UNAUTHENTICATED", wrong
    assert grpc_code(agent) == "UNAUTHENTICATED"
    assert http_answer(agent, authorization="Bearer s3cret-token") == (200, None)
    assert http_answer(agent, authorization="Bearer other") == (401, 'Bearer realm="plimsoll"')
    assert http_answer(agent) == (401, 'Bearer realm="plimsoll"')
    assert agent.metric("plimsoll_agent_accepted_total") == 3
    assert agent.metric(REFUSED, transport="grpc", reason="unauthenticated") == 7
    assert agent.metric(REFUSED, transport="http", reason="unauthenticated") == 2
    assert "s3cret" not in agent.output


def test_tokens_of_a_file_are_changed_one_after_the_other(start_agent, tmp_path):
    tokens = tmp_path / "tokens"
    tokens.write_text("# senders\nold-token\n")
    agent = start_agent(protocols(auth={"bearer": {"filename": str(tokens)}}))
    assert http_answer(agent, authorization="Bearer new-token")[0] == 401
    tokens.write_text("old-token\nnew-token\n")
    wait_for(lambda: http_answer(agent, authorization="Bearer new-token")[0] == 200, "the new token", 30)
    assert http_answer(agent, authorization="Bearer old-token")[0] == 200


def test_passwords_are_checked_against_their_hashes(start_agent, tmp_path):
    users = tmp_path / "htpasswd"
    users.write_text("anna:%s\nbert:%s\n" % (hashed("pass:word"), hashed("b")))
    agent = start_agent(protocols(auth={"basic": {"htpasswd": {"file": str(users)}}}))
    assert grpc_code(agent, authorization=basic("anna", "pass:word")) == "OK"
    assert http_answer(agent, authorization=basic("bert", "b")) == (200, None)
    assert http_answer(agent, authorization=basic("bert", "pass:word")) == (401, 'Basic realm="plimsoll"')
    assert http_answer(agent, authorization=basic("nobody", "b"))[0] == 401
    assert http_answer(agent, authorization="Basic !!!")[0] == 401


def test_guessing_passwords_does_not_hold_up_those_who_know_theirs(start_agent):
    agent = start_agent(protocols(auth={"basic": {"htpasswd": {"inline": "anna:" + hashed("right")}}}))
    assert http_answer(agent, authorization=basic("anna", "right"))[0] == 200
    answers = {http_answer(agent, authorization=basic("anna", "guess %d" % i))[0] for i in range(30)}
    assert answers == {401, 503}
    assert http_answer(agent, authorization=basic("anna", "right"))[0] == 200


def test_keys_come_in_a_header_of_any_name(start_agent):
    agent = start_agent(protocols(auth={"header": {"name": "X-Api-Key", "key": "k-123"}, "bearer": {"token": "t-123"}}))
    assert grpc_code(agent, x_api_key="k-123") == "OK"
    assert grpc_code(agent, authorization="Bearer t-123") == "OK"
    assert grpc_code(agent, x_api_key="t-123") == "UNAUTHENTICATED"
    assert http_answer(agent, x_api_key="k-123")[0] == 200
    assert http_answer(agent, x_api_key="k-1234") == (401, 'Bearer realm="plimsoll", ApiKey realm="plimsoll"')


def test_health_checks_need_no_token(start_agent):
    agent = start_agent(protocols(auth={"bearer": {"token": "t"}}))
    with grpc.insecure_channel(agent.grpc_target) as channel:
        assert channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=10) == b"\x08\x01"


# ---------------------------------------------------------------- unix sockets

class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.socket_path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self.socket_path)


def ask(path, method, url, body=None, kind="application/x-protobuf"):
    connection = UnixConnection(path)
    connection.request(method, url, body, {"content-type": kind})
    answer = connection.getresponse()
    return answer.status, answer.read()


@pytest.fixture
def sockets(tmp_path_factory):
    """A folder whose path is short enough for a socket."""
    return tmp_path_factory.mktemp("s")


def on_sockets(folder, **admin):
    return {"receivers": {"otlp": {"protocols": {"grpc": {"endpoint": "unix:%s" % (folder / "grpc")},
                                                 "http": {"endpoint": "unix://%s" % (folder / "http"), "socket_mode": "0600"}}}},
            "admin": {"endpoint": "unix:%s" % (folder / "admin"), **admin}}


def start_on_sockets(start_agent, folder, **more):
    agent = start_agent(on_sockets(folder), launch_only=True, **more)
    agent.wait_for_output("metrics +unix:")
    return agent


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_everything_works_over_unix_sockets(start_agent, sockets):
    agent = start_on_sockets(start_agent, sockets)
    assert (mode_of(sockets / "grpc"), mode_of(sockets / "http"), mode_of(sockets / "admin")) == (0o660, 0o600, 0o660)
    otlp.send_grpc("unix:%s" % (sockets / "grpc"), call())
    assert ask(sockets / "http", "POST", "/v1/traces", call().SerializeToString())[0] == 200
    text = ask(sockets / "admin", "GET", "/metrics")[1].decode()
    assert 'plimsoll_agent_accepted_total{signal="traces",transport="grpc"} 1' in text
    assert 'plimsoll_agent_accepted_total{signal="traces",transport="http"} 1' in text
    agent.stop()
    assert os.listdir(sockets) == []


def test_who_comes_by_unix_socket_may_change_state(start_agent, sockets):
    start_on_sockets(start_agent, sockets)
    body = b'{"trace_id":"0af7651916cd43dd8448eb211c80319c","signal":"thumbs_up"}'
    assert ask(sockets / "admin", "POST", "/api/v1/feedback", body, "application/json")[0] in (200, 202)


def test_commands_reach_the_agent_by_its_socket(start_agent, sockets):
    start_on_sockets(start_agent, sockets)
    for url in ("unix:%s" % (sockets / "admin"), "unix://%s" % (sockets / "admin")):
        done = subprocess.run([BINARY, "alerts", "list", "--agent", url], capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
    done = subprocess.run([BINARY, "alerts", "list", "--agent", "unix:%s" % (sockets / "none")], capture_output=True, text=True)
    assert done.returncode == 3 and "unix:" in done.stderr


def test_a_stale_socket_is_replaced_and_a_live_one_is_not(start_agent, sockets, tmp_path):
    agent = start_on_sockets(start_agent, sockets)
    agent.kill()
    assert len(os.listdir(sockets)) == 3
    start_on_sockets(start_agent, sockets)
    otlp.send_grpc("unix:%s" % (sockets / "grpc"), call())
    (tmp_path / "second").mkdir()
    second = start_agent(on_sockets(sockets), launch_only=True, directory=tmp_path / "second")
    assert "another process does; stop it, or change " + GRPC_ENDPOINT in second.expect_exit(3)
    otlp.send_grpc("unix:%s" % (sockets / "grpc"), call())


def test_what_is_no_socket_is_left_alone(start_agent, sockets):
    (sockets / "http").write_text("precious")
    agent = start_agent(on_sockets(sockets), launch_only=True)
    assert "there is a file that is no socket" in agent.expect_exit(3)
    assert (sockets / "http").read_text() == "precious"


# ---------------------------------------------------------------- who the agent is, and what it says of itself

def test_open_doors_are_told_of_and_closed_ones_are_not(start_agent, tmp_path):
    opened = {"endpoint": "0.0.0.0:0"}
    agent = start_agent({"receivers": {"otlp": {"protocols": {"grpc": opened, "http": {**opened, "auth": {"bearer": {"token": "t"}}}}}}})
    agent.wait_for_output('event=open_to_network listeners="receivers.otlp.protocols.grpc: no tls, no auth; '
                          'receivers.otlp.protocols.http: no tls"')
    (tmp_path / "closed").mkdir()
    assert "open_to_network" not in start_agent(directory=tmp_path / "closed").output


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_becomes_the_user_before_anything_is_made():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        agent = Agent(folder, {"user": "nobody"}).start()
        try:
            status = open("/proc/%d/status" % agent.process.pid).read()
            nobody = pwd.getpwnam("nobody").pw_uid
            assert "Uid:\t%d\t%d\t%d\t%d" % ((nobody,) * 4) in status
            assert "CapEff:\t0000000000000000" in status and "NoNewPrivs:\t1" in status
            assert {p.stat().st_uid for p in (agent.directory / "state").rglob("*")} == {nobody}
            otlp.send_grpc(agent.grpc_target, call())
        finally:
            agent.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_state_folder_of_somebody_else_is_named(start_agent, tmp_path):
    (tmp_path / "state").mkdir(mode=0o700)
    agent = start_agent({"user": "nobody"}, launch_only=True)
    assert "chown -R nobody '%s'" % (tmp_path / "state") in agent.expect_exit(3)
    agent = start_agent({"user": "nosuchuser"}, launch_only=True)
    assert "knows no user 'nosuchuser'" in agent.expect_exit(2)
