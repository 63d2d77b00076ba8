# SPDX-License-Identifier: Apache-2.0
"""Runs Promptfoo as it is installed in a folder, against a stand-in for the model."""
import json
import os
import subprocess


def run(folder, name, config, api):
    """Path of what it wrote. One request at a time, so that a script of answers is in the order of the cases."""
    config = dict(config, providers=[{"id": "openai:chat:gpt-4o", "config": {"apiBaseUrl": api.url, "apiKey": "none"}}])
    path, out = folder / "config.json", folder / (name + ".json")
    path.write_text(json.dumps(config))
    out.unlink(missing_ok=True)
    env = dict(os.environ, PROMPTFOO_DISABLE_TELEMETRY="1", PROMPTFOO_DISABLE_UPDATE="1",
               PROMPTFOO_CONFIG_DIR=str(folder / "home"))
    done = subprocess.run([folder / "node_modules/.bin/node", folder / "node_modules/promptfoo/dist/src/main.js", "eval",
                           "-c", path, "-o", out, "--no-cache", "-j", "1"], env=env, capture_output=True,
                          text=True, timeout=300)
    assert out.exists(), done.stdout + done.stderr
    return out
