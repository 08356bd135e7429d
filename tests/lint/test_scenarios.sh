#!/usr/bin/env bash
# The table in tests/scenarios.md is true: thirty rows in order, each with a test; the files it names
# exist; the scripted runs it names are there under that number, and none is left out.
set -euo pipefail
tests="$SLUICE_SOURCE_DIR/tests"
failed=0

bad() {
    echo "tests/scenarios.md: $*"
    failed=1
}

played=$(sed -n 's/^ *X(\([0-9]*\), \([a-z_]*\), .*/\1 scenario_\2/p' "$tests/simulation/scenarios.h")
[ "$(wc -l <<<"$played")" -ge 20 ] || bad "cannot read simulation/scenarios.h"

number=0
while IFS='|' read -r _ row _ _ named _; do
    number=$((number + 1))
    [ "$((row))" -eq "$number" ] || bad "row $number is missing"
    mapfile -t names < <(grep -o '`[^`]*`' <<<"$named" | tr -d '`')
    [ "${#names[@]}" -gt 0 ] || bad "scenario $number has no test"
    for name in "${names[@]}"; do
        if [[ $name == scenario_* ]]; then
            grep -qx "$number $name" <<<"$played" || bad "$name does not play scenario $number"
        else
            [ -f "$tests/$name" ] || bad "scenario $number: there is no tests/$name"
        fi
    done
done < <(grep -E '^\| [0-9]+ \|' "$tests/scenarios.md")
[ "$number" -eq 30 ] || bad "$number scenarios, not thirty"
while read -r _ name; do
    grep -q "\`$name\`" "$tests/scenarios.md" || bad "$name is not in it"
done <<<"$played"
[ "$failed" -eq 0 ] && echo "ok: 30 scenarios, $(wc -l <<<"$played") scripted runs"
