#!/usr/bin/env bash
# The figures of winrate, reps and funnel, one by one, against a second computation that was written
# from the definitions alone, over 240 synthetic teams; fed in three orders.
set -euo pipefail

program=${SLUICE_BIN_DIR:?}/sluice-figures
[[ -x $program ]] || { echo "sluice-figures is not built"; exit 77; }
command -v python3 >/dev/null || { echo "python3 is not installed"; exit 77; }
python3 -B "$(dirname "$0")/metrics_reference.py" "$program" 1-240
