#!/bin/sh
# Prints SARIF logs as CSV for COPY: log name, bytes as a bytea literal. usage: logs.sh FILE ...
set -eu
for file in "$@"; do
    printf '%s,\\x' "$(basename "$file" | sed 's/\.sarif.*//')"
    od -An -v -tx1 "$file" | tr -d ' \n'
    echo
done
