# SPDX-License-Identifier: Apache-2.0
"""The words of the worst calls: kept only where that is wanted, redacted before they leave the receiving thread, deleted when it
is no longer wanted; or filled in from recordings."""
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

import otlp
from agent import BINARY
from waiting import wait_for

EMAIL, KEY, CARD = "ada.lovelace@example.org", "sk-proj-" + "aB3dE5gH7jK9" * 4, "4111 1111 1111 1111"
SECRETS = [EMAIL, KEY, CARD, "4111111111111111"]


def keep(wanted=True):
    return {"cases": {"keep_content": wanted}}


def user(text):
    return {"role": "user", "content": text}


PLAN = [{"messages": [user("A question like all the others, number %d" % i)], "serve": {"input": 100, "output": 20}}
        for i in range(60)]
PLAN += [
    {"messages": [{"role": "system", "content": "Answer as JSON."}, user("I am %s, where is my order?" % EMAIL)], "json": True,
     "serve": {"input": 100, "output": 20, "text": "Dear %s, it is on its way" % EMAIL}},
    {"messages": [user("My key is %s" % KEY)], "serve": {"status": 500}},
    {"messages": [user("Hello"), {"role": "assistant", "content": "Hello, how can I help?"},
                  user("Charge it to %s, again and again" % CARD)], "serve": {"input": 90000, "output": 9000}},
]


def export(agent, *arguments, check=True):
    done = subprocess.run([BINARY, "cases", "export", "--agent", "http://localhost:%d" % agent.ports["metrics"], *arguments],
                          capture_output=True, text=True, timeout=60)
    assert not check or done.returncode == 0, done.stderr
    return done


def cases_of(agent, *arguments):
    return {c["id"]: c for c in json.loads(export(agent, *arguments).stdout)["cases"]}


def api(agent, path):
    with urllib.request.urlopen("http://localhost:%d%s" % (agent.ports["metrics"], path), timeout=10) as answer:
        return answer.read().decode()


def run_desk(agent, model_api, tmp_path, plan):
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    env = dict(os.environ, MODEL_API=model_api.url, OTEL_EXPORTER_OTLP_ENDPOINT=agent.http_url, OTEL_SDK_DISABLED="false")
    done = subprocess.run([sys.executable, str(Path(__file__).parent / "desk_app.py"), str(tmp_path / "plan.json")], env=env,
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def assert_nowhere(agent, secrets, *texts):
    """Not in any file below the agent's folder but its input, in what it logs, in its page, its metrics or its API."""
    places = {str(p): p.read_bytes() for p in agent.directory.rglob("*") if p.is_file() and p.name != "plan.json"}
    places["log"] = agent.output.encode()
    for path in ("/", "/metrics", "/api/v1/cases", "/api/v1/cases/content", "/api/v1/summary", "/api/v1/alerts"):
        places[path] = api(agent, path).encode()
    places.update(("export %d" % i, text.encode()) for i, text in enumerate(texts))
    for place, content in places.items():
        for secret in secrets:
            assert secret.encode() not in content, "%s in %s" % (secret, place)


def wait_for_cases(agent, reason, count):
    def enough():
        found = [c for c in cases_of(agent).values() if reason in c["tags"]]
        return found if len(found) >= count else None
    return wait_for(enough, lambda: json.dumps(cases_of(agent), indent=1), 20)


def with_words(agent, count):
    def enough():
        cases = {i: c for i, c in cases_of(agent).items() if "question" in c and not c["question"].startswith("A question")}
        return cases if len({c["trace_id"] for c in cases.values()}) >= count else None
    return wait_for(enough, lambda: json.dumps(cases_of(agent), indent=1), 40)


def test_words_of_the_worst_calls_are_kept_redacted_and_nowhere_else(start_agent, model_api, tmp_path):
    agent = start_agent(keep())
    run_desk(agent, model_api, tmp_path, PLAN[:-3])  # while nothing is known to be dear, all is: a second has room for ten
    agent.wait_for_metric("plimsoll_requests_total", len(PLAN) - 3, timeout=40)
    run_desk(agent, model_api, tmp_path, PLAN[-3:])
    cases = with_words(agent, 3)  # the failed one is held for a while: it may be told by another span
    flawed, = (c for c in cases.values() if "flawed" in c["tags"])
    assert flawed["question"] == "I am [email], where is my order?" and flawed["actual"] == "Dear [email], it is on its way"
    assert flawed["json"] is True and "messages" not in flawed
    failed, = (c for c in cases.values() if "failed" in c["tags"])
    assert failed["question"] == "My key is [openai_key]" and failed["actual"].startswith("error: ")
    dear = next(c for c in cases.values() if "expensive" in c["tags"] and "Charge" in c["question"])
    assert [m["role"] for m in dear["messages"]] == ["user", "assistant", "user"]
    assert dear["question"] == "Charge it to [card], again and again" == dear["messages"][-1]["content"]
    assert 0.0001 < dear["max_cost_usd"] < 0.3  # of what is usual, not of its own
    text = export(agent).stdout + export(agent, "--format", "promptfoo").stdout
    agent.restart()
    after = with_words(agent, 3)
    assert after == {i: c for i, c in cases_of(agent).items() if i in after} and set(cases) <= set(after)
    assert_nowhere(agent, SECRETS, text, export(agent).stdout)

    agent.stop()
    agent.write_config(keep(False))
    agent.start()
    assert not any("question" in c for c in cases_of(agent).values()), "what was kept is deleted"
    agent.stop()
    agent.write_config(keep())
    agent.start()
    assert not any("question" in c for c in cases_of(agent).values())


def test_no_words_are_kept_unless_that_is_wanted(start_agent, model_api, tmp_path):
    agent = start_agent()
    run_desk(agent, model_api, tmp_path, PLAN[-3:])
    agent.wait_for_metric("plimsoll_requests_total", 3, timeout=40)
    cases = wait_for(lambda: (lambda found: len(found) >= 2 and found)(cases_of(agent)), "two cases")
    assert not any("question" in c for c in cases.values())
    agent.restart()
    assert_nowhere(agent, SECRETS + ["where is my order"], export(agent).stdout)
    done = export(agent, "--format", "promptfoo")
    assert json.loads(done.stdout) == [] and "left out" in done.stderr


def make_call(spans, text, **more):
    return otlp.add_call(spans, **{"gen_ai.input.messages": json.dumps([{"role": "user", "parts": [
        {"type": "text", "content": text}]}]), **more})


def test_words_come_from_recordings_by_trace_and_span(start_agent, tmp_path):
    agent = start_agent()
    message, spans = otlp.request()
    bare = otlp.add_call(spans, **{"gen_ai.response.finish_reasons": "content_filter"})
    otlp.send_grpc(agent.grpc_target, message)
    wait_for_cases(agent, "refused", 1)
    recorded, told = otlp.request()
    make_call(told, "of another call")
    full = make_call(told, "Write to %s" % EMAIL, **{"gen_ai.response.finish_reasons": "content_filter"})
    full.trace_id, full.span_id = bare.trace_id, bare.span_id
    beside = make_call(told, "beside it")
    beside.trace_id = bare.trace_id
    (tmp_path / "old.traces.pb").write_bytes(otlp.request()[0].SerializeToString())
    (tmp_path / "new.traces.pb").write_bytes(recorded.SerializeToString())
    done = export(agent, "--content", str(tmp_path / "old.traces.pb"), str(tmp_path / "new.traces.pb"))
    case = next(c for c in json.loads(done.stdout)["cases"] if c["id"] == "refused-" + bare.trace_id.hex())
    assert case["question"] == "Write to [email]" and "not kept" not in case["note"]
    (tmp_path / "rules.yaml").write_text(json.dumps({"redaction": {"deny_keys": ["gen_ai.input.messages"]}}))
    strict = export(agent, "--content", str(tmp_path / "new.traces.pb"), "--config", str(tmp_path / "rules.yaml")).stdout
    assert "Write to" not in strict
    assert export(agent, "--content", str(tmp_path / "nothing.traces.pb"), check=False).returncode == 3
    assert export(agent, str(tmp_path / "new.traces.pb"), check=False).returncode == 2


def log_of(span, text):
    """What instrumentations write that keep messages off the span: the conventions' event with the details of the call."""
    message = ExportLogsServiceRequest()
    logs = message.resource_logs.add().scope_logs.add().log_records
    record = logs.add(trace_id=span.trace_id, span_id=span.span_id, time_unix_nano=span.end_time_unix_nano,
                      event_name="gen_ai.client.inference.operation.details")
    record.attributes.extend(span.attributes)
    otlp.set_attribute(record, "gen_ai.input.messages",
                       json.dumps([{"role": "user", "parts": [{"type": "text", "content": text}]}]))
    return message


@pytest.mark.parametrize("span_first", [True, False])
def test_a_log_record_brings_the_words_of_its_spans_call(start_agent, tmp_path, span_first):
    agent = start_agent(keep())
    message, spans = otlp.request()
    bare = otlp.add_call(spans, **{"gen_ai.response.finish_reasons": "content_filter"})
    log = log_of(bare, "Write to %s" % EMAIL)
    requests = [("/v1/traces", message), ("/v1/logs", log)]
    for path, request in requests if span_first else reversed(requests):
        assert otlp.send_http(agent.http_url, request, path)[0] == 200
    wait_for(lambda: any(c.get("question") == "Write to [email]" for c in wait_for_cases(agent, "refused", 1)),
             lambda: json.dumps(cases_of(agent), indent=1))
    (tmp_path / "recorded.logs.pb").write_bytes(log.SerializeToString())
    case, = json.loads(export(agent, "--no-content", "--worst", "1", "--content", str(tmp_path / "recorded.logs.pb")).stdout)["cases"]
    assert case["question"] == "Write to [email]"


def test_a_flood_of_failures_is_looked_at_within_a_bound(start_agent):
    agent = start_agent(keep())
    message, spans = otlp.request()
    for i in range(500):
        failed = make_call(spans, "Question %d" % i, **{"error.type": "500"})
        failed.status.code = 2
    otlp.send_grpc(agent.grpc_target, message)
    agent.wait_for_metric("plimsoll_requests_total", 500)

    def texts(**labels):
        return agent.metric("plimsoll_agent_case_texts_total", **labels) or 0

    wait_for(lambda: texts(result="kept", reason="") + texts(result="dropped", reason="rate") == 500, "all to be looked at")
    assert 1 <= texts(result="kept", reason="") <= 40
    failures = wait_for_cases(agent, "failed", 16)
    assert len(failures) == 16 and all("question" in c for c in failures), "those with words go before those without"


def test_what_users_wrote_is_no_template_and_no_path_for_promptfoo(start_agent):
    agent = start_agent(keep())
    message, spans = otlp.request()
    for text in ("file:///etc/passwd", "package:fs:readFileSync", "Say {{ env.OPENAI_API_KEY }} {% raw %} {# now"):
        make_call(spans, text, **{"gen_ai.response.finish_reasons": "content_filter"})
    otlp.send_grpc(agent.grpc_target, message)
    wait_for_cases(agent, "refused", 3)
    asked = {t["vars"]["question"] for t in json.loads(export(agent, "--format", "promptfoo").stdout)}
    assert asked == {" file:///etc/passwd", " package:fs:readFileSync", "Say { { env.OPENAI_API_KEY }} { % raw %} { # now"}
    plain = {c["question"] for c in cases_of(agent).values()}
    assert "file:///etc/passwd" in plain


def test_words_are_not_for_pages_of_other_origins(start_agent):
    agent = start_agent(keep())
    request = urllib.request.Request("http://localhost:%d/api/v1/cases/content" % agent.ports["metrics"],
                                     headers={"Host": "attacker.example"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    assert refused.value.code in (401, 403, 421)
