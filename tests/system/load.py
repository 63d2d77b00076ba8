# SPDX-License-Identifier: Apache-2.0
"""Senders that never give up, and the account of what became of every span: sent, acknowledged, delivered, lost, twice.

A sender keeps its request until the agent says yes, as the OTLP specification asks of one, and finds the agent again
after a restart, on whatever port that has then."""
import collections
import threading
import time

import grpc

import otlp
from waiting import wait_for

SPANS_PER_REQUEST = 5


class Load:
    """grpc_senders and http_senders threads send to the agent, each one request at a time, until stop()."""

    def __init__(self, agent, grpc_senders=2, http_senders=1, text_bytes=200):
        self.agent, self.text = agent, "x" * text_bytes
        self.sent, self.acknowledged, self.refused = set(), set(), collections.Counter()
        self.lock, self.stopping = threading.Lock(), threading.Event()
        self.next_words = []  # of spans to come, each once
        self.threads = [threading.Thread(target=self._run, args=(send,), daemon=True)
                        for send in [self._send_grpc] * grpc_senders + [self._send_http] * http_senders]
        for thread in self.threads:
            thread.start()

    def stop(self):
        """Lets every sender have its last request acknowledged."""
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive(), "a sender is still waiting for a yes:\n" + self.agent.output

    def wait_for_acknowledged(self, more):
        target = len(self.acknowledged) + more
        wait_for(lambda: len(self.acknowledged) >= target, lambda: "%d spans acknowledged, there are %d" % (
            target, len(self.acknowledged)), 60)

    def say_next(self, words):
        """One of the next spans has these words in it."""
        with self.lock:
            self.next_words.append(words)

    def _text(self):
        with self.lock:
            return self.next_words.pop() if self.next_words else self.text

    def _request(self):
        message, spans = otlp.request()
        ids = []
        for _ in range(SPANS_PER_REQUEST):
            span = otlp.add_call(spans, **{"gen_ai.output.messages": self._text()})
            ids.append(span.span_id)
        return message.SerializeToString(), ids

    def _run(self, send):
        while not self.stopping.is_set():
            body, ids = self._request()
            with self.lock:
                self.sent.update(ids)
            while not send(body):
                time.sleep(0.02)
            with self.lock:
                self.acknowledged.update(ids)

    def _note(self, what):
        with self.lock:
            self.refused[what] += 1
        return False

    def _send_grpc(self, body):
        try:
            otlp.send_grpc(self.agent.grpc_target, body, timeout=10)
            return True
        except grpc.RpcError as error:
            return self._note(error.code().name)
        except KeyError:  # it is just starting: no port yet
            return self._note("not up")

    def _send_http(self, body):
        try:
            status, headers, _ = otlp.send_http(self.agent.http_url, body, timeout=10)
        except KeyError:
            return self._note("not up")
        except Exception as error:  # a connection that was cut in the middle of an answer
            return self._note(type(error).__name__)
        return status == 200 or self._note("%d retry-after=%s" % (status, headers.get("Retry-After")))


class Account:
    """What became of the load's spans at the back end. kept: ids of those that the agent still has, to look at."""

    def __init__(self, load, backend, kept=frozenset()):
        times = collections.Counter(span.span_id for span in backend.spans())
        self.sent, self.acknowledged = len(load.sent), len(load.acknowledged)
        self.delivered = len(times)
        self.lost = len(load.acknowledged - set(times) - kept)
        self.duplicated = sum(n - 1 for n in times.values())

    def __str__(self):
        return "sent %d, acknowledged %d, delivered %d, lost %d, duplicated %d" % (
            self.sent, self.acknowledged, self.delivered, self.lost, self.duplicated)


def settle(load, backend, timeout=60, kept=frozenset()):
    """Waits until everything acknowledged has arrived, or until nothing more does; returns the account."""
    end = time.monotonic() + timeout
    account = Account(load, backend, kept)
    while account.lost > 0 and time.monotonic() < end:
        time.sleep(0.2)
        account = Account(load, backend, kept)
    return account
