#!/usr/bin/env bash
# Every conversation in this folder, and the one in the guide, happens as it is written down, with a
# real server.
# ctest: timeout=600
set -euo pipefail

bin=${SLUICE_BIN_DIR:?}
[[ -x $bin/sluiced && -x $bin/sluice ]] || exit 77
here=${SLUICE_SOURCE_DIR:?}
exec python3 "$here/tests/support/transcript.py" "$here"/tests/transcripts/*.txt "$here/docs/guide.md"
