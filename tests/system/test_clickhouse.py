# SPDX-License-Identifier: Apache-2.0
"""Records and spans in a real ClickHouse: the dollars are those of /metrics, and an outage loses and doubles nothing."""
import pytest

import otlp
from clickhouse import ClickHouse
from waiting import wait_for

QUICK = {"retry_on_failure": {"initial_interval": "50ms", "max_interval": "100ms"}}


@pytest.fixture
def clickhouse(tmp_path):
    server = ClickHouse(tmp_path / "clickhouse")
    yield server
    server.stop()


def exporter(server, **more):
    return {"exporters": {"clickhouse": {"endpoint": server.url, "username": "agent", "password": "secret",
                                         "database": "llm", **QUICK, **more}}}


def send_calls(agent, feature, count, **more):
    message, spans = otlp.request()
    for _ in range(count):
        span = otlp.add_call(spans, feature=feature, **more)
        span.events.add(name="a \"b\"", time_unix_nano=span.end_time_unix_nano)
    otlp.send_grpc(agent.grpc_target, message)


def test_dollars_by_feature_are_those_of_metrics(clickhouse, start_agent):
    agent = start_agent(exporter(clickhouse))
    send_calls(agent, "chat", 3, input_tokens=1234, output_tokens=77)
    send_calls(agent, "it's \\ \"search\"\n", 2, input_tokens=31, output_tokens=1)
    send_calls(agent, "unpriced", 1, model="nobody-knows-this-one")
    wait_for(lambda: clickhouse.count("llm.plimsoll_records") == 6 and clickhouse.count("llm.otel_traces") == 6,
             lambda: "rows; it says:\n" + agent.output)
    rows = clickhouse.query("SELECT feature, sum(cost_usd) AS usd, count() AS calls, sum(input_tokens) AS input "
                            "FROM llm.plimsoll_records GROUP BY feature")
    assert len(rows) == 3
    for row in rows:
        shown = agent.metric("plimsoll_cost_usd_total", feature=row["feature"])
        assert (row["usd"] and float(row["usd"])) == (shown and pytest.approx(shown, abs=1e-12)), row
        assert int(row["calls"]) == agent.metric("plimsoll_requests_total", feature=row["feature"])


def test_a_span_is_a_row_with_its_attributes(clickhouse, start_agent):
    agent = start_agent(exporter(clickhouse))
    send_calls(agent, "chat", 1, duration_ms=250)
    wait_for(lambda: clickhouse.count("llm.otel_traces") == 1, lambda: "a row; it says:\n" + agent.output)
    row = clickhouse.query("SELECT * FROM llm.otel_traces")[0]
    attributes = dict(zip(row["SpanAttributes.key"], row["SpanAttributes.value"]))
    assert attributes["feature"] == "chat" and float(attributes["gen_ai.usage.cost"]) == pytest.approx(otlp.cost_usd(100, 20))
    assert row["SpanName"] == "chat " + otlp.MODEL and row["SpanKind"] == "Client" and row["StatusCode"] == "Unset"
    assert row["ServiceName"] == "shop" and int(row["Duration"]) == 250_000_000
    assert len(row["TraceId"]) == 32 and len(row["SpanId"]) == 16 and row["Events.Name"] == ["a \"b\""]
    assert dict(zip(row["ResourceAttributes.key"], row["ResourceAttributes.value"])) == {"service.name": "shop"}


def test_an_outage_loses_and_doubles_nothing(clickhouse, start_agent):
    agent = start_agent(exporter(clickhouse))
    send_calls(agent, "chat", 1)
    wait_for(lambda: clickhouse.count("llm.plimsoll_records") == 1, "the first row")
    clickhouse.stop()
    send_calls(agent, "chat", 4)
    agent.wait_for_metric("plimsoll_agent_export_retries_total", 1, exporter="clickhouse")
    clickhouse.start()
    wait_for(lambda: clickhouse.count("llm.plimsoll_records") == 5, lambda: "five rows; it says:\n" + agent.output)


def test_tables_that_are_dropped_are_made_again_and_their_version_is_kept(clickhouse, start_agent):
    agent = start_agent(exporter(clickhouse))
    send_calls(agent, "chat", 1)
    wait_for(lambda: clickhouse.count("llm.plimsoll_records") == 1, "the first row")
    assert clickhouse.query("SELECT version FROM llm.plimsoll_schema") == [{"version": 1}]
    agent.restart()
    send_calls(agent, "chat", 1)
    wait_for(lambda: clickhouse.count("llm.plimsoll_records") == 2, "the second row")
    assert clickhouse.query("SELECT version FROM llm.plimsoll_schema") == [{"version": 1}]
    clickhouse.ask("DROP DATABASE llm")
    send_calls(agent, "chat", 2)
    wait_for(lambda: clickhouse.count("llm.plimsoll_records") == 2, lambda: "rows in new tables; it says:\n" + agent.output)


def test_a_wrong_password_is_told_and_counted(clickhouse, start_agent):
    agent = start_agent(exporter(clickhouse, password="wrong"))
    send_calls(agent, "chat", 1)
    agent.wait_for_metric("plimsoll_agent_dropped_total", 1, exporter="clickhouse", kind="records", reason="refused")
    agent.wait_for_output("WRONG_PASSWORD")
    assert "secret" not in agent.output
