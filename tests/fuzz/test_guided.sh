#!/usr/bin/env bash
# A short guided search with libFuzzer over every target (the replays beside it are unguided).
# SLUICE_FUZZ_SECONDS in all, 60 unless told; needs clang.
set -euo pipefail

# The same search in every run, longer on a faster machine; campaigns (scripts/fuzz) begin elsewhere.
export SLUICE_FUZZ_SEED=${SLUICE_FUZZ_SEED:-1}

command -v clang >/dev/null || exit 77
export SLUICE_FUZZ_BUILD=$SLUICE_BIN_DIR/guided
exec "$SLUICE_SOURCE_DIR/scripts/fuzz" --seconds "${SLUICE_FUZZ_SECONDS:-60}"
