# SPDX-License-Identifier: Apache-2.0
"""The image holds what the agent is linked with: a library that is missing there shows only when it starts."""
import os
import re
import subprocess

import pytest

from agent import BINARY

DOCKERFILE = os.path.join(os.path.dirname(__file__), "../../docker/Dockerfile")


def libraries():
    """Paths of the shared libraries that the program itself asks for."""
    dynamic = subprocess.run(["readelf", "-d", BINARY], capture_output=True, text=True, check=True).stdout
    found = subprocess.run(["ldd", BINARY], capture_output=True, text=True, check=True).stdout
    paths = dict(re.findall(r"(\S+) => (\S+)", found))
    return [paths[name] for name in re.findall(r"NEEDED.*\[(.+)\]", dynamic)]


def package_of(path):
    """dpkg lists some files below /lib and some below /usr/lib, which are one folder."""
    real = os.path.realpath(path)
    for known_as in {path, real, re.sub("^/usr/lib/", "/lib/", real)}:
        owner = subprocess.run(["dpkg", "-S", known_as], capture_output=True, text=True, check=False)
        if owner.returncode == 0:
            return owner.stdout.split(":")[0]
    pytest.skip("%s is of no Debian package" % real)


def test_every_library_is_installed_in_the_image():
    with open(DOCKERFILE, encoding="utf-8") as text:
        stages = text.read().split("\nFROM ")
    image = set(re.search(r"apt-get install(.*?)&&", stages[-1], re.DOTALL).group(1).split())
    packages = {package_of(path) for path in libraries()}
    assert packages - image - {"libc6"} == set()


def test_the_pod_runs_the_image_that_the_readme_builds():
    def text(name):
        with open(os.path.join(os.path.dirname(DOCKERFILE), name), encoding="utf-8") as file:
            return file.read()

    version = re.search(r"^## (\d\S*)", text("../CHANGELOG.md"), re.M)[1]
    for name in ("Dockerfile", "kubernetes.yaml", "../README.md"):
        assert set(re.findall(r"\bplimsoll:(\d\S*)", text(name))) == {version}


def environment_of_the_pod():
    with open(os.path.join(os.path.dirname(DOCKERFILE), "kubernetes.yaml"), encoding="utf-8") as file:
        sidecar = file.read().split("\n      containers:")[0]
    return dict(re.findall(r"\{name: (\w+), value: \"?([^\"}]+)", sidecar))


@pytest.mark.parametrize("of_the_pod", [False, True])
def test_only_the_container_that_stands_alone_takes_telemetry_from_elsewhere(tmp_path, of_the_pod):
    with open(os.path.join(os.path.dirname(DOCKERFILE), "plimsoll.yaml"), encoding="utf-8") as file:
        text = re.sub(r"^( +endpoint: .*):\d+$", r"\1:0", file.read(), flags=re.M)
    (tmp_path / "plimsoll.yaml").write_text(text)
    env = dict(os.environ, PLIMSOLL_STORAGE=str(tmp_path / "state"), **(environment_of_the_pod() if of_the_pod else {}))
    with subprocess.Popen([BINARY, "run", "--config", str(tmp_path / "plimsoll.yaml")], env=env, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as agent:
        opened = agent.stdout.readline()
        agent.terminate()
    assert "open_to_network" in opened and "admin" in opened
    assert ("receivers.otlp" in opened) == (not of_the_pod)
