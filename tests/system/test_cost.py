# SPDX-License-Identifier: Apache-2.0
"""What finance reads: which cost counts, and that the other one stays visible."""
import json

import pytest

import otlp
from backend import attributes

USD = 1e-12  # records keep pico-dollars
REPORTED = 0.005
COMPUTED = otlp.cost_usd(1000, 20, cached=800)
PARTS = ["plimsoll.cost.input_usd", "plimsoll.cost.output_usd", "plimsoll.cost.cache_read_usd"]


def send(agent, **more):
    message, spans = otlp.request()
    otlp.add_call(spans, input_tokens=1000, output_tokens=20, **{"gen_ai.usage.cache_read.input_tokens": 800, **more})
    otlp.send_grpc(agent.grpc_target, message)


def about(value):
    return pytest.approx(value, abs=USD)


@pytest.mark.parametrize("source, counts", [("computed", COMPUTED), ("reported", REPORTED)])
def test_the_chosen_cost_counts_and_both_are_shown(start_agent, backend, forwarding, source, counts):
    agent = start_agent({**forwarding, "prices": {"cost_source": source}})
    send(agent, **{"llm.cost.total": REPORTED})
    record = agent.wait_for_records(1)[0]
    assert record["cost_usd"] == about(counts)
    assert record["computed_cost_usd"] == about(COMPUTED)
    assert record["reported_cost_usd"] == about(REPORTED)
    assert record["cache_savings_usd"] == about(800 * (otlp.INPUT_USD - otlp.CACHED_USD))

    span = attributes(backend.wait_for_spans(1)[0])
    assert span["gen_ai.usage.cost"] == about(counts)
    assert [key in span for key in PARTS] == [source == "computed"] * len(PARTS)
    assert (span["plimsoll.cost.price"] == "reported") == (source == "reported")

    assert agent.metric("plimsoll_cost_usd_total") == about(counts)
    assert agent.metric("plimsoll_reported_cost_usd_total") == about(REPORTED)
    assert agent.metric("plimsoll_reported_cost_difference_usd") == about(REPORTED - COMPUTED)
    assert agent.metric("plimsoll_cache_savings_usd_total") == about(record["cache_savings_usd"])


def test_failures_are_paid_by_the_successes_of_their_workflow(start_agent):
    agent = start_agent()
    for workflow, finish in ("refund", "length"), ("refund", "stop"), ("hopeless", "length"):
        send(agent, **{"plimsoll.workflow": workflow, "gen_ai.response.finish_reasons": finish})
    agent.wait_for_records(3)
    for labels in {}, {"dimension": "workflow", "value": "refund"}, {"dimension": "service", "value": "shop"}:
        name = "plimsoll_attributed_cost_per_success_usd" if labels else "plimsoll_cost_per_success_usd"
        calls = 2 if labels.get("value") == "refund" else 3
        assert agent.metric(name, **labels) == about(calls * COMPUTED)
        assert not labels or agent.metric("plimsoll_attributed_cost_usd_total", **labels) == about(calls * COMPUTED)
    assert agent.metric("plimsoll_attributed_cost_per_success_usd", value="hopeless") is None
    assert agent.api("summary")["totals"]["cost_per_success_usd"] is not None


def test_a_reload_changes_which_cost_counts(start_agent):
    agent = start_agent()
    send(agent, **{"llm.cost.total": REPORTED})
    agent.wait_for_records(1)
    agent.write_config({"prices": {"cost_source": "reported"}})
    agent.reload()
    agent.wait_for_metric("plimsoll_agent_config_reloads_total", 1, result="applied")
    send(agent, **{"llm.cost.total": REPORTED})
    before, after = agent.wait_for_records(2)
    assert (before["cost_usd"], after["cost_usd"]) == (about(COMPUTED), about(REPORTED))


def test_the_price_row_is_named_with_the_date_of_its_table(start_agent):
    agent = start_agent()
    send(agent)
    record = agent.wait_for_records(1)[0]
    row, _, date = record["price"].partition(" ")
    assert row.startswith("openai/gpt-4o@genai-prices-")
    assert date.strip("()").count("-") == 2


def test_the_age_of_a_table_that_is_used_no_more_is_not_told(start_agent, tmp_path):
    def told():
        return [labels["source"] for name, labels, _ in agent.metrics() if name == "plimsoll_price_table_timestamp_seconds"]

    prices = {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
    (tmp_path / "prices.json").write_text(json.dumps({"gpt-4o": prices}))
    agent = start_agent()
    [embedded] = told()
    for n, (file, source) in enumerate([(str(tmp_path / "prices.json"), "litellm"), (None, embedded)], 1):
        agent.write_config({"prices": {"file": file}})
        agent.reload()
        agent.wait_for_metric("plimsoll_agent_config_reloads_total", n, result="applied")
        assert told() == [source]
