#!/usr/bin/env bash
# Every point of failure of every scene, where an ordinary run takes some of them: about two hours.
# ctest: label=long timeout=86400
set -euo pipefail

bin=${SLUICE_BIN_DIR:?}/tests
for loop in disk statements wire memory; do
    SLUICE_NTH=all "$bin/test_nth_$loop"
done
