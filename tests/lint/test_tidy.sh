#!/usr/bin/env bash
# clang-tidy with .clang-tidy's checks finds nothing in the programs' sources.
# ctest: label=builds timeout=900
set -euo pipefail

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$SLUICE_SOURCE_DIR"
cmake -S . -B "$place" -G Ninja -DCMAKE_C_COMPILER=clang -DCMAKE_C_COMPILER_LAUNCHER= \
    -DSLUICE_TESTS=OFF -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >/dev/null
ninja --quiet -C "$place" proto_messages # the generated headers
find common client server -name '*.c' -print0 |
    xargs -0 -P 2 -n 8 clang-tidy --quiet -p "$place" 2>"$place/talk" || {
    grep -v 'warnings generated' "$place/talk" >&2 || :
    exit 1
}
