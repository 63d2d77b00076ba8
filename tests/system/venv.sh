#!/bin/sh
# Makes the Python environment of the system tests in $1, anew where the pinned requirements changed since.
set -eu
venv=$1
requirements=$(dirname "$0")/requirements.txt
cmp -s "$requirements" "$venv/requirements.txt" && exit 0
echo "  VENV  $venv"
rm -rf "$venv"
python3 -m venv "$venv"
"$venv/bin/pip" install -q --disable-pip-version-check --no-deps -r "$requirements"
cp "$requirements" "$venv/requirements.txt"
