#!/usr/bin/env bash
# ctest: timeout=300
# An import is uploaded in one go, however long it takes, says how far it is when nobody looks at a
# terminal, and is there at once on another device; what is added meanwhile is not forgotten.
set -euo pipefail

bin=${SLUICE_BIN_DIR:?}
[[ -x $bin/sluiced && -x $bin/sluice ]] || exit 77
work=$(mktemp -d)
chmod 755 "$work" # run by root, the server goes on as a user of its own
server=
finish() {
    [[ -z $server ]] || { kill "$server" 2>/dev/null && wait "$server" || true; }
    rm -rf "$work"
}
trap finish EXIT

fail() { echo "FAILED: $*" >&2; exit 1; }
ada() { SLUICE_HOME=$work/ada "$bin/sluice" "$@"; }
bob() { SLUICE_HOME=$work/bob "$bin/sluice" "$@"; }
port=$((20000 + RANDOM % 20000))
rows=3000

"$bin/sluiced" init --data "$work/srv" --team North --owner "Ada Berg" \
    --listen "127.0.0.1:$port" >"$work/init" 2>&1 || { cat "$work/init"; exit 1; }
"$bin/sluiced" run --data "$work/srv" >"$work/run" 2>&1 &
server=$!
for _ in $(seq 300); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
    sleep 0.1
done
ada join "$(grep -o 'sluice1-[^ ]*' "$work/init" | head -n 1)"

{
    echo "id,title,org,stage,value"
    for i in $(seq $rows); do echo "X-$i,Deal $i,Company $((i % 40)),Contact,$((i * 10))"; done
} >"$work/deals.csv"
ada import "$work/deals.csv" --offline >/dev/null 2>&1
ada --offline add "Added meanwhile" --org "Company 7"

began=$(date +%s%N)
ada sync 2>"$work/said"
took=$((($(date +%s%N) - began) / 1000000))
grep -q "Exchanged everything: $((rows + 41)) sent" "$work/said" || fail "not everything was sent: $(cat "$work/said")"
if ((took > 2500)); then
    grep -q "^Sending: [0-9]* of $((rows + 41)) done\$" "$work/said" ||
        fail "it took $took ms and said nothing: $(cat "$work/said")"
fi

bob join "$(ada invite "Bob Ross" --role rep | tail -n 1)"
[[ $(bob ls --plain --no-headers --columns id | wc -l) -eq $((rows + 1)) ]] ||
    fail "the other device has $(bob ls --plain --no-headers --columns id | wc -l) deals"
[[ $(bob ls 'title:"Added meanwhile"' --plain --no-headers --columns org) == "Company 7" ]] ||
    fail "what was added meanwhile is missing"
[[ $(bob deal show X-2999 --plain --no-headers --columns value) == 29990.00 ]] ||
    fail "a deal is not as it was imported: $(bob deal show X-2999)"
