# SPDX-License-Identifier: Apache-2.0
"""An OpenTelemetry Collector (collector/main.go) with a configuration of its own, on ports that the system chooses."""
import json
import os
import re
import signal
import subprocess
import threading

from waiting import wait_for

BINARY = os.environ.get("COLLECTOR", "build/backends/collector")
PORT_LINE = re.compile(r'Starting (GRPC|HTTP) server\s.*?"endpoint": "\S*?:(\d+)"')
START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 30


class Collector:
    """exporters: as in its configuration; all of them get what the receiver takes, for every signal."""

    def __init__(self, directory, exporters, processors=None):
        self.config_file = directory / "collector.yaml"
        self.config_file.write_text(json.dumps(self._config(exporters, processors or {})))
        self.lines = []
        self.process = subprocess.Popen([BINARY, "--config", str(self.config_file)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        wait_for(lambda: "Everything is ready" in self.output or self.process.poll() is not None,
                 lambda: "the collector:\n" + self.output, START_TIMEOUT_S)
        assert self.process.poll() is None, "it did not start:\n" + self.output

    @staticmethod
    def _config(exporters, processors):
        pipeline = {"receivers": ["otlp"], "processors": list(processors), "exporters": list(exporters)}
        return {
            "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": "127.0.0.1:0"}, "http": {"endpoint": "127.0.0.1:0"}}}},
            "processors": processors,
            "exporters": exporters,
            "service": {"telemetry": {"metrics": {"level": "none"}},
                        "pipelines": {signal: pipeline for signal in ("traces", "metrics", "logs")}},
        }

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    @property
    def output(self):
        return "".join(self.lines)

    @property
    def ports(self):
        return {name.lower(): int(port) for name, port in PORT_LINE.findall(self.output)}

    @property
    def grpc_target(self):
        return "127.0.0.1:%d" % self.ports["grpc"]

    @property
    def http_url(self):
        return "http://127.0.0.1:%d" % self.ports["http"]

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(STOP_TIMEOUT_S)
