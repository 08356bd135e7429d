#!/usr/bin/env bash
# test_seeds_files.sh - seeds 1..200 on real encrypted files: all hold, every mark is met, and a share of
# them runs the same way twice.
# ctest: timeout=900
set -euo pipefail
. "${SLUICE_SOURCE_DIR:?}/tests/simulation/seeds.sh"

seeds_run --files --seeds 1..200
