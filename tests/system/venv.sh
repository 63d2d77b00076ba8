#!/bin/sh
# Makes a Python environment in $1 of the pinned requirements in $2 (those of the system tests), anew where they changed.
set -eu
venv=$1
requirements=${2:-$(dirname "$0")/requirements.txt}
cmp -s "$requirements" "$venv/requirements.txt" && exit 0
echo "  VENV  $venv"
rm -rf "$venv"
python3 -m venv "$venv"
"$venv/bin/pip" install -q --disable-pip-version-check --no-deps -r "$requirements"
cp "$requirements" "$venv/requirements.txt"
