# SPDX-License-Identifier: Apache-2.0
"""The agent under test: the real program with a configuration of its own, on ports that the system chooses."""
import copy
import json
import os
import re
import signal
import subprocess
import threading
import urllib.error
import urllib.request
from pathlib import Path

from waiting import wait_for

BINARY = os.environ.get("PLIMSOLL", "build/release/plimsoll")
# Libraries that are not built with ThreadSanitizer synchronise in ways that it cannot see.
TSAN_OPTIONS = "ignore_noninstrumented_modules=1 suppressions=%s" % (Path(__file__).parents[1] / "tsan.supp")
START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 30
SANITIZER_REPORT = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:")
PORT_LINE = re.compile(r"^  (OTLP/gRPC|OTLP/HTTP|metrics) +https?://\S*?:(\d+)", re.M)
SAMPLE_LINE = re.compile(r'([a-zA-Z_:][\w:]*)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})? (\S+)( |$)')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
UNESCAPED = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}


def build_mode():
    """release, debug, asan, tsan or cover: what the program says of itself."""
    told = subprocess.run([BINARY, "version"], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stdout
    return re.search(r"^build: (\w+)", told, re.M)[1]


def default_config(directory):
    """Everything on, on free ports; state and records under directory."""
    return {
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": "localhost:0"}, "http": {"endpoint": "localhost:0"}}}},
        "admin": {"endpoint": "localhost:0"},
        "storage": {"directory": str(directory / "state")},
        "exporters": {"file/records": {"path": str(directory / "records.jsonl")}},
    }


def merge(into, changes):
    """Changes a configuration in depth; a value of None takes the key away."""
    for key, value in changes.items():
        if value is None:
            into.pop(key, None)
        elif isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = copy.deepcopy(value)  # the next change is made to ours
    return into


def whole_lines(path):
    """The JSON of each line that a file has whole so far: whoever writes it may be in the middle of one."""
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text.splitlines(True) if line.endswith("\n")]


def parse_metrics(text):
    """[(name, {label: value}, number)] of the Prometheus text format."""
    samples = []
    for line in text.splitlines():
        if line and not line.startswith("#"):
            match = SAMPLE_LINE.match(line)
            assert match, "not a sample line: %r" % line
            labels = {k: re.sub(r"\\.", lambda m: UNESCAPED[m[0]], v) for k, v in LABEL.findall(match[2] or "")}
            samples.append((match[1], labels, float(match[3])))
    return samples


class Agent:
    def __init__(self, directory, changes=None, env=None):
        self.directory = Path(directory)
        self.config = merge(default_config(self.directory), changes or {})
        self.config_file = self.directory / "plimsoll.yaml"
        self.env = dict(os.environ, TSAN_OPTIONS=TSAN_OPTIONS, **(env or {}))
        self.process = None
        self.lines = []

    # ------------------------------------------------------------------ life
    def start(self):
        """Starts it and waits until it is ready."""
        self.launch()
        wanted = {"metrics"} | set(self.config["receivers"]["otlp"]["protocols"])
        wait_for(lambda: wanted <= set(self.ports) or self.process.poll() is not None,
                 lambda: "ports of %s in:\n%s" % (wanted, self.output), START_TIMEOUT_S)
        assert self.process.poll() is None, "it did not start:\n" + self.output
        wait_for(self.is_ready, lambda: "/readyz:\n" + self.output, START_TIMEOUT_S)
        return self

    def launch(self):
        """Starts the process without waiting for anything."""
        self.write_config()
        self.lines = []
        self.process = subprocess.Popen([BINARY, "run", "--config", str(self.config_file)], env=self.env,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, errors="replace")
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        return self

    def write_config(self, changes=None):
        merge(self.config, changes or {})
        self.config_file.write_text(json.dumps(self.config, indent=2))  # JSON is YAML

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def stop(self):
        """SIGTERM: it must drain, end with 0 and have nothing to say to a sanitizer."""
        self.process.send_signal(signal.SIGTERM)
        self.expect_exit(0)

    def expect_exit(self, code):
        """Waits for its end; returns what it wrote."""
        try:
            got = self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("it did not end:\n" + self.output) from None
        self.reader.join(STOP_TIMEOUT_S)
        assert got == code, "exit status %d instead of %d:\n%s" % (got, code, self.output)
        self.expect_no_report()
        return self.output

    def expect_no_report(self):
        """No sanitizer had anything to say."""
        assert not SANITIZER_REPORT.search(self.output), self.output

    def kill(self):
        """SIGKILL, as a crash would."""
        self.process.kill()
        self.process.wait()
        self.reader.join(STOP_TIMEOUT_S)
        self.expect_no_report()

    def restart(self):
        self.stop()
        return self.start()

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    # ------------------------------------------------------------------ what it says
    @property
    def output(self):
        return "".join(self.lines)

    def wait_for_output(self, pattern, timeout=20):
        return wait_for(lambda: re.search(pattern, self.output), lambda: "%r in:\n%s" % (pattern, self.output), timeout)

    @property
    def ports(self):
        """{"grpc": 40001, "http": 40002, "metrics": 40003}, of what it has printed so far."""
        return {name.lower().removeprefix("otlp/"): int(port) for name, port in PORT_LINE.findall(self.output)}

    @property
    def grpc_target(self):
        return "localhost:%d" % self.ports["grpc"]

    @property
    def http_url(self):
        return "http://localhost:%d" % self.ports["http"]

    @property
    def https_url(self):
        return "https://localhost:%d" % self.ports["http"]

    def get_bytes(self, path):
        """(status, body) of the admin endpoint, which is no text."""
        with urllib.request.urlopen("http://localhost:%d%s" % (self.ports["metrics"], path), timeout=10) as answer:
            return answer.status, answer.read()

    def get(self, path):
        """(status, body) of the admin endpoint."""
        try:
            with urllib.request.urlopen("http://localhost:%d%s" % (self.ports["metrics"], path), timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    def post(self, path, message):
        """(status, body) of the admin endpoint's answer to JSON."""
        request = urllib.request.Request("http://localhost:%d%s" % (self.ports["metrics"], path),
                                         json.dumps(message).encode(), {"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    def is_ready(self):
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False

    def api(self, path):
        status, body = self.get("/api/v1/" + path)
        assert status == 200, "%s: %d %s" % (path, status, body)
        return json.loads(body)

    # ------------------------------------------------------------------ what it counted
    def metrics(self):
        status, body = self.get("/metrics")
        assert status == 200, body
        return parse_metrics(body)

    def metric(self, name, /, **labels):
        """Sum of the samples of that name that have these labels; None where there is none."""
        found = [value for sample, has, value in self.metrics()
                 if sample == name and all(has.get(k) == v for k, v in labels.items())]
        return sum(found) if found else None

    def wait_for_metric(self, name, at_least, /, timeout=20, **labels):
        wait_for(lambda: (self.metric(name, **labels) or 0) >= at_least,
                 lambda: "%s%s >= %s, it is %s" % (name, labels, at_least, self.metric(name, **labels)), timeout)

    def records(self):
        """The request records written so far."""
        return whole_lines(self.directory / "records.jsonl")

    def wait_for_records(self, count, timeout=20):
        wait_for(lambda: len(self.records()) >= count, lambda: "%d records, there are %d; it says:\n%s" % (
            count, len(self.records()), self.output), timeout)
        return self.records()
