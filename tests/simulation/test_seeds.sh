#!/usr/bin/env bash
# test_seeds.sh - seeds that broke once, a hundred others, and some on real files hold; every mark is
# met, and a share of the seeds runs the same way twice.
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
run --seeds 1..100
run --files --seeds 1..20
