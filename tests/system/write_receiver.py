# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus on a free port, with an empty configuration, that takes remote write."""
import json
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from waiting import wait_for

LISTENING = re.compile(r'msg="Listening on" address=127\.0\.0\.1:(\d+)')


class Prometheus:
    def __init__(self, directory, port=0):
        self.directory, self.log = directory, directory / "prometheus.log"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "prometheus.yml").write_text("global: {scrape_interval: 1h}\n")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                ["prometheus", "--config.file=%s" % (directory / "prometheus.yml"), "--web.enable-remote-write-receiver",
                 "--storage.tsdb.path=%s" % (directory / "tsdb"), "--web.listen-address=127.0.0.1:%d" % port,
                 "--enable-feature=exemplar-storage"], stdout=log, stderr=log)
        self.port = int(wait_for(lambda: LISTENING.search(self.log.read_text()), self.log.read_text)[1])
        wait_for(self.is_ready, self.log.read_text)

    def is_ready(self):
        try:
            with urllib.request.urlopen(self.url + "/-/ready", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.port

    @property
    def write_url(self):
        return self.url + "/api/v1/write"

    def query(self, expression, **parameters):
        """[{"metric", "value"}] of an instant query."""
        asked = urllib.parse.urlencode({"query": expression, **parameters})
        with urllib.request.urlopen("%s/api/v1/query?%s" % (self.url, asked), timeout=10) as answer:
            return json.load(answer)["data"]["result"]

    def value(self, expression, **parameters):
        """Of the one series that the expression gives; None where there is none."""
        found = self.query(expression, **parameters)
        assert len(found) <= 1, found
        return float(found[0]["value"][1]) if found else None

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
