# SPDX-License-Identifier: Apache-2.0
"""A certificate authority of the test's own: certificates are made by openssl in a temporary folder, and never kept."""
import subprocess
from pathlib import Path

SERVER_NAME = "plimsoll.test"


def openssl(*arguments, **more):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, **more)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Authority:
    def __init__(self, directory, name="ca"):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.key, self.file = self.path("key"), self.path("pem")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 30,
                "-subj", "/CN=%s" % name, "-addext", "basicConstraints=critical,CA:TRUE",
                "-keyout", self.key, "-out", self.file)

    def path(self, suffix):
        return self.directory / ("%s.%s" % (self.name, suffix))

    def issue(self, name, serial=None, expired=False, usage="serverAuth,clientAuth"):
        """(certificate, key) for localhost, 127.0.0.1, ::1 and SERVER_NAME; signed, and expired yesterday if so wished."""
        base = self.directory / name
        key, request, certificate, extensions = (base.with_suffix(s) for s in (".key", ".csr", ".pem", ".ext"))
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=" + name,
                "-keyout", key, "-out", request)
        extensions.write_text("subjectAltName=DNS:localhost,DNS:%s,IP:127.0.0.1,IP:::1\nextendedKeyUsage=%s\n"
                              % (SERVER_NAME, usage))
        period = self.expired_period() if expired else ["-days", "30"]
        openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.key, "-CAcreateserial",
                *(["-set_serial", str(serial)] if serial else []), *period, "-extfile", extensions, "-out", certificate)
        return certificate, key

    @staticmethod
    def expired_period():
        """Negative days put the end into the past."""
        return ["-days", "-1"]


def tls(pair, **more):
    """A tls section of the agent's configuration."""
    certificate, key = pair
    return {"cert_file": str(certificate), "key_file": str(key), **{k: str(v) for k, v in more.items()}}
