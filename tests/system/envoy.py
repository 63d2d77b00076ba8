# SPDX-License-Identifier: Apache-2.0
"""Asks as Envoy does: messages made from the .proto files of this repository, at run time."""
import subprocess
from pathlib import Path

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

ROOT = Path(__file__).parents[2]
RATE_LIMIT = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit"
CHECK = "/envoy.service.auth.v3.Authorization/Check"
OK, OVER_LIMIT = 1, 2


def load(directory):
    """{"envoy_authz.CheckRequest": class, ...}"""
    out = Path(directory) / "envoy.pb"
    subprocess.run(["protoc", "-I", str(ROOT), "--include_imports", "--descriptor_set_out=%s" % out,
                    "proto/envoy_ratelimit.proto", "proto/envoy_authz.proto"], check=True, timeout=30)
    pool = descriptor_pool.DescriptorPool()
    files = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file
    for file in files:
        pool.Add(file)
    names = ["envoy_ratelimit.RateLimitRequest", "envoy_ratelimit.RateLimitResponse", "envoy_authz.CheckRequest",
             "envoy_authz.CheckResponse"]
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(name)) for name in names}


class Envoy:
    def __init__(self, directory, port):
        self.messages = load(directory)
        self.channel = grpc.insecure_channel("localhost:%d" % port)

    def should_rate_limit(self, *descriptors, hits=0):
        request = self.messages["envoy_ratelimit.RateLimitRequest"](domain="models", hits_addend=hits)
        for descriptor in descriptors:
            entries = request.descriptors.add().entries
            for key, value in descriptor.items():
                entries.add(key=key, value=value)
        return self.call(RATE_LIMIT, request, "envoy_ratelimit.RateLimitResponse")

    def check(self, headers, extensions=None, body=""):
        request = self.messages["envoy_authz.CheckRequest"]()
        request.attributes.request.http.headers.update(headers)
        request.attributes.request.http.body = body
        request.attributes.context_extensions.update(extensions or {})
        return self.call(CHECK, request, "envoy_authz.CheckResponse")

    def call(self, method, request, answer):
        data = request if isinstance(request, bytes) else request.SerializeToString()
        return self.messages[answer].FromString(self.channel.unary_unary(method)(data, timeout=10))
