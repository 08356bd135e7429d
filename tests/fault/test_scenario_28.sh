#!/usr/bin/env bash
# ctest: label=long timeout=3600
# Scenario 28 in its full size: 5,000 deals edited at once, again and again, while 200 clients watch and
# 20 of them do not read. What is claimed stands in tests/contract/test_slow_readers.c.
set -u
program=${SLUICE_BIN_DIR:?}/tests/test_slow_readers
[ -x "$program" ] || { echo "no $program"; exit 77; }
SLUICE_TEST_DEALS=5000 SLUICE_TEST_WATCHERS=200 SLUICE_TEST_SLOW=20 SLUICE_TEST_ROUNDS=6 \
    exec "$program"
