#!/usr/bin/env bash
# ctest: timeout=300
# An import is uploaded in one go, however long it takes, says how far it is when nobody looks at a
# terminal, and is there at once on another device; what is added meanwhile is not forgotten.
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"
set -e

rows=3000
stage_server

{
    echo "id,title,org,stage,value"
    for i in $(seq $rows); do echo "X-$i,Deal $i,Company $((i % 40)),Contact,$((i * 10))"; done
} >"$folder/deals.csv"
ada import "$folder/deals.csv" --offline >/dev/null 2>&1
ada --offline add "Added meanwhile" --org "Company 7"

began=$(date +%s%N)
ada sync 2>"$folder/sync"
took=$((($(date +%s%N) - began) / 1000000))
grep -q "Exchanged everything: $((rows + 41)) sent" "$folder/sync" || fail "not everything was sent: $(cat "$folder/sync")"
if ((took > 2500)); then
    grep -q "^Sending: [0-9]* of $((rows + 41)) done\$" "$folder/sync" ||
        fail "it took $took ms and said nothing: $(cat "$folder/sync")"
fi

joins bob "Bob Ross" rep
[[ $(bob ls --plain --no-headers --columns id | wc -l) -eq $((rows + 1)) ]] ||
    fail "the other device has $(bob ls --plain --no-headers --columns id | wc -l) deals"
[[ $(bob ls 'title:"Added meanwhile"' --plain --no-headers --columns org) == "Company 7" ]] ||
    fail "what was added meanwhile is missing"
[[ $(bob deal show X-2999 --plain --no-headers --columns value) == 29990.00 ]] ||
    fail "a deal is not as it was imported: $(bob deal show X-2999)"
