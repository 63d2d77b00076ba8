# SPDX-License-Identifier: Apache-2.0
"""A real ClickHouse server on free ports, with its files in a folder of the test."""
import json
import socket
import subprocess
import urllib.error
import urllib.request

from waiting import wait_for

CONFIG = """<yandex>
<logger><level>warning</level><console>1</console></logger>
<http_port>%(http)d</http_port><tcp_port>%(tcp)d</tcp_port><listen_host>127.0.0.1</listen_host>
<path>%(path)s/data/</path><tmp_path>%(path)s/tmp/</tmp_path><user_files_path>%(path)s/files/</user_files_path>
<users_config>users.xml</users_config><default_profile>default</default_profile>
<default_database>default</default_database><mark_cache_size>67108864</mark_cache_size>
</yandex>"""
USERS = """<yandex>
<profiles><default></default></profiles><quotas><default></default></quotas>
<users><agent><password>secret</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile>
<quota>default</quota></agent></users>
</yandex>"""
HEADERS = {"X-ClickHouse-User": "agent", "X-ClickHouse-Key": "secret"}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class ClickHouse:
    def __init__(self, directory):
        self.directory, self.port = directory, free_port()
        for folder in ("data", "tmp", "files"):
            (directory / folder).mkdir(parents=True)
        (directory / "config.xml").write_text(CONFIG % {"http": self.port, "tcp": free_port(), "path": directory})
        (directory / "users.xml").write_text(USERS)
        self.start()

    def start(self):
        with (self.directory / "server.log").open("a") as log:
            self.process = subprocess.Popen(["clickhouse-server", "--config-file=%s/config.xml" % self.directory],
                                            stdout=log, stderr=log)
        wait_for(self.answers, lambda: (self.directory / "server.log").read_text(), 30)

    def answers(self):
        try:
            return self.query("SELECT 1") == [{"1": 1}]
        except OSError:
            return False

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.port

    def ask(self, sql):
        """The answer's text. Raises urllib.error.HTTPError."""
        request = urllib.request.Request(self.url + "/", sql.encode(), HEADERS)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode()

    def query(self, sql):
        """[{column: value}]"""
        return [json.loads(line) for line in self.ask(sql + " FORMAT JSONEachRow").splitlines()]

    def count(self, table):
        try:
            return int(self.ask("SELECT count() FROM " + table))
        except urllib.error.HTTPError:
            return 0

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
