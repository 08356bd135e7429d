#!/usr/bin/env bash
# Who watches sees what others commit, as they commit it, over a restart of the server; a signal or a
# closed pipe ends it well.
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"
set -e

# ends PID: its exit status, within half a minute
ends() {
    until_true 30 is_gone "$1" || fail "process $1 does not end"
    wait "$1"
}

stage_server
for who in bob cid; do joins $who $who rep; done

SLUICE_HOME=$folder/bob "$bin/sluice" sync --watch >"$folder/watch.out" 2>"$folder/watch.err" &
watch=$!
children+=($watch)
SLUICE_HOME=$folder/cid "$bin/sluice" board --watch >"$folder/board.out" 2>"$folder/board.err" &
board=$!
children+=($board)
appears "connected" "$folder/watch.err"
appears "connected" "$folder/board.err"

ada add "Łódź roof" --value 12.5k --org Acme --wait
appears "Ada Berg added .* Łódź roof" "$folder/watch.out"
appears "Łódź roof" "$folder/board.out"
ada log call lodz "Asked for the budget" --wait
appears "Ada Berg logged call for .* Łódź roof: Asked for the budget" "$folder/watch.out"

# The server goes and comes; nobody has to do anything.
server_stop
appears "trying again" "$folder/watch.err"
server_start
appears "connected again" "$folder/watch.err"
appears "connected again" "$folder/board.err"
ada mv lodz contact --due today --next-step Call --wait
appears "Ada Berg moved .* Łódź roof to Contact" "$folder/watch.out"

# What this identity does beside its own watch goes through it.
bob add "From the side" --wait
ada sync
[[ $(ada ls side --plain --no-headers --columns title) == "From the side" ]] ||
    fail "a command beside a watch is not sent"

kill -INT "$watch"
ends "$watch" || fail "an interrupted watch ends with $?"
kill -TERM "$board"
ends "$board" || fail "a terminated board ends with $?"

# Nobody reads any more: that ends it, too, with the next change.
(
    code=0
    bob sync --watch 2>"$folder/pipe.err" || code=$?
    echo "$code" >"$folder/pipe.code"
) | head -n 1 >"$folder/pipe.out" &
pipe=$!
appears "connected" "$folder/pipe.err"
ada deal edit lodz --source web --wait
ada deal edit lodz --source mail --wait
ada deal edit lodz --source fair --wait
until_true 30 test -s "$folder/pipe.code"
[[ $(cat "$folder/pipe.code") == 0 ]] || fail "a watch nobody reads ends with $(cat "$folder/pipe.code")"
wait "$pipe"
