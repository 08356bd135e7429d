#!/usr/bin/env bash
# ctest: label=long timeout=14400
# test_chaos.sh for longer, from several seeds: SLUICE_CHAOS_SEEDS (five from now on), _SECONDS (300).
set -u
first=$(date +%y%m%d%H)
failed=0
for seed in ${SLUICE_CHAOS_SEEDS:-$(seq "$first" $((first + 4)))}; do
    SLUICE_CHAOS_SEED=$seed SLUICE_CHAOS_SECONDS=${SLUICE_CHAOS_SECONDS:-300} \
        bash "${SLUICE_SOURCE_DIR:?}/tests/fault/test_chaos.sh" || { failed=1; echo "seed $seed failed"; }
done
exit $failed
