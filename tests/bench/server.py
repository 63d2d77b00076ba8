# SPDX-License-Identifier: Apache-2.0
"""A server under load: started, its CPU and memory read, stopped. All that the benchmarks of whole processes share."""
import contextlib
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import urllib.request

TICKS = os.sysconf("SC_CLK_TCK")
THREADS = ("lanes", "loop", "store", "rest")


def process_cpu_s(pid):
    """To the nanosecond, of all threads, those that have ended too: the clock whose number clock_getcpuclockid(3) makes."""
    return time.clock_gettime(~pid << 3 | 2)


class Server:
    """A server under load. ready: pattern of the line that says it is, with its port in the first group.
    directory: where its state lies, None for /tmp, which may be memory."""

    def __init__(self, name, command, ready, directory=None):
        self.name, began = name, time.monotonic()
        self.state = tempfile.TemporaryDirectory(dir=directory)  # each start is a first one
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                                        env=dict(os.environ, BENCH_STATE=self.state.name))
        self.port = self.await_port(ready)
        self.start_ms = (time.monotonic() - began) * 1000
        time.sleep(0.3)
        self.idle_kib = self.memory("VmRSS")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.state.cleanup()

    def await_port(self, ready):
        for line in self.process.stdout:
            found = re.search(ready, line)
            if found:
                return int(found.group(1))
        raise SystemExit("%s ended before it was ready" % self.name)

    def cpu_s(self):
        return process_cpu_s(self.process.pid)

    def cpu_parts_s(self):
        """(user, system), to ten milliseconds."""
        with open("/proc/%d/stat" % self.process.pid) as f:
            fields = f.read().rsplit(") ", 1)[1].split()
        return int(fields[11]) / TICKS, int(fields[12]) / TICKS

    def settled_cpu_s(self):
        """CPU once work that outlasts the load (queues, exports) is done."""
        before, now = -1.0, self.cpu_s()
        while now - before > 0.001:
            time.sleep(0.05)
            before, now = now, self.cpu_s()
        return now

    def thread_cpu_s(self):
        """By THREADS; those that gRPC core and others start and end by themselves are in the rest."""
        spent = dict.fromkeys(THREADS, 0.0)
        for thread in os.listdir("/proc/%d/task" % self.process.pid):
            with contextlib.suppress(FileNotFoundError):
                with open("/proc/%d/task/%s/comm" % (self.process.pid, thread)) as f:
                    name = f.read().strip()
                with open("/proc/%d/task/%s/schedstat" % (self.process.pid, thread)) as f:
                    ran_ns = int(f.read().split()[0])
                kind = "loop" if int(thread) == self.process.pid else name.split("-")[0].replace("lane", "lanes")
                spent[kind if kind in THREADS else "rest"] += ran_ns / 1e9
        spent["rest"] = self.cpu_s() - sum(spent[kind] for kind in THREADS if kind != "rest")
        return spent

    def counts(self, families):
        """Sums of counters on /metrics; admin_port has been set."""
        with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % self.admin_port, timeout=10) as answer:
            text = answer.read().decode()
        return [sum(map(float, re.findall(r"^%s(?:{[^}]*})? (\S+)$" % family, text, re.M))) for family in families]

    def memory(self, key):
        with open("/proc/%d/status" % self.process.pid) as f:
            return int(re.search(key + r":\s+(\d+) kB", f.read()).group(1))


def agent_config(directory, name, exporters, more=None):
    path = os.path.join(directory, name + ".yaml")
    with open(path, "w") as f:  # JSON is YAML
        json.dump({"receivers": {"otlp": {"protocols": {"grpc": {"endpoint": "127.0.0.1:0"}}}},
                   "admin": {"endpoint": "127.0.0.1:0"},
                   "log": {"level": "error"},
                   "storage": {"directory": "${env:BENCH_STATE}"},
                   "exporters": exporters, **(more or {})}, f)
    return path


def load(bin_dir, server, batch, spans, seed):
    """Sends spans over gRPC; returns the server's CPU seconds per million of them, what they leave to do included."""
    before = server.settled_cpu_s()
    run = subprocess.run([os.path.join(bin_dir, "bench/otlp_load"), "127.0.0.1:%d" % server.port, "--batch", str(batch),
                          "--spans", str(spans), "--seed", str(seed)], stdout=subprocess.PIPE, text=True)
    if run.returncode != 0:
        print("%s: %s" % (server.name, run.stdout.strip()))
    sent = int(re.search(r"spans=(\d+)", run.stdout).group(1))
    return (server.settled_cpu_s() - before) / sent * 1e6
