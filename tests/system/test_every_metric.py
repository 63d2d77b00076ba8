# SPDX-License-Identifier: Apache-2.0
"""Every metric that can be judged is: a day and a half of spans as an application sends them, then a change of one thing for
half a day, and the alert of its metric. One feature for each metric, all in one replay; what did not change stays quiet."""
import json
import random
import subprocess

import pytest

from agent import BINARY
from telling import attributes, traces

START = 1772409600  # 2026-03-02 00:00 UTC
HOUR = 3600
CALM_HOURS, CHANGED_HOURS = 36, 10
CHANGE = START + CALM_HOURS * HOUR
ASKED_FOR = ["requests", "input_tokens", "output_tokens_per_second", "cache_hit_share", "latency_p99", "ttft_p99"]
SCHEMA = json.dumps({"type": "object", "required": ["city"]})


class Call:
    """One call, and how a change makes it otherwise."""

    def __init__(self, chance):
        self.chance = chance
        self.input_tokens = int(1000 * chance.lognormvariate(0, 0.3))
        self.output_tokens = int(200 * chance.lognormvariate(0, 0.3))
        self.cached = 0.5 + chance.uniform(-0.1, 0.1)
        self.ttft_s = 0.3 * chance.lognormvariate(0, 0.2)
        self.token_s = 0.01 * chance.lognormvariate(0, 0.2)
        self.model, self.finish = "gpt-4o", "stop"
        self.more, self.events, self.failed = {}, [], False

    def sometimes(self, share):
        return self.chance.random() < share

    def attributes(self):
        told = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": self.model,
                "gen_ai.response.model": self.model, "gen_ai.usage.input_tokens": self.input_tokens,
                "gen_ai.usage.output_tokens": self.output_tokens,
                "gen_ai.usage.cache_read.input_tokens": int(self.cached * self.input_tokens),
                "gen_ai.response.time_to_first_chunk": self.ttft_s, "gen_ai.response.finish_reasons": [self.finish]}
        if self.failed:
            told = {key: value for key, value in told.items() if "usage" not in key and "response" not in key}
        return {**told, **self.more}


# ---------------------------------------------------------------- what changes
def times(member, factor):
    def change(call):
        setattr(call, member, type(getattr(call, member))(getattr(call, member) * factor))
    return change


def finishes(reason):
    def change(call):
        if call.sometimes(0.3):
            call.finish = reason
    return change


def fails(error):
    def change(call):
        if call.sometimes(0.3):
            call.failed = True
            call.more["error.type"] = error
    return change


def far_out(member):
    def change(call):
        if call.sometimes(0.25):
            times(member, 8)(call)
    return change


def is_empty(call):
    if call.sometimes(0.3):
        call.output_tokens = 0


def is_unpriced(call):
    if call.sometimes(0.5):
        call.more["gen_ai.response.model"] = call.more["gen_ai.request.model"] = "gpt-4o"
        call.more["gen_ai.provider.name"] = "own-cluster"


def answers_json(text, schema=None):
    def change(call):
        answer = text if call.chance is None or call.sometimes(0.3) else '{"city":"Paris"}'
        call.more.update({"gen_ai.output.type": "json", "gen_ai.output.messages": json.dumps([{"content": answer}])})
        if schema:
            call.more["gen_ai.request.schema"] = schema
    return change


def scored(mean):
    def change(call):
        call.events.append({"name": "gen_ai.evaluation.result", "attributes": attributes(
            {"gen_ai.evaluation.name": "judge", "gen_ai.evaluation.score.value": mean + call.chance.gauss(0, 0.05)})})
    return change


def voted(share_against):
    def change(call):
        signal = "thumbs_down" if call.sometimes(share_against) else "thumbs_up"
        call.events.append({"name": "plimsoll.feedback", "attributes": attributes({"plimsoll.feedback.signal": signal})})
    return change


def rated(stars):
    def change(call):
        call.events.append({"name": "plimsoll.feedback", "attributes": attributes(
            {"plimsoll.feedback.signal": "rating", "plimsoll.feedback.value": stars - call.sometimes(0.3)})})
    return change


def answers(text):
    def change(call):
        call.more.update({"openinference.span.kind": "LLM", "llm.output_messages.0.message.content": text,
                          "retrieval.documents.0.document.content": "Paris is the capital of France."})
    return change


def searches(score, empty=0.0):
    def change(call):
        call.more["mlflow.spanType"] = '"RETRIEVER"'
        found = [{"page_content": "x", "metadata": {"score": score + call.chance.gauss(0, 0.02)}}]
        call.more["mlflow.spanOutputs"] = "[]" if call.sometimes(empty) else json.dumps(found)
    return change


def same(_):
    pass


# metric: what each call is like before, and then; requests an hour before, and then
CHANGES = {
    "cost": (same, times("output_tokens", 3), 45, 45),
    "latency": (same, times("token_s", 2), 45, 45),
    "ttft": (same, times("ttft_s", 2.5), 45, 45),
    "tpot": (same, times("token_s", 2), 45, 45),
    "output_tokens": (same, times("output_tokens", 0.4), 45, 45),
    "output_tokens_per_second": (same, times("token_s", 2.5), 45, 45),
    "input_tokens": (same, times("input_tokens", 3), 45, 45),
    "cache_hit_share": (same, times("cached", 0.4), 45, 45),
    "cost_tail": (same, far_out("output_tokens"), 45, 45),
    "latency_tail": (same, far_out("token_s"), 45, 45),
    "latency_p99": (same, times("token_s", 4), 100, 100),
    "ttft_p99": (same, times("ttft_s", 4), 100, 100),
    "requests": (same, same, 45, 5),
    "error_rate": (same, fails("500"), 45, 45),
    "rate_limited_rate": (same, fails("429"), 45, 45),
    "timeout_rate": (same, fails("timeout"), 45, 45),
    "refusal_rate": (same, finishes("refusal"), 45, 45),
    "content_filter_rate": (same, finishes("content_filter"), 45, 45),
    "truncated_rate": (same, finishes("length"), 45, 45),
    "empty_rate": (same, is_empty, 45, 45),
    "invalid_json_rate": (answers_json('{"city":"Rome"}'), answers_json("sorry, {no"), 45, 45),
    "schema_violation_rate": (answers_json('{"city":"Rome"}', SCHEMA), answers_json('{"town":1}', SCHEMA), 45, 45),
    "unpriced_rate": (same, is_unpriced, 45, 45),
    "eval_score": (scored(0.9), scored(0.7), 45, 45),
    "feedback_negative_rate": (voted(0.1), voted(0.5), 45, 45),
    "feedback_rating": (rated(5), rated(3), 45, 45),
    "citation_share": (answers("Paris is the capital [1]. France too [1]."), answers("Paris is the capital. France too."), 45, 45),
    "groundedness": (answers("Paris is the capital [1]."), answers("Bananas grow in gardens elsewhere [1]."), 45, 45),
    "empty_retrieval_rate": (searches(0.8), searches(0.8, empty=0.4), 45, 45),
    "retrieval_score": (searches(0.8), searches(0.5), 45, 45),
}


# ---------------------------------------------------------------- spans
def span(chance, call, feature, at_s):
    length_s = call.ttft_s + call.token_s * call.output_tokens
    at_ns = int(at_s * 1e9)
    return {"traceId": "%032x" % chance.getrandbits(128), "spanId": "%016x" % chance.getrandbits(64), "name": "chat",
            "kind": 3, "startTimeUnixNano": str(at_ns - int(length_s * 1e9)), "endTimeUnixNano": str(at_ns),
            "status": {"code": 2} if call.failed else {},
            "attributes": attributes({**call.attributes(), "plimsoll.feature": feature}),
            "events": [{**event, "timeUnixNano": str(at_ns)} for event in call.events]}


def spans_of(feature, before, after, rate, rate_after):
    chance = random.Random(feature)
    at = START
    while at < CHANGE + CHANGED_HOURS * HOUR:
        at += chance.uniform(0.6, 1.4) * HOUR / (rate if at < CHANGE else rate_after)
        call = Call(chance)
        (before if at < CHANGE else after)(call)
        yield at, span(chance, call, feature, at)


def replayed(tmp_path, spans, **baselines):
    """The alerts of these (time, span)."""
    recording, config = tmp_path / "spans.traces.jsonl", tmp_path / "plimsoll.yaml"
    config.write_text(json.dumps({"baselines": baselines}))
    spans = [one for _, one in sorted(spans, key=lambda pair: pair[0])]
    with open(recording, "w") as out:
        for first in range(0, len(spans), 200):
            out.write(json.dumps(traces("test", *spans[first:first + 200])) + "\n")
    done = subprocess.run([BINARY, "replay", "--config", config, "--output", "json", recording], capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"type":"alert"')]


@pytest.fixture(scope="module")
def alerts(tmp_path_factory):
    spans = [pair for metric, change in CHANGES.items() for pair in spans_of("of-" + metric, *change)]
    return replayed(tmp_path_factory.mktemp("metrics"), spans, metrics=ASKED_FOR)


@pytest.mark.parametrize("metric", CHANGES)
def test_a_change_of_it_is_told(alerts, metric):
    of_feature = [a for a in alerts if a["feature"] == "of-" + metric]
    found = [a for a in of_feature if a["metric"] == metric]
    assert found, "only %s" % [(a["metric"], a["value"]) for a in of_feature]
    assert CHANGE < found[0]["started_at"] <= CHANGE + (CHANGED_HOURS + 6) * HOUR
    assert found[0]["summary"] and found[0]["runbook"]


def test_nothing_is_told_before_anything_changes(alerts):
    assert [(a["feature"], a["metric"]) for a in alerts if a["started_at"] <= CHANGE and a["kind"] != "runaway"] == []


def test_the_configuration_knows_no_metric_that_is_not_in_the_table():
    done = subprocess.run([BINARY, "replay", "--config", "/dev/stdin", "/dev/null"], capture_output=True, text=True,
                          input=json.dumps({"baselines": {"metrics": ["nonsense"]}}), timeout=30)
    words = set(done.stderr.replace(",", " ").replace("'", " ").replace("|", " ").split())
    assert set(CHANGES) <= words, done.stderr


# ---------------------------------------------------------------- what is no metric of single calls
def steady(days, rate, change=lambda at, call: None, seed="steady", more=lambda at: 1):
    chance = random.Random(seed)
    at = START
    while at < START + days * 24 * HOUR:
        at += chance.uniform(0.6, 1.4) * HOUR / (rate * more(at))
        call = Call(chance)
        change(at, call)
        yield at, span(chance, call, "steady", at)


def test_a_day_that_grows_too_dear_is_told_while_it_lasts(tmp_path):
    sixth = START + 6 * 24 * HOUR
    found = replayed(tmp_path, steady(7, 20, more=lambda at: 5 if at >= sixth else 1))
    assert [a["metric"] for a in found] == ["spend_day"]
    assert sixth < found[0]["started_at"] < sixth + 12 * HOUR and found[0]["prompt_version"] == "*"


def test_one_request_that_runs_away_is_told_at_once(tmp_path):
    dear = []

    def one_is_dear(at, call):
        if at > CHANGE and not dear:
            call.output_tokens *= 40
            dear.append(at)

    found = replayed(tmp_path, steady(3, 30, one_is_dear))
    assert [(a["kind"], a["started_at"]) for a in found] == [("runaway", int(dear[0]))]
