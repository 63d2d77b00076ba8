# SPDX-License-Identifier: Apache-2.0
"""SDKs in browsers: pages of the configured origins may send, after a preflight that needs no credentials; others may not."""
import http.client
import http.server
import json
import threading

import pytest

from browser import Browser
from test_doors import protocols
from waiting import wait_for

ORIGIN = "https://shop.example"
ASK = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
SEND = """(async () => {
    const answer = await fetch(%s, {method: 'POST', headers: {'content-type': 'application/json', ...%s}, body: %s});
    return [answer.status, await answer.text()];
})().catch(error => ['failed', String(error)])"""


def receiving(**cors):
    return {"receivers": {"otlp": {"protocols": {"http": {"cors": cors}}}}}


def ask(agent, method="OPTIONS", body=None, path="/v1/traces", **headers):
    """(status, headers in lower case)"""
    connection = http.client.HTTPConnection("127.0.0.1", agent.ports["http"], timeout=10)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}


def granted(headers):
    return {name: value for name, value in headers.items() if name.startswith("access-control-")}


def test_without_configuration_nobody_is_welcome(start_agent):
    agent = start_agent()
    status, headers = ask(agent, **ASK)
    assert status == 405 and not granted(headers) and "vary" not in headers


def test_a_preflight_says_what_a_page_may_send(start_agent):
    agent = start_agent(receiving(allowed_origins=["https://*.example"], allowed_headers=["x-team"], max_age=600))
    status, headers = ask(agent, **{**ASK, "Access-Control-Request-Headers": "content-type, x-team"})
    assert status == 204
    assert granted(headers) == {
        "access-control-allow-origin": ORIGIN, "access-control-allow-credentials": "true",
        "access-control-allow-methods": "POST", "access-control-allow-headers": "content-type, x-team",
        "access-control-max-age": "600"}
    assert headers["vary"].startswith("Origin")
    for change in ({"Origin": "https://evil"}, {"Access-Control-Request-Headers": "x-other"},
                   {"Access-Control-Request-Method": "DELETE"}):
        status, headers = ask(agent, **{**ASK, **change})
        assert status == 204 and not granted(headers)
    assert ask(agent)[0] == 405  # no preflight, but a method that is not taken
    assert not agent.metric("plimsoll_agent_requests_total", transport="http")


def test_answers_may_be_read_by_the_page_that_asked(start_agent):
    agent = start_agent(receiving(allowed_origins=[ORIGIN]))
    for path, kind, want in (("/v1/traces", "application/json", 200), ("/v1/nothing", "application/json", 404),
                             ("/v1/traces", "text/csv", 415)):
        status, headers = ask(agent, "POST", b"{}", path, Origin=ORIGIN, Content_Type=kind)
        assert status == want and headers["vary"] == "Origin"
        assert granted(headers) == {"access-control-allow-origin": ORIGIN, "access-control-allow-credentials": "true",
                                    "access-control-expose-headers": "Retry-After"}
        status, headers = ask(agent, "POST", b"{}", path, Origin="https://evil", Content_Type=kind)
        assert status == want and not granted(headers)


def test_a_preflight_needs_no_credentials_and_what_follows_does(start_agent):
    changes = protocols(auth={"bearer": {"token": "t0ken"}})
    changes["receivers"]["otlp"]["protocols"]["http"] = {
        **changes["receivers"]["otlp"]["protocols"]["http"],
        "cors": {"allowed_origins": [ORIGIN], "allowed_headers": ["authorization"]}}
    agent = start_agent(changes)
    status, headers = ask(agent, **{**ASK, "Access-Control-Request-Headers": "authorization"})
    assert status == 204 and granted(headers)
    status, headers = ask(agent, "POST", b"{}", Origin=ORIGIN, Content_Type="application/json")
    assert status == 401 and granted(headers)
    status, _ = ask(agent, "POST", b"{}", Origin=ORIGIN, Content_Type="application/json", Authorization="Bearer t0ken")
    assert status == 200


@pytest.fixture
def page(tmp_path):
    """A browser that shows a page of an origin of its own, and that origin."""
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>shop</title>")

        def log_message(self, *_):
            pass

    browser = Browser(tmp_path / "browser")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        origin = "http://127.0.0.1:%d" % server.server_port
        browser.open(origin)
        wait_for(lambda: browser.run("document.title") == "shop", "the page")
        yield browser, origin
        browser.close()
        server.shutdown()


def span_in_json():
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [{
        "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "click"}]}]}]})


@pytest.mark.parametrize("is_welcome", [True, False])
def test_a_page_in_a_browser_sends_where_it_is_welcome(start_agent, page, is_welcome):
    browser, origin = page
    agent = start_agent(receiving(allowed_origins=[origin if is_welcome else "https://elsewhere.example"],
                                  allowed_headers=["x-team"]))
    url = agent.http_url + "/v1/traces"
    got = browser.run(SEND % (json.dumps(url), json.dumps({"x-team": "a"}), json.dumps(span_in_json())))
    if not is_welcome:
        assert got[0] == "failed" and not agent.metric("plimsoll_agent_accepted_total")
        return
    assert got == [200, "{}"]
    agent.wait_for_metric("plimsoll_agent_accepted_total", 1, signal="traces")
    beacon = "navigator.sendBeacon(%s, new Blob([%s], {type: 'application/json'}))"  # with credentials, when a page is left
    assert browser.run(beacon % (json.dumps(url), json.dumps(span_in_json())))
    agent.wait_for_metric("plimsoll_agent_accepted_total", 2, signal="traces")


@pytest.mark.parametrize("cors, why", [
    ({"allowed_origins": ["https://app.example/"]}, "without a path"),
    ({"allowed_origins": ["app.example"]}, "scheme://host"),
    ({"allowed_origins": ["https://*.*.example"]}, "one \\* at most"),
    ({"allowed_headers": ["authorization"]}, "of no use without allowed_origins"),
])
def test_an_origin_that_no_browser_sends_is_refused(start_agent, cors, why):
    agent = start_agent(receiving(**cors), launch_only=True)
    agent.wait_for_output(why)
    agent.expect_exit(2)
