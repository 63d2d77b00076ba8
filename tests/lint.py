#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a reader should not have to notice: licence lines, blanks at line ends, scripts that do not parse."""
import ast
import subprocess
import sys
from pathlib import Path

NOT_OURS = ("proto/", "agent/pricing/data/", "dashboards/vendor/")
TEXT = {".c", ".h", ".S", ".py", ".sh", ".md", ".mk", ".yaml", ".yml", ".js", ".css", ".html"}
LICENSED = {".c", ".h"}


def listed_by_git():
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):  # no git; an unpacked archive; somebody else's checkout
        return None


def found_here():
    return [str(path) for path in Path(".").rglob("*") if not {"build", ".git", "__pycache__"} & set(path.parts)]


def our_files():
    names = sorted(listed_by_git() or found_here())
    return [Path(name) for name in names if name and not name.startswith(NOT_OURS) and Path(name).is_file()]


def first_line(path):
    with path.open("rb") as f:
        return f.readline().decode(errors="replace")


def is_text(path):
    return path.suffix in TEXT or path.name == "Makefile" or first_line(path).startswith("#!")


def check_lines(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip():
            yield number, "blanks at the end of the line"
    if text and not text.endswith("\n"):
        yield number, "no line end at the end of the file"


def check_syntax(path, text):
    shebang = text.partition("\n")[0]
    if path.suffix == ".py" or shebang.endswith("python3"):
        try:
            ast.parse(text)
        except SyntaxError as error:
            yield error.lineno or 1, error.msg
    elif path.suffix == ".sh" or shebang in ("#!/bin/sh", "#!/bin/bash", "#!/usr/bin/env bash"):
        shell = "bash" if "bash" in shebang else "sh"
        checked = subprocess.run([shell, "-n", str(path)], capture_output=True, text=True)
        if checked.returncode != 0:
            yield 1, checked.stderr.strip()


def check(path):
    text = path.read_text(errors="replace")
    if path.suffix in LICENSED and not text.startswith("/* SPDX-License-Identifier: Apache-2.0\n"):
        yield 1, "does not open with the SPDX line"
    yield from check_lines(path, text)
    yield from check_syntax(path, text)


def main():
    files = [p for p in our_files() if is_text(p)]
    found = [(p, number, what) for p in files for number, what in check(p)]
    for path, number, what in found:
        print("%s:%d: %s" % (path, number, what))
    bad = len({path for path, _, _ in found})
    print("%d files" % len(files))
    print("%d passed, %d failed" % (not found, bad))
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
