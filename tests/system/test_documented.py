# SPDX-License-Identifier: Apache-2.0
"""What the admin endpoint has is in its README: every metric that the agent can tell of, every path of the API. What is
written on spans is in the README of all."""
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
AGENT = ROOT / "agent"
README = (AGENT / "admin/README.md").read_text()
SOURCES = "\n".join(file.read_text() for file in AGENT.rglob("*.[ch]"))
FAMILY = re.compile(r'"(\w+)",\s*METRIC_(COUNTER|GAUGE|HISTOGRAM|INFO)')
METER = re.compile(r'X\(\w+, (?:counter|gauge), "(\w+)"')
ROUTE = re.compile(r'\{ "(?:GET|POST|PUT|DELETE)", "(/[^"]+)"')
SUFFIX = {"COUNTER": "_total", "INFO": "_info"}


def test_every_metric_that_the_agent_can_tell_of():
    families = {name + SUFFIX.get(kind, "") for name, kind in FAMILY.findall(SOURCES)} | set(METER.findall(SOURCES))
    assert len(families) > 80
    assert [name for name in sorted(families) if not re.search("`%s[`{]" % name, README)] == []


def test_every_metric_that_a_running_agent_tells_of(start_agent):
    _, told = start_agent().get("/metrics")
    families = set(re.findall(r"^# TYPE (\S+) \w+$", told, re.M))
    assert len(families) > 50
    assert [name for name in sorted(families) if not re.search("`%s[`{]" % name, README)] == []


def test_every_path_of_the_api():
    paths = set(ROUTE.findall(SOURCES))
    assert len(paths) > 30
    written = [path.removeprefix("/api/v1/prompts").removeprefix("/api/v1").rstrip("/") for path in sorted(paths)]
    assert [path for path in written if path not in README] == []


def test_every_attribute_that_is_written_on_spans():
    keys = re.findall(r'X\(\w+, "(plimsoll\.[a-z_.]+)"\)', (AGENT / "span/contract.h").read_text())
    assert len(keys) > 20
    readme = (ROOT / "README.md").read_text()
    assert [key for key in keys if "`%s`" % key not in readme] == []
