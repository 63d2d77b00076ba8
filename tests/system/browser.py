# SPDX-License-Identifier: Apache-2.0
"""A real Chromium that stays open, spoken to over its debugging pipe: a JSON message each way, ended by a NUL."""
import json
import os
import select
import shutil
import subprocess
import time

import pytest

TIMEOUT_S = 40
PIPE_IN, PIPE_OUT = 3, 4  # the descriptors that --remote-debugging-pipe reads and writes


def program():
    return shutil.which("chromium") or pytest.skip("chromium is not installed (make test installs it)")


class Browser:
    def __init__(self, directory):
        commands, self.write_fd = os.pipe()
        self.read_fd, answers = os.pipe()

        def place_pipes():
            for fd, place in ((os.dup(commands), PIPE_IN), (os.dup(answers), PIPE_OUT)):
                os.dup2(fd, place)

        self.process = subprocess.Popen(
            [program(), "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
             "--user-data-dir=%s" % directory, "about:blank"], preexec_fn=place_pipes, close_fds=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(answers)
        self.number, self.unread, self.session, self.requested = 0, b"", None, []
        page = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        self.call("Network.enable")

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write_fd, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self.number:
                assert "error" not in answer, "%s: %s" % (method, answer)
                return answer["result"]
            if answer.get("method") == "Network.requestWillBeSent":
                self.requested.append(answer["params"]["request"]["url"])

    def _read(self):
        end = time.monotonic() + TIMEOUT_S
        while b"\0" not in self.unread:
            ready = select.select([self.read_fd], [], [], max(0, end - time.monotonic()))[0]
            more = os.read(self.read_fd, 1 << 20) if ready else b""
            assert more, "the browser says nothing"
            self.unread += more
        message, self.unread = self.unread.split(b"\0", 1)
        return json.loads(message)

    def open(self, url):
        self.call("Page.navigate", url=url)

    def run(self, expression):
        """The value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, "%s: %s" % (expression, answer)
        return answer["result"].get("value")

    def media(self, kind="", **features):
        """Such as media("print") or media(prefers_color_scheme="dark")."""
        self.call("Emulation.setEmulatedMedia", media=kind,
                  features=[{"name": name.replace("_", "-"), "value": value} for name, value in features.items()])

    def width(self, pixels):
        self.call("Emulation.setDeviceMetricsOverride", width=pixels, height=900, deviceScaleFactor=1, mobile=False)

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        os.close(self.write_fd)
        os.close(self.read_fd)
