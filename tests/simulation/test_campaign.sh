#!/usr/bin/env bash
# test_campaign.sh - many seeds, on memory copies and on real files. SLUICE_SEEDS=FROM..TO chooses
# others; what broke is printed and to be kept in regressions.txt.
# ctest: label=long timeout=86400
set -euo pipefail
. "${SLUICE_SOURCE_DIR:?}/tests/simulation/seeds.sh"

failed=0
seeds_run --seeds "${SLUICE_SEEDS:-1..20000}" || failed=1
seeds_run --files --seeds "${SLUICE_SEEDS:-1..2000}" || failed=1
exit "$failed"
