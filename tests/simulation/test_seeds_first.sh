#!/usr/bin/env bash
# test_seeds_first.sh - seeds 1..1000 on copies in memory: all hold, every mark is met, and a share of
# them runs the same way twice.
# ctest: timeout=900
set -euo pipefail
. "${SLUICE_SOURCE_DIR:?}/tests/simulation/seeds.sh"

seeds_run --seeds 1..1000
