# SPDX-License-Identifier: Apache-2.0
"""What /metrics shows is what a real Prometheus holds after remote write; nothing is lost when it was away."""
import pytest

import otlp
from write_receiver import Prometheus
from waiting import wait_for


@pytest.fixture
def prometheus(tmp_path):
    server = Prometheus(tmp_path / "prometheus")
    yield server
    server.stop()


def exporter(url, **more):
    return {"exporters": {"prometheusremotewrite": {
        "endpoint": url, "interval": "200ms", "external_labels": {"pod": "shop-1"},
        "retry_on_failure": {"initial_interval": "50ms", "max_interval": "100ms"}, **more}}}


def send_calls(agent, count, **more):
    message, spans = otlp.request()
    for _ in range(count):
        otlp.add_call(spans, **more)
    otlp.send_grpc(agent.grpc_target, message)


def test_every_series_of_metrics_arrives_with_its_value(prometheus, start_agent):
    agent = start_agent(exporter(prometheus.write_url, send_metadata=True))
    send_calls(agent, 3, input_tokens=1000, output_tokens=100)
    wait_for(lambda: prometheus.value("plimsoll_requests_total") == 3, lambda: "requests at Prometheus:\n" + agent.output)
    own = {name for name, _, _ in agent.metrics()} - {"process_start_time_seconds"}

    def missing():
        return own - {r["metric"]["__name__"] for r in prometheus.query('{job="plimsoll"}')}

    wait_for(lambda: not missing(), lambda: "all names at Prometheus but %s" % missing())
    labels = {"feature": "shop", "model": otlp.MODEL, "pod": "shop-1", "job": "plimsoll"}
    cost = prometheus.query("plimsoll_cost_usd_total")[0]
    assert labels.items() <= cost["metric"].items() and cost["metric"]["instance"]
    assert float(cost["value"][1]) == pytest.approx(3 * otlp.cost_usd(1000, 100), rel=1e-12)
    assert prometheus.value("histogram_quantile(0.5, gen_ai_client_operation_duration_seconds_bucket)") == pytest.approx(0.12, abs=0.05)
    assert prometheus.value("gen_ai_client_operation_duration_seconds_count") == 3
    agent.stop()
    assert "out of order" not in prometheus.log.read_text()


def test_the_last_counts_are_sent_on_stop(prometheus, start_agent):
    agent = start_agent(exporter(prometheus.write_url, interval="1h"))
    send_calls(agent, 2)
    agent.stop()
    assert prometheus.value("plimsoll_requests_total") == 2


def test_samples_of_an_outage_arrive_later_with_their_own_times(tmp_path, start_agent):
    first = Prometheus(tmp_path / "prometheus")
    port = first.port
    agent = start_agent(exporter(first.write_url))
    wait_for(lambda: first.value("plimsoll_agent_build_info") == 1, "first samples")
    first.stop()
    send_calls(agent, 1)
    agent.wait_for_metric("plimsoll_agent_export_retries_total", 1, exporter="prometheusremotewrite")
    one = agent.metric("plimsoll_agent_queue_bytes", exporter="prometheusremotewrite")
    agent.wait_for_metric("plimsoll_agent_queue_bytes", one + 80000, exporter="prometheusremotewrite")
    second = Prometheus(tmp_path / "prometheus", port)
    try:
        wait_for(lambda: second.value("plimsoll_requests_total") == 1, "samples of the outage")
        assert agent.metric("plimsoll_agent_dropped_total", exporter="prometheusremotewrite") in (None, 0)
        wait_for(lambda: second.value("count_over_time(plimsoll_agent_build_info[1m])") >= 4, "all samples of the outage")
    finally:
        second.stop()


def test_a_receiver_that_knows_version_1_alone_is_sent_version_1(prometheus, start_agent):
    agent = start_agent(exporter(prometheus.write_url, protobuf_message="io.prometheus.write.v2.Request"))
    send_calls(agent, 1)
    wait_for(lambda: prometheus.value("plimsoll_requests_total") == 1, lambda: "requests at Prometheus:\n" + agent.output)
    agent.wait_for_output("event=falls_back")
