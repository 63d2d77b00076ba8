# SPDX-License-Identifier: Apache-2.0
"""Apache Kafka, one node that is broker and controller (KRaft), on free ports; and its console consumer."""
import os
import signal
import subprocess

from clickhouse import free_port
from waiting import wait_for

JARS = os.environ.get("KAFKA_JARS", "build/backends/kafka/jars")
PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:%(controller)d
listeners=PLAINTEXT://127.0.0.1:%(broker)d,CONTROLLER://127.0.0.1:%(controller)d
advertised.listeners=PLAINTEXT://127.0.0.1:%(broker)d
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=%(directory)s/logs
num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
"""
CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qg"


def java(main, *arguments, **options):
    return ["java", "-Xmx256m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", JARS + "/*", main, *arguments]


class KafkaBroker:
    def __init__(self, directory):
        self.directory = directory
        directory.mkdir(parents=True)
        self.port = free_port()
        self.properties = directory / "server.properties"
        self.properties.write_text(PROPERTIES % {"broker": self.port, "controller": free_port(), "directory": directory})
        subprocess.run(java("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(self.properties)),
                       check=True, capture_output=True)
        self.start()

    @property
    def address(self):
        return "127.0.0.1:%d" % self.port

    def start(self):
        with (self.directory / "broker.log").open("a") as log:
            self.process = subprocess.Popen(java("kafka.Kafka", str(self.properties)), stdout=log, stderr=log)
        try:
            wait_for(self.answers, lambda: (self.directory / "broker.log").read_text(), 60)
        except AssertionError:
            self.stop()
            raise

    def answers(self):
        done = subprocess.run(java("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.address, "--list"),
                              capture_output=True, timeout=60)
        return done.returncode == 0

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def messages(self, topic, count, timeout_s=30):
        """[(partition, key, value)] as text: that many, or all that come in time."""
        done = subprocess.run(
            java("org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server", self.address, "--topic", topic,
                 "--from-beginning", "--max-messages", str(count), "--timeout-ms", str(timeout_s * 1000),
                 "--property", "print.partition=true", "--property", "print.key=true", "--property", "key.separator=\t"),
            capture_output=True, text=True, timeout=timeout_s + 60)
        return [tuple(line.split("\t", 2)) for line in done.stdout.splitlines() if line.startswith("Partition:")]
