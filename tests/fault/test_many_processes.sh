#!/usr/bin/env bash
# Several processes at once: in one home (adding, editing, moving, syncing, watching, listing), on
# one data folder, and two joins at once. No change is lost or done twice, nobody hears of locks.
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"

rounds=${SLUICE_FAULT_ROUNDS:-3}
writers=8
claim "a server and two reps" stage_init

# --- one home, many processes ---
for n in 1 2; do # not through a function: it is the program that gets the signals
    SLUICE_HOME="$folder/ada" "$bin/sluice" sync --watch >"$folder/watch$n.log" 2>&1 9>&- &
    children+=($!)
done

worker() { # worker N: adds deals and changes each twice; tells what it was promised
    local i title
    for i in $(seq "$rounds"); do
        title="w$1 deal $i"
        ada add "$title" --org "Org $1" >>"$folder/worker$1" 2>&1 || { echo "add: $?"; continue; }
        echo "$title" >>"$folder/promised"
        ada deal edit "$title" --source "s$i" >>"$folder/worker$1" 2>&1 || echo "edit: $?"
        ada deal move "$title" Contact >>"$folder/worker$1" 2>&1 || echo "move: $?"
    done
}
: >"$folder/promised"
pids=()
for n in $(seq $writers); do
    worker "$n" >"$folder/answers$n" 9>&- &
    pids+=($!)
done
(for _ in $(seq "$rounds"); do ada sync || echo "sync: $?"; done) >"$folder/syncs" 2>&1 9>&- &
pids+=($!)
(for _ in $(seq $((rounds * 3))); do ada ls >/dev/null || echo "ls: $?"; done) \
    >"$folder/lists" 2>&1 9>&- &
pids+=($!)
for pid in "${pids[@]}"; do wait "$pid"; done

total=$((writers * rounds))
claim "every write was taken" test "$(wc -l <"$folder/promised")" = $total
claim "none failed" test -z "$(cat "$folder"/answers*)"
cat "$folder/lists"
claim "no list failed" test -z "$(grep '^ls: ' "$folder/lists")" # "no open deals" may be true, early
claim "no sync failed" test -z "$(grep '^sync: ' "$folder/syncs")"
claim "nobody heard of locks" test -z "$(grep -il 'lock\|busy\|using' "$folder"/*.log "$folder"/worker* "$folder/syncs" |
    grep -v server.log)"
one_gone() { is_gone "${children[0]}" || is_gone "${children[1]}"; }
watches_end() { # the connected one is interrupted, the waiting one goes on in its place
    local each codes=
    kill -INT "${children[@]}"
    until_true 10 one_gone || return 1
    kill -TERM "${children[@]}" 2>/dev/null
    for each in "${children[@]}"; do wait "$each"; codes="$codes $?"; done
    children=()
    echo "     watches ended with$codes" >&9
    [[ $codes =~ ^(\ 0\ 0|\ 0\ 143|\ 143\ 0)$ ]]
}
claim "an interrupted watch is no failure" watches_end
ada sync 2>/dev/null
claim "nothing waits" says 0 '"pending": 0' ada status --json pending
bob sync 2>/dev/null
titles bob >"$folder/of_bob"
sort "$folder/promised" >"$folder/promised.sorted"
claim "the other rep has each deal once" cmp -s "$folder/promised.sorted" "$folder/of_bob"
bob --offline ls --plain --no-headers --columns stage,source >"$folder/fields"
claim "and each was moved and edited" test "$(grep -c $'^contact\ts[0-9]*$' "$folder/fields")" = $total
claim "no inbox item came of it" test -z "$(ada --offline inbox --plain --no-headers --columns number 2>/dev/null)"

# --- two joins into one home ---
ada invite Eve --role rep >"$folder/eve.line" 2>/dev/null
(home eve join "$(invitation "$folder/eve.line")" >"$folder/join1.log" 2>&1; echo $? >"$folder/join1") 9>&- &
one=$!
(home eve join "$(invitation "$folder/eve.line")" >"$folder/join2.log" 2>&1; echo $? >"$folder/join2") 9>&- &
two=$!
wait $one
wait $two
codes="$(cat "$folder/join1" "$folder/join2" | sort | tr '\n' ' ')"
joined_once() { [ "$codes" = "0 1 " ] && cat "$folder"/join?.log | grep -q "another sluice is joining"; }
claim "of two joins at once one succeeds ($codes)" joined_once
claim "the home is whole" says 0 "is whole" home eve doctor
claim "and works" says 0 Added home eve add "of eve" --wait

# --- one data folder ---
claim "a second server is refused" says 1 "in use by a running server" \
    "$bin/sluiced" run --data "$data" --listen 127.0.0.1:0
invite_all() { # beside the server, several at once
    local n pids=()
    for n in 1 2 3 4; do
        "$bin/sluiced" invite --data "$data" "Rep $n" >"$folder/invite$n" 2>>"$folder/invites.log" 9>&- &
        pids+=($!)
    done
    for n in 1 2 3 4; do wait "${pids[n - 1]}" || return 1; done
    for n in 1 2 3 4; do home "rep$n" join "$(invitation "$folder/invite$n")" >/dev/null || return 1; done
}
claim "four invitations at once beside the server, all good" invite_all
claim "the server stops with 0" server_stop
runs() { # two at once on one folder: one runs, one is refused
    : >"$folder/out"
    "$bin/sluiced" run --data "$data" >"$folder/out" 2>"$folder/run1.log" 9>&- &
    local first=$!
    "$bin/sluiced" run --data "$data" >>"$folder/out" 2>"$folder/run2.log" 9>&- &
    local second=$!
    until_true 60 is_ready || return 1
    until_true 20 grep -q "in use by a running" "$folder/run1.log" "$folder/run2.log" || return 1
    if grep -q "in use" "$folder/run1.log"; then server=$second; else server=$first; fi
    wait $((first + second - server))
    [ $? = 1 ] && kill -0 $server
}
claim "of two started at once one runs and one is refused" runs
claim "and it works" says 0 Exchanged ada sync
claim "and stops with 0" server_stop
claim "leaving nothing" until_true 10 nothing_left
stage_end
