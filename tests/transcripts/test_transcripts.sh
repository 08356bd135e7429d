#!/usr/bin/env bash
# Every conversation in this folder happens as it is written down, with a real server.
# ctest: timeout=600
set -euo pipefail

bin=${SLUICE_BIN_DIR:?}
[[ -x $bin/sluiced && -x $bin/sluice ]] || exit 77
here=${SLUICE_SOURCE_DIR:?}/tests
exec python3 "$here/support/transcript.py" "$here"/transcripts/*.txt
