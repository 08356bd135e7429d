#!/usr/bin/env bash
# test_seeds_first.sh - seeds 1..1000 on copies in memory: all hold, every mark is met, and a share of them
# runs the same way twice. Optimised, with every check of the production code in place.
# ctest: timeout=900
set -euo pipefail
simulator="$SLUICE_BIN_DIR/sluice-sim-fast" # beside a build with sanitizers
[ -x "$simulator" ] || simulator="$SLUICE_BIN_DIR/sluice-sim"
[ -x "$simulator" ] || { echo "sluice-sim is not built" >&2; exit 77; }

out=$(mktemp)
trap 'rm -f "$out"' EXIT
if ! "$simulator" --seeds 1..1000 >"$out"; then
    grep -v ', ok$' "$out"
    exit 1
fi
tail -1 "$out"
