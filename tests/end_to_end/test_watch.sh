#!/usr/bin/env bash
# Who watches sees what others commit, as they commit it, over a restart of the server; a signal or a
# closed pipe ends it well.
set -euo pipefail

. "${SLUICE_SOURCE_DIR:?}/tests/support/scratch.sh"

bin=${SLUICE_BIN_DIR:?}
[[ -x $bin/sluiced && -x $bin/sluice ]] || exit 77
work=$(mktemp -d)
chmod 755 "$work" # run by root, the server goes on as a user of its own
server= watch= board=
finish() {
    for pid in $watch $board $server; do kill "$pid" 2>/dev/null && wait "$pid" || true; done
    scratch_remove "$work"
}
trap finish EXIT

fail() { echo "FAILED: $*" >&2; head -n 50 "$work"/*.out "$work"/*.err >&2; exit 1; }
ada() { SLUICE_HOME=$work/ada "$bin/sluice" "$@"; }
port=$((20000 + RANDOM % 20000))
start() {
    "$bin/sluiced" run --data "$work/srv" >>"$work/run" 2>&1 &
    server=$!
    for _ in $(seq 300); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
        sleep 0.1
    done
    fail "the server does not start"
}
# appears FILE TEXT: within half a minute
appears() {
    for _ in $(seq 300); do
        grep -q -- "$2" "$1" && return
        sleep 0.1
    done
    fail "\"$2\" does not appear in $1"
}
# ends PID: its exit status, within half a minute
ends() {
    for _ in $(seq 300); do
        kill -0 "$1" 2>/dev/null || break
        sleep 0.1
    done
    kill -0 "$1" 2>/dev/null && fail "process $1 does not end"
    wait "$1"
}

"$bin/sluiced" init --data "$work/srv" --team North --owner "Ada Berg" \
    --listen "127.0.0.1:$port" >"$work/init" 2>&1 || { cat "$work/init"; exit 1; }
start
ada join "$(grep -o 'sluice1-[^ ]*' "$work/init" | head -n 1)"
for who in bob cid; do
    line=$(ada invite "$who" | tail -n 1)
    SLUICE_HOME=$work/$who "$bin/sluice" join "$line"
done

SLUICE_HOME=$work/bob "$bin/sluice" sync --watch >"$work/watch.out" 2>"$work/watch.err" &
watch=$!
SLUICE_HOME=$work/cid "$bin/sluice" board --watch >"$work/board.out" 2>"$work/board.err" &
board=$!
appears "$work/watch.err" "connected"
appears "$work/board.err" "connected"

ada add "Łódź roof" --value 12.5k --org Acme --wait
appears "$work/watch.out" "Ada Berg added .* Łódź roof"
appears "$work/board.out" "Łódź roof"
ada log call lodz "Asked for the budget" --wait
appears "$work/watch.out" "Ada Berg logged call for .* Łódź roof: Asked for the budget"

# The server goes and comes; nobody has to do anything.
kill "$server" && wait "$server" || true
appears "$work/watch.err" "trying again"
start
appears "$work/watch.err" "connected again"
appears "$work/board.err" "connected again"
ada mv lodz contact --due today --next-step Call --wait
appears "$work/watch.out" "Ada Berg moved .* Łódź roof to Contact"

# What this identity does beside its own watch goes through it.
SLUICE_HOME=$work/bob "$bin/sluice" add "From the side" --wait
ada sync
[[ $(ada ls side --plain --no-headers --columns title) == "From the side" ]] ||
    fail "a command beside a watch is not sent"

kill -INT "$watch"
ends "$watch" || fail "an interrupted watch ends with $?"
watch=
kill -TERM "$board"
ends "$board" || fail "a terminated board ends with $?"
board=

# Nobody reads any more: that ends it, too, with the next change.
(
    code=0
    SLUICE_HOME=$work/bob "$bin/sluice" sync --watch 2>"$work/pipe.err" || code=$?
    echo "$code" >"$work/pipe.code"
) | head -n 1 >"$work/pipe.out" &
pipe=$!
appears "$work/pipe.err" "connected"
ada deal edit lodz --source web --wait
ada deal edit lodz --source mail --wait
ada deal edit lodz --source fair --wait
for _ in $(seq 300); do [[ -s $work/pipe.code ]] && break; sleep 0.1; done
[[ $(cat "$work/pipe.code") == 0 ]] || fail "a watch nobody reads ends with $(cat "$work/pipe.code")"
wait "$pipe"
