#!/usr/bin/env bash
# ctest: timeout=400
# Of two servers of one database one is stopped (SIGSTOP) exactly between what it read and its commit:
# decided, on its way, not arrived; and within its commit, with the team's row in its hands. Neither
# keeps the other server's people from working for longer than it takes to notice; awake again it finds
# that the world has moved, decides anew, and everything is there once.
. "${SLUICE_SOURCE_DIR:?}/tests/fault/travel.sh"

second=
finish_first() { [ -n "$second" ] && kill -TERM "$second" 2>/dev/null && wait "$second" 2>/dev/null; }
trap 'finish; private_postgres_stop' EXIT
travel_begin
gate=$folder/gate
python3 "$SLUICE_SOURCE_DIR/tests/fault/gate.py" "$run/.s.PGSQL.5432" "$gate" \
    >"$gate.port" 2>"$gate.log" 9>&- &
children+=($!)
until_true 10 test -s "$gate.port"
through() { echo "postgresql://$1@127.0.0.1:$(cat "$gate.port")/pipeline?sslmode=disable"; }
second_start() {
    other=$(port_free)
    cp -a "$data" "$folder/data2" || return 1
    SLUICED_DATABASE=$(url sluice_owner) SLUICED_DATABASE_APP=$(url sluice_app) \
        "$bin/sluiced" run --data "$folder/data2" --listen "127.0.0.1:$other" >"$folder/out2" 2>"$folder/second.log" 9>&- &
    second=$!
    until_true 60 grep -q "^sluiced: ready on " "$folder/out2" &&
        bob server "127.0.0.1:$other" >/dev/null
}
claim "a server behind a gate, and two reps" stage_init \
    --database "$(through sluice_owner)" --database-app "$(through sluice_app)"
claim "a second server, straight at the database" second_start
claim "one deal for both" says 0 Added ada add "Roof" --value 100 --wait
claim "the other rep has it" sync_quietly bob
worker=$(pgrep -P "$server" -f "$bin/sluiced run")
log_from

held() { [ -e "$gate.held" ]; }
ada_works() { # in the background; what it says is in ada.said
    SLUICE_HOME="$folder/ada" "$bin/sluice" "$@" --wait=90 >"$folder/ada.said" 2>&1 9>&- &
    adding=$!
}
held_by() { # held_by before|within WORDS...: the first server stands still with that work in its hands
    local way=$1
    shift
    rm -f "$gate".{held,go,before,within}
    : >"$gate.$way"
    ada_works "$@"
    until_true 30 held && kill -STOP "$worker"
}
bob_within() { # bob_within SECONDS WORDS...: through the other server, in that time
    local limit=$1 began=$SECONDS
    shift
    timeout 60 env SLUICE_HOME="$folder/bob" "$bin/sluice" "$@" --wait=50 >"$folder/said" 2>&1 || return 1
    took=$((SECONDS - began))
    [ $took -le "$limit" ] || { echo "     it took $took s" >&9; return 1; }
}
goes_on() { : >"$gate.go" && kill -CONT "$worker"; }
ada_done() { wait $adding; local code=$?; [ $code = "$1" ] || { echo "     $code: $(cat "$folder/ada.said")" >&9; false; }; }
team_seq() { sql "SELECT head_seq FROM team"; }

# --- between load and commit: nothing of it has reached the database
before=$(team_seq)
claim "the first server stops between what it read and its commit" held_by before add "Held back"
claim "nothing of it is in the database" test "$(team_seq)" = "$before"
claim "nobody has the team's row" test "$(sql "SELECT count(*) FROM pg_locks WHERE mode = 'RowExclusiveLock'
    AND relation = 'team'::regclass")" = 0
claim "others go on at once" bob_within 10 add "Meanwhile"
claim "also with the same deal" bob_within 10 deal edit roof --source fair
claim "what it had read is of yesterday" test "$(team_seq)" -gt "$before"
claim "the first one wakes, and its commit comes" goes_on
claim "it is done, on what is there now" ada_done 0
claim "everybody has everything" eval 'sync_quietly ada && sync_quietly bob && sync_quietly ada &&
    shows ada Roof "Held back" Meanwhile && shows bob Roof "Held back" Meanwhile'

# --- the same edit of one thing: the stale one overwrites nothing
claim "it stops again, with an edit in its hands" held_by before deal edit roof --value 111
claim "somebody else sets the same" bob_within 10 deal edit roof --value 222
claim "it wakes" goes_on
claim "and its rep hears of the conflict" ada_done 5
claim "the other one's value stands" test "$(value_of Roof)" = 22200
claim "and is settled" says 0 "" ada inbox resolve 1 --theirs --wait

# --- within the commit: the team's row is in its hands
claim "it stops within its commit" held_by within add "Half done"
claim "it has the team's row" until_true 10 eval '[ "$(sql "SELECT count(*) FROM pg_locks WHERE granted AND
    mode = '"'RowExclusiveLock'"' AND relation = '"'team'"'::regclass")" -gt 0 ]'
claim "others wait for it, and then take it away" bob_within 40 add "Patient"
claim "it wakes" goes_on
claim "its own work is done after all" ada_done 0
claim "everybody has everything then" eval 'sync_quietly ada && sync_quietly bob && sync_quietly ada &&
    shows ada Roof "Held back" Meanwhile "Half done" Patient && same ada bob'
claim "a fresh client joins" judges judge ada
claim "and sees the same" eval 'sync_quietly judge && same judge ada'
claim "everything is stored once" stored_once
claim "the first server stops in order" server_stop
stage_end
