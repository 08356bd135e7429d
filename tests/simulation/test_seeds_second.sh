#!/usr/bin/env bash
# test_seeds_second.sh - seeds 1001..2000 on copies in memory: all hold, every mark is met, and a share of
# them runs the same way twice.
# ctest: timeout=900
set -euo pipefail
. "${SLUICE_SOURCE_DIR:?}/tests/simulation/seeds.sh"

seeds_run --seeds 1001..2000
