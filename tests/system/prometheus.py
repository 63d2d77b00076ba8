# SPDX-License-Identifier: Apache-2.0
"""A real Alertmanager and a real Prometheus, each on a free port of its own, with its data in a temporary folder."""
import json
import shutil
import socket
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from waiting import wait_for


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """A program that answers on /-/ready."""

    def __init__(self, command, directory, port):
        self.url = "http://127.0.0.1:%d" % port
        self.log = open(Path(directory) / "log", "w+")
        self.process = subprocess.Popen(command, cwd=directory, stdout=self.log, stderr=subprocess.STDOUT)
        wait_for(self.is_ready, lambda: "%s to be ready: %s" % (command[0], self.output()), 30)

    def output(self):
        self.log.flush()
        return Path(self.log.name).read_text()

    def get(self, path, **query):
        with urllib.request.urlopen(self.url + path + "?" + urllib.parse.urlencode(query), timeout=10) as answer:
            return answer.read().decode()

    def is_ready(self):
        try:
            return self.get("/-/ready") is not None
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


def program(*names):
    for name in names:
        if shutil.which(name):
            return shutil.which(name)
    pytest.skip("%s is not installed (make test installs it)" % names[0])


class Alertmanager(Server):
    def __init__(self, directory, webhook_url):
        port = free_port()
        config = Path(directory) / "alertmanager.yml"
        config.write_text(json.dumps({
            "route": {"receiver": "us", "group_by": ["alertname", "feature", "model"], "group_wait": "100ms",
                      "group_interval": "200ms", "repeat_interval": "1h"},
            "receivers": [{"name": "us", "webhook_configs": [{"url": webhook_url}]}]}))
        super().__init__([program("prometheus-alertmanager", "alertmanager"), "--config.file=%s" % config,
                          "--storage.path=%s" % directory, "--web.listen-address=127.0.0.1:%d" % port,
                          "--cluster.listen-address="], directory, port)

    def alerts(self):
        return json.loads(self.get("/api/v2/alerts"))


class Prometheus(Server):
    def __init__(self, directory, targets, rule_files=()):
        port = free_port()
        config = Path(directory) / "prometheus.yml"
        config.write_text(json.dumps({
            "global": {"scrape_interval": "1s"}, "rule_files": [str(path) for path in rule_files],
            "scrape_configs": [{"job_name": "plimsoll", "static_configs": [{"targets": targets}]}]}))
        super().__init__([program("prometheus"), "--config.file=%s" % config, "--storage.tsdb.path=%s/data" % directory,
                          "--web.listen-address=127.0.0.1:%d" % port, "--enable-feature=exemplar-storage"],
                         directory, port)

    def query(self, expression):
        return json.loads(self.get("/api/v1/query", query=expression))["data"]["result"]

    def rules(self):
        """Of all files, as {"type": "recording" or "alerting", "name": ..., "query": ...}."""
        return [rule for group in json.loads(self.get("/api/v1/rules"))["data"]["groups"] for rule in group["rules"]]

    def targets(self):
        return json.loads(self.get("/api/v1/targets"))["data"]["activeTargets"]
