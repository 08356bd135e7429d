#!/usr/bin/env bash
# The pure rooms (common, */core) are executed by their tests: 95 of 100 lines, 90 of 100 branches.
# Built for counting in a temporary directory; run are the tests that need no real server, and a few
# seeds of the simulation. Nothing here measures time: a counting build is slow.
# ctest: label=builds timeout=600
set -euo pipefail

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
if [ -z "${CCACHE_DIR:-}" ] && { [ -z "${HOME:-}" ] || [ ! -w "$HOME" ]; }; then
    export CCACHE_DIR=$SLUICE_BIN_DIR/ccache
fi
command -v gcov >/dev/null || { echo "gcov is not installed" >&2; exit 77; }

cmake -S "$SLUICE_SOURCE_DIR" -B "$place" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DSLUICE_COVERAGE=ON \
    -DSLUICE_WERROR=OFF >/dev/null
kinds='unit|property|contract|reference|nth'
left_out='test_live|test_private_cluster|test_nth_statements' # slow, and nothing pure in them
mapfile -t programs < <(ctest --test-dir "$place" -N -L "$kinds" -E "$left_out" 2>/dev/null |
    sed -n 's/^ *Test *#[0-9]*: \(test_[a-z_]*\)$/\1/p')
[ "${#programs[@]}" -gt 40 ] || { echo "found only ${#programs[@]} tests" >&2; exit 1; }
ninja --quiet -j 2 -C "$place" "${programs[@]}" sluice sluiced sluice-sim sluice-figures
echo "ok: built"
# Whether they pass is said by those tests themselves.
ctest --test-dir "$place" -j 2 -L "$kinds" -E "$left_out" >"$place/ctest.log" 2>&1 || true
"$place/sluice-sim" --seeds 1..40 | tail -1
"$place/sluice-sim" --scenarios | tail -1
python3 "$SLUICE_SOURCE_DIR/tests/lint/coverage.py" "$place" "$SLUICE_SOURCE_DIR" 95 90 \
    >"$place/coverage" ||
    { cat "$place/coverage"; echo "below 95 % of lines or 90 % of branches"; exit 1; }
tail -1 "$place/coverage"
