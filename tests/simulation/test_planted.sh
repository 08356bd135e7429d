#!/usr/bin/env bash
# test_planted.sh - the simulator would notice: every bug it can plant is found by one of its seeds, and
# the same seed without the bug holds.
# ctest: label=planted timeout=600
set -euo pipefail
simulator="$SLUICE_BIN_DIR/sluice-sim-fast" # beside a build with sanitizers
[ -x "$simulator" ] || simulator="$SLUICE_BIN_DIR/sluice-sim"
list="$SLUICE_SOURCE_DIR/tests/simulation/planted.txt"
[ -x "$simulator" ] || { echo "sluice-sim is not built" >&2; exit 77; }

failed=0 found=0
declare -A clean=()
while read -r bug seeds; do
    case $bug in '' | '#'*) continue ;; esac
    if [[ $seeds != *..* ]]; then # what chance meets too seldom has a scenario
        if "$simulator" --scenarios "$seeds" --plant "$bug" --seeds 1..5 >/dev/null 2>&1; then
            echo "not found: $bug by the scenario $seeds"
            failed=1
        else
            found=$((found + 1))
        fi
        continue
    fi
    # Not through a pipe that ends early: the seed that broke is the last one told.
    told=$("$simulator" --seeds "$seeds" --plant "$bug" --until-broken 2>&1 || true)
    seed=$(sed -n 's/^seed \([0-9]*\): .*BROKEN.*/\1/p' <<<"$told" | tail -n 1)
    if [ -z "$seed" ]; then
        echo "not found: $bug by seeds $seeds"
        failed=1
        continue
    fi
    found=$((found + 1))
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
