#!/usr/bin/env bash
# test_campaign.sh - many seeds, on memory copies and on real files. SLUICE_SEEDS=FROM..TO chooses
# others; what broke is printed and to be kept in regressions.txt.
# ctest: label=long timeout=86400
set -euo pipefail
simulator="$SLUICE_BIN_DIR/sluice-sim-fast" # beside a build with sanitizers
[ -x "$simulator" ] || simulator="$SLUICE_BIN_DIR/sluice-sim"
[ -x "$simulator" ] || { echo "sluice-sim is not built" >&2; exit 77; }

out=$(mktemp)
trap 'rm -f "$out"' EXIT
failed=0
"$simulator" --seeds "${SLUICE_SEEDS:-1..20000}" >"$out" || failed=1
grep -v ', ok$' "$out" || true
"$simulator" --files --seeds "${SLUICE_SEEDS:-1..2000}" >"$out" || failed=1
grep -v ', ok$' "$out" || true
exit "$failed"
