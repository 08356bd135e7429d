#!/usr/bin/env bash
# test_seeds.sh - a modest number of seeds hold, and a share of them run the same way twice.
set -euo pipefail
simulator="$SLUICE_BIN_DIR/sluice-sim"
[ -x "$simulator" ] || { echo "sluice-sim is not built" >&2; exit 77; }

first=$(mktemp) second=$(mktemp)
trap 'rm -f "$first" "$second"' EXIT

"$simulator" --seeds 1..12 | tee "$first"
"$simulator" --seeds 1..3 >"$second"
if ! diff <(head -n "$(wc -l <"$second")" "$first") "$second"; then
    echo "a seed ran another way the second time" >&2
    exit 1
fi
