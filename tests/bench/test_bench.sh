#!/usr/bin/env bash
# ctest: timeout=300
# scripts/bench goes through and says something of every row. Its figures are those of the script's
# smallest run on a busy machine: nothing is asked of them but to be there.
set -euo pipefail

bin=${SLUICE_BIN_DIR:?}
source=${SLUICE_SOURCE_DIR:?}
for program in sluice sluiced sluice-bench; do [[ -x $bin/$program ]] || exit 77; done
command -v pgbench >/dev/null || [[ -n $(find /usr/lib/postgresql -name pgbench 2>/dev/null) ]] || exit 77

out=$(mktemp)
trap 'rm -f "$out"' EXIT
"$source/scripts/bench" --tiny --build "$bin" >"$out" || { cat "$out"; echo "FAILED: the script"; exit 1; }
rows=$(grep -c '| \(ok\|missed\) |$' "$out" || :)
least=12
! command -v sqlcipher >/dev/null || least=19
[[ $rows -ge $least ]] || { cat "$out"; echo "FAILED: $rows rows, not $least"; exit 1; }
if grep '| \(ok\|missed\) |$' "$out" | awk -F'|' '$3 + 0 <= 0 {bad = 1; print} END {exit !bad}'; then
    echo "FAILED: rows without a figure"
    exit 1
fi
