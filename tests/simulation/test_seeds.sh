#!/usr/bin/env bash
# test_seeds.sh - with sanitizers: seeds that broke once, some others, and some on real files hold.
# ctest: timeout=900
set -euo pipefail
simulator="$SLUICE_BIN_DIR/sluice-sim"
[ -x "$simulator" ] || { echo "sluice-sim is not built" >&2; exit 77; }

out=$(mktemp)
trap 'rm -f "$out"' EXIT

run() {
    if ! "$simulator" "$@" >"$out"; then
        grep -v ', ok$' "$out"
        exit 1
    fi
    tail -1 "$out"
}

run --regressions "$SLUICE_SOURCE_DIR/tests/simulation/regressions.txt"
run --seeds 1..40
run --files --seeds 1..8
