#!/usr/bin/env bash
# test_planted.sh - the simulator would notice: every bug it can plant is found by its seed, and the
# same seed without the bug holds.
# ctest: label=planted timeout=600
set -euo pipefail
simulator="$SLUICE_BIN_DIR/sluice-sim-fast" # beside a build with sanitizers
[ -x "$simulator" ] || simulator="$SLUICE_BIN_DIR/sluice-sim"
list="$SLUICE_SOURCE_DIR/tests/simulation/planted.txt"
[ -x "$simulator" ] || { echo "sluice-sim is not built" >&2; exit 77; }

failed=0 found=0
declare -A clean=()
while read -r bug seed; do
    case $bug in '' | '#'*) continue ;; esac
    if "$simulator" "$seed" --plant "$bug" >/dev/null 2>&1; then
        echo "not found: $bug by seed $seed"
        failed=1
    else
        found=$((found + 1))
    fi
    [ -n "${clean[$seed]:-}" ] && continue
    clean[$seed]=1
    if ! "$simulator" "$seed" >/dev/null 2>&1; then
        echo "seed $seed breaks without any planted bug"
        failed=1
    fi
done <"$list"

known=$("$simulator" --plant help | wc -l)
echo "$found of $known planted bugs found"
[ "$found" -ge 20 ] && [ "$found" -eq "$known" ] && [ "$failed" -eq 0 ]
